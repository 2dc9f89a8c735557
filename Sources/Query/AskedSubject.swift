internal import EventModel
internal import HTTPServer

/// Whose trend or heat map is asked for: the parameter `of` (SPEC 5.7, 5.10).
enum AskedSubject: Equatable, Sendable {
    case factory
    case worker(WorkerID)
    case workstation(WorkstationID)
    /// The rows of a heat map.
    case rows(HeatMapRows)

    /// - Throws: ``Problem``, 400.
    init(_ name: String, _ value: String, _ kind: QueryKind) throws {
        if kind == .heatMap {
            self = .rows(try QueryParameters.choice(name, value))
            return
        }
        let parts = value.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        switch (parts.first, parts.count) {
        case ("factory", 1): self = .factory
        case ("worker", 2): self = .worker(try QueryParameters.identifier(name, String(parts[1])))
        case ("workstation", 2): self = .workstation(try QueryParameters.identifier(name, String(parts[1])))
        default: throw Problem.query(name, "must be factory, worker:ID or workstation:ID")
        }
    }
}

/// What the rows of a heat map stand for.
enum HeatMapRows: String, CaseIterable, Sendable {
    case workers, workstations, cameras
}
