public import EventLog

/// The subject of a metric topic.
public enum MetricKind: UInt8, Sendable, CaseIterable {
    case worker = 0
    case workstation = 1
    case factory = 2
    case modelHealth = 3

    /// The topic's name, from `names`.
    public func topic(_ names: TopicNames) -> String {
        switch self {
        case .worker: names.workerMetrics
        case .workstation: names.workstationMetrics
        case .factory: names.factoryMetrics
        case .modelHealth: names.modelHealthMetrics
        }
    }

    /// `ce_type` of its records; the same under every prefix.
    public var eventType: String { "andon.metrics.\(name).v1" }

    var name: String {
        switch self {
        case .worker: "worker"
        case .workstation: "workstation"
        case .factory: "factory"
        case .modelHealth: "model-health"
        }
    }

    var grid: HourGrid { self == .modelHealth ? .utc : .site }
}

/// Which hours: the site's, which begin at its zone's offset modulo one hour, or UTC's (DESIGN 1.7).
enum HourGrid: Int64, Sendable {
    case site = 0
    case utc = 1

    var kinds: [MetricKind] { MetricKind.allCases.filter { $0.grid == self } }
}

/// What a metric record says about the state of its figures.
public enum MetricStatus: String, Sendable, Codable {
    /// The hour is running, or has just ended.
    case provisional
    /// The first figures after the hour's end and the grace period.
    case final
    /// Later knowledge changed them.
    case restated
}
