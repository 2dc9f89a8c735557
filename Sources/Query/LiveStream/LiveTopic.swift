/// What a live stream can tell of (SPEC 7.5), in the order in which a stream tells it.
enum LiveTopic: String, CaseIterable, Hashable, Sendable {
    case factory, workers, workstations, events, alerts, shifts

    /// The question that a snapshot answers.
    var kind: QueryKind {
        switch self {
        case .factory: .factory
        case .workers: .workers
        case .workstations: .workstations
        case .events: .events
        case .alerts: .alerts
        case .shifts: .shifts
        }
    }
}
