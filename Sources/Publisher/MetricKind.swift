public import EventLog

/// The subject of a topic that figures are published to.
public enum MetricKind: UInt8, Sendable, CaseIterable {
    case worker = 0
    case workstation = 1
    case factory = 2
    case modelHealth = 3
    /// Instances of shifts (SPEC 5.5).
    case shift = 4
    /// Alerts of model health (SPEC 6.4).
    case alert = 5

    /// The topic's name, from `names`.
    public func topic(_ names: TopicNames) -> String {
        switch self {
        case .worker: names.workerMetrics
        case .workstation: names.workstationMetrics
        case .factory: names.factoryMetrics
        case .modelHealth: names.modelHealthMetrics
        case .shift: names.shiftMetrics
        case .alert: names.alerts
        }
    }

    /// `ce_type` of its records; the same under every prefix.
    public var eventType: String { self == .alert ? "andon.alerts.v1" : "andon.metrics.\(name).v1" }

    var name: String {
        switch self {
        case .worker: "worker"
        case .workstation: "workstation"
        case .factory: "factory"
        case .modelHealth: "model-health"
        case .shift: "shift"
        case .alert: "alert"
        }
    }

    var grid: HourGrid {
        switch self {
        case .worker, .workstation, .factory: .site
        case .modelHealth, .alert: .utc
        case .shift: .shift
        }
    }
}

/// Which hours: the site's, which begin at its zone's offset modulo one hour, or UTC's (DESIGN 1.7); or instances of
/// shifts, which begin whenever the definition says so.
enum HourGrid: Int64, Sendable {
    case site = 0
    case utc = 1
    case shift = 2

    var kinds: [MetricKind] { MetricKind.allCases.filter { $0.grid == self } }
}

/// What a record says about the state of its figures, or of its alert.
public enum MetricStatus: String, Sendable, Codable {
    /// The hour is running, or has just ended.
    case provisional
    /// The first figures after the hour's end and the grace period.
    case final
    /// Later knowledge changed them.
    case restated
    /// The alert's condition holds.
    case opened
    /// It held, and holds no longer.
    case closed
}
