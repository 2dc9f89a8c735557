package import EventModel

/// What a definition changes against the one before it (SPEC 3).
package struct DefinitionDifference: Equatable {
    /// How many entries of a list come, go, and stay with other members.
    package struct Counts: Equatable {
        package var added = 0
        package var changed = 0
        package var dropped = 0
    }

    package var workers = Counts()
    package var workstations = Counts()
    /// In the order of the definition that had them.
    package var droppedWorkers: [SiteDefinition.Worker] = []
    package var droppedWorkstations: [SiteDefinition.Workstation] = []
    /// Members of `site` that have another value, by their JSON names. Empty for the first definition.
    package var siteChanges: [String] = []

    /// - Parameter old: nil for the first definition of a site.
    package init(from old: SiteDefinition?, to new: SiteDefinition) {
        (workers, droppedWorkers) = Self.compare(old?.workers ?? [], new.workers, \.workerID)
        (workstations, droppedWorkstations) = Self.compare(
            old?.workstations ?? [], new.workstations, \.workstationID)
        guard let old else { return }
        siteChanges = [
            ("name", old.name != new.name), ("time_zone", old.timeZone != new.timeZone),
            ("observation_ttl_seconds", old.observationTTLSeconds != new.observationTTLSeconds),
            ("confidence_threshold", old.confidenceThreshold != new.confidenceThreshold),
            ("max_future_seconds", old.maxFutureSeconds != new.maxFutureSeconds),
            ("shifts", old.shifts != new.shifts), ("handover_minutes", old.handoverMinutes != new.handoverMinutes),
            ("target_units_per_hour", old.targetMicrounitsPerHour != new.targetMicrounitsPerHour),
            ("board_names", old.showsNamesOnBoards != new.showsNamesOnBoards),
        ].filter(\.1).map(\.0)
    }

    private static func compare<Entry: Equatable, Kind>(
        _ old: [Entry], _ new: [Entry], _ id: (Entry) -> Identifier<Kind>
    ) -> (Counts, dropped: [Entry]) {
        let before = Dictionary(old.map { (id($0), $0) }, uniquingKeysWith: { first, _ in first })
        var counts = Counts()
        for entry in new {
            switch before[id(entry)] {
            case nil: counts.added += 1
            case entry: break
            default: counts.changed += 1
            }
        }
        let ids = Set(new.map(id))
        let dropped = old.filter { !ids.contains(id($0)) }
        counts.dropped = dropped.count
        return (counts, dropped)
    }
}
