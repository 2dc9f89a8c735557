package import EventModel
internal import Locks

/// The definition by which a site's events are admitted, with its workers and workstations indexed by bytes. Any number
/// of threads may look up at once. It never changes: a new definition makes a new roster.
package final class SiteRoster: Sendable {
    package let placed: PlacedDefinition
    private let members: Members

    package init(_ placed: PlacedDefinition) {
        self.placed = placed
        members = Members(placed.definition)
    }

    /// The same definition, now that its log position is known.
    private init(_ other: SiteRoster, position: RecordPosition) {
        var placed = other.placed
        placed.position = position
        self.placed = placed
        members = other.members
    }

    func placed(at position: RecordPosition) -> SiteRoster { SiteRoster(self, position: position) }

    package var definition: SiteDefinition { placed.definition }
    var siteID: SiteID { placed.definition.siteID }
    var offset: LogOffset { placed.position.offset }

    func hasWorker(_ id: UnsafeRawBufferPointer, hash: UInt64) -> Bool {
        members.workers.number(of: id, hash: hash) != nil
    }

    func hasWorkstation(_ id: UnsafeRawBufferPointer, hash: UInt64) -> Bool {
        members.workstations.number(of: id, hash: hash) != nil
    }

    /// The ids, shared by the rosters of one definition.
    private final class Members: Sendable {
        let workers: IDTable
        let workstations: IDTable

        init(_ definition: SiteDefinition) {
            workers = Self.table(definition.workers.map(\.workerID.bytes))
            workstations = Self.table(definition.workstations.map(\.workstationID.bytes))
        }

        private static func table(_ ids: [[UInt8]]) -> IDTable {
            var table = IDTable(capacity: ids.count)
            for id in ids { id.withUnsafeBytes { _ = table.insert($0, hash: IDHash.of($0)) } }
            return table
        }
    }
}

/// The rosters by which a gateway judges; read by every request.
///
/// Updated when a sequencer's definition is durable and, where other gateways write definitions too, when theirs are
/// read. For each site the last one in the log is in force, regardless of the order in which they are learned.
package final class SiteDirectory: Sendable {
    private let sites = Guarded<[SiteID: SiteRoster]>([:])

    package init() {}

    package subscript(site: SiteID) -> SiteRoster? { sites.withLock { $0[site] } }

    /// All that are in force, in no order.
    package var all: [SiteRoster] { sites.withLock { Array($0.values) } }

    /// Puts a definition in force unless a later one in the log already is.
    /// - Parameter again: Whether it also replaces a known definition at the same log position.
    package func publish(_ roster: SiteRoster, again: Bool) {
        sites.withLock { sites in
            if let known = sites[roster.siteID], known !== roster,
                known.offset > roster.offset || known.offset == roster.offset && !again
            {
                return
            }
            sites[roster.siteID] = roster
        }
    }
}
