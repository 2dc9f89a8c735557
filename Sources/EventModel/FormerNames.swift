/// The last known names of workers and workstations that a site's definition no longer has (SPEC 3).
///
/// Kept in the registry alone, so that figures of the past can name those who made them. A name goes when its worker or
/// workstation is defined again, by which a definition without a name forgets it, and when the site's names are erased.
/// Those that were dropped last come last; beyond the limit the first ones are forgotten.
public struct FormerNames: Sendable, Equatable {
    /// An id and its last known name.
    public struct Entry<Kind>: Sendable, Equatable {
        public var id: Identifier<Kind>
        public var name: String

        public init(id: Identifier<Kind>, name: String) {
            self.id = id
            self.name = name
        }
    }

    public typealias Worker = Entry<IdentifierKind.Worker>
    public typealias Workstation = Entry<IdentifierKind.Workstation>

    public private(set) var workers: [Worker]
    public private(set) var workstations: [Workstation]

    public init(workers: [Worker] = [], workstations: [Workstation] = []) {
        self.workers = workers
        self.workstations = workstations
    }

    /// Bytes of ids and names, each for workers and workstations: some 20 thousand of them. The registry's record holds
    /// them beside a definition of up to 16 MiB.
    static let bytesMaximum = 1 << 20

    /// What is kept once `definition` replaces `old`.
    public init(replacing old: PlacedDefinition, by definition: SiteDefinition) {
        let own = Self(
            workers: old.definition.workers.compactMap { worker in
                worker.name.map { Worker(id: worker.workerID, name: $0) }
            },
            workstations: old.definition.workstations.compactMap { station in
                station.name.map { Workstation(id: station.workstationID, name: $0) }
            })
        self = old.former.followed(by: own).without(definition)
    }

    /// These names and, after them, `later` ones, which win.
    public func followed(by later: FormerNames) -> FormerNames {
        FormerNames(
            workers: Self.join(workers, later.workers), workstations: Self.join(workstations, later.workstations))
    }

    /// Without those that `definition` has, whether it names them or not.
    public func without(_ definition: SiteDefinition) -> FormerNames {
        FormerNames(
            workers: Self.drop(workers, definition.workers, \.workerID),
            workstations: Self.drop(workstations, definition.workstations, \.workstationID))
    }

    /// Without the names of people.
    public var withoutPersonalData: FormerNames { FormerNames(workstations: workstations) }

    public var isEmpty: Bool { workers.isEmpty && workstations.isEmpty }

    private static func join<Kind>(_ first: [Entry<Kind>], _ later: [Entry<Kind>]) -> [Entry<Kind>] {
        guard !first.isEmpty else { return newest(later) }
        guard !later.isEmpty else { return newest(first) }
        let ids = Set(later.map(\.id))
        return newest(first.filter { !ids.contains($0.id) } + later)
    }

    private static func drop<Kind, Member>(
        _ entries: [Entry<Kind>], _ members: [Member], _ id: (Member) -> Identifier<Kind>
    ) -> [Entry<Kind>] {
        guard !entries.isEmpty else { return [] }
        let ids = Set(members.map(id))
        return newest(entries.filter { !ids.contains($0.id) })
    }

    /// The last ones, as far as there is room.
    private static func newest<Kind>(_ entries: [Entry<Kind>]) -> [Entry<Kind>] {
        var bytes = 0
        let kept = entries.reversed().prefix { entry in
            bytes += entry.id.bytes.count + entry.name.utf8.count
            return bytes <= bytesMaximum
        }
        return kept.count == entries.count ? entries : Array(entries.suffix(kept.count))
    }
}

extension PlacedDefinition {
    /// The newest known name of every worker, also of dropped ones; none for those that have none (SPEC 3, 5.8).
    public var workerNames: [WorkerID: String] {
        Self.names(former.workers, definition.workers) { ($0.workerID, $0.name) }
    }

    /// The newest known name of every workstation, also of dropped ones; none for those that have none (SPEC 3, 5.8).
    public var workstationNames: [WorkstationID: String] {
        Self.names(former.workstations, definition.workstations) { ($0.workstationID, $0.name) }
    }

    private static func names<Kind, Member>(
        _ former: [FormerNames.Entry<Kind>], _ members: [Member], _ named: (Member) -> (Identifier<Kind>, String?)
    ) -> [Identifier<Kind>: String] {
        var names: [Identifier<Kind>: String] = [:]
        names.reserveCapacity(former.count + members.count)
        for entry in former { names[entry.id] = entry.name }
        for member in members {
            let (id, name) = named(member)
            if let name { names[id] = name }
        }
        return names
    }
}
