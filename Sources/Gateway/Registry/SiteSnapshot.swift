internal import EventModel
internal import Locks

/// What a gateway knows of one site at one moment; it never changes, a new definition makes a new snapshot.
///
/// Workers and workstations can be looked up by bytes from any number of threads at once.
final class SiteSnapshot: Sendable {
    let definition: SiteDefinition
    /// 1, 2, … per site (SPEC 3).
    let version: UInt64
    let createdAt: Timestamp
    /// Where the definition stands in the log.
    let position: RecordPosition
    private let members: Members

    init(definition: SiteDefinition, version: UInt64, createdAt: Timestamp, position: RecordPosition) {
        self.definition = definition
        self.version = version
        self.createdAt = createdAt
        self.position = position
        members = Members(definition)
    }

    /// The same definition, now that its place in the log is known.
    private init(_ other: SiteSnapshot, position: RecordPosition) {
        definition = other.definition
        version = other.version
        createdAt = other.createdAt
        self.position = position
        members = other.members
    }

    func placed(at position: RecordPosition) -> SiteSnapshot { SiteSnapshot(self, position: position) }

    func hasWorker(_ id: UnsafeRawBufferPointer, hash: UInt64) -> Bool {
        members.workers.number(of: id, hash: hash) != nil
    }

    func hasWorkstation(_ id: UnsafeRawBufferPointer, hash: UInt64) -> Bool {
        members.workstations.number(of: id, hash: hash) != nil
    }

    /// The ids, shared by the snapshots of one definition.
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

/// The definitions under which this gateway admits events; read by every request.
///
/// Written by the log threads and, where other gateways write definitions too, by the thread that reads theirs: of a site
/// that which comes last in the log holds, whoever is the first to say it.
final class SiteDirectory: Sendable {
    private let sites: Guarded<[SiteID: SiteSnapshot]>

    init(_ snapshots: [SiteSnapshot] = []) {
        sites = Guarded(Dictionary(uniqueKeysWithValues: snapshots.map { ($0.definition.siteID, $0) }))
    }

    subscript(site: SiteID) -> SiteSnapshot? { sites.withLock { $0[site] } }

    var all: [SiteSnapshot] { sites.withLock { Array($0.values) } }

    /// Lets a definition hold unless one that comes later in the log does.
    /// - Parameter again: Whether it also replaces what is known of the same place in the log.
    func publish(_ snapshot: SiteSnapshot, again: Bool) {
        sites.withLock { sites in
            if let known = sites[snapshot.definition.siteID], known !== snapshot,
                known.position.offset > snapshot.position.offset
                    || known.position.offset == snapshot.position.offset && !again
            {
                return
            }
            sites[snapshot.definition.siteID] = snapshot
        }
    }
}
