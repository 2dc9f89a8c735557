internal import HTTPServer

/// The kinds of questions.
enum QueryKind: CaseIterable, Sendable {
    case workers, workstations, factory, modelHealth, explain, ledger, events

    var path: String {
        switch self {
        case .workers: "/api/metrics/workers"
        case .workstations: "/api/metrics/workstations"
        case .factory: "/api/metrics/factory"
        case .modelHealth: "/api/metrics/model-health"
        case .explain: "/api/explain"
        case .ledger: "/api/ledger"
        case .events: "/api/events"
        }
    }

    /// Who may ask.
    var role: QueryRole { .viewer }

    /// Query parameters that the route takes, in the order in which messages list them.
    var parameters: [HTTPQueryParameter] {
        let window: [HTTPQueryParameter] = ["from", "to", "period", "known_at"]
        let own: [HTTPQueryParameter] =
            switch self {
            case .workers: [.repeatable("worker_id")] + window + ["within", "sort", "limit"]
            case .workstations: [.repeatable("workstation_id")] + window + ["within", "sort", "limit"]
            case .factory: window + ["within"]
            case .modelHealth: window + ["group_by"]
            case .explain: ["worker_id"] + window + ["within", "merge"]
            case .ledger: []
            case .events:
                ["worker_id", "workstation_id", "event_type"] + window
                    + ["created_from", "created_to", "limit", "cursor"]
            }
        return own + ["site_id", "min_position"]
    }

    /// Fields that lists can be sorted by.
    var sortFields: [String] {
        switch self {
        case .workers: WorkerItem.fields.map(\.name)
        case .workstations: WorkstationItem.fields.map(\.name)
        default: []
        }
    }

    /// The largest `limit`: a listing goes on at its cursor, other lists are whole.
    var limitMaximum: Int { self == .events ? 1000 : 1_000_000 }
}
