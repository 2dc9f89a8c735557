internal import Figures
internal import HTTPServer

/// The kinds of questions.
enum QueryKind: CaseIterable, Sendable {
    case workers, workstations, factory, shifts, handover, trend, heatMap, modelHealth, healthTrend, drift, alerts
    case healthReport, explain, history, compare, ledger, events, quarantine, quarantineStats

    var path: String {
        switch self {
        case .workers: "/api/metrics/workers"
        case .workstations: "/api/metrics/workstations"
        case .factory: "/api/metrics/factory"
        case .shifts: "/api/metrics/shifts"
        case .handover: "/api/metrics/handover"
        case .trend: "/api/metrics/trend"
        case .heatMap: "/api/metrics/heatmap"
        case .modelHealth: "/api/metrics/model-health"
        case .healthTrend: "/api/metrics/model-health/trend"
        case .drift: "/api/metrics/model-health/drift"
        case .alerts: "/api/alerts"
        case .healthReport: "/api/metrics/model-health/report"
        case .explain: "/api/explain"
        case .history: "/api/history"
        case .compare: "/api/compare"
        case .ledger: "/api/ledger"
        case .events: "/api/events"
        case .quarantine: "/api/quarantine"
        case .quarantineStats: "/api/quarantine/stats"
        }
    }

    /// Who may ask.
    var role: QueryRole {
        switch self {
        case .quarantine, .quarantineStats: .operator
        default: .viewer
        }
    }

    /// Query parameters that the route takes, in the order in which messages list them.
    var parameters: [HTTPQueryParameter] {
        let window: [HTTPQueryParameter] = ["from", "to", "period", "known_at"]
        let own: [HTTPQueryParameter] =
            switch self {
            case .workers: [.repeatable("worker_id")] + window + ["within", "sort", "limit"]
            case .workstations: [.repeatable("workstation_id")] + window + ["within", "sort", "limit"]
            case .factory: window + ["within"]
            case .shifts, .handover, .alerts: window
            case .trend, .heatMap: ["of", "bucket"] + window + ["within"]
            case .modelHealth: window + ["group_by"]
            case .healthTrend: ["days", "to", "known_at", "group_by"]
            case .healthReport: ["week", "known_at", "format"]
            case .drift: window + ["baseline_from", "baseline_to", "group_by"]
            case .explain: ["worker_id"] + window + ["within", "merge"]
            case .history: ["worker_id", "workstation_id", "factory"] + window + ["limit", "cursor"]
            case .compare:
                [.repeatable("worker_id"), .repeatable("workstation_id"), "from", "to", "period", "within"]
                    + ["known_at_a", "known_at_b", "differing_only"]
            case .ledger: []
            case .events:
                ["worker_id", "workstation_id", "event_type"] + window
                    + ["created_from", "created_to", "limit", "cursor"]
            case .quarantine: QueryKind.quarantineFilters + ["limit", "cursor"]
            case .quarantineStats: QueryKind.quarantineFilters
            }
        return own + ["site_id", "min_position"]
    }

    private static let quarantineFilters: [HTTPQueryParameter] = [
        "reason", "worker_id", "workstation_id", "camera_id", "from", "to", "created_from", "created_to",
    ]

    /// Values of `bucket` (SPEC 5.7, 5.10).
    var bucketLengths: [BucketLength] {
        switch self {
        case .trend: BucketLength.allCases
        case .heatMap: [.hour, .day]
        default: []
        }
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
    var limitMaximum: Int {
        switch self {
        case .history: 100
        case .events, .quarantine: 1000
        default: 1_000_000
        }
    }
}
