// Layer: oracle. Model health (SPEC 6.1, 6.2): a plain sum over the winners of two classes.
public import EventModel

/// Sums of SPEC 6.1.
public struct OracleHealth: Equatable, Sendable {
    public var samples: Int64 = 0
    /// Parts per million.
    public var sum: Int64 = 0
    /// Of the low-confidence class.
    public var marked: Int64 = 0
    public var histogram = [Int64](repeating: 0, count: 20)

    public init() {}

    mutating func add(_ event: LoggedEvent) {
        samples += 1
        sum += Int64(event.confidence)
        marked += event.mark == .lowConfidence ? 1 : 0
        histogram[min(19, Int(event.confidence) / 50_000)] += 1
    }

    mutating func add(_ other: OracleHealth) {
        samples += other.samples
        sum += other.sum
        marked += other.marked
        for bin in histogram.indices { histogram[bin] += other.histogram[bin] }
    }

    /// With 4 decimals; nil without samples.
    public var average: ExactDecimal? {
        ExactDecimal(Int128(sum), over: Int128(samples) * 1_000_000, places: 4)
    }

    /// `Unknown`, `Critical`, `Warning` or `Healthy` by the exact average (SPEC 6.2).
    public var status: String {
        if samples == 0 { return "Unknown" }
        if sum < 750_000 * samples { return "Critical" }
        return sum <= 850_000 * samples ? "Warning" : "Healthy"
    }
}

/// What a group of SPEC 6.1 is made of; the site is that of the view.
public struct OracleHealthKey: Hashable, Sendable {
    public var workstation: WorkstationID
    public var camera: CameraID?
    public var modelVersion: ModelVersion?
    /// Hours since 1970.
    public var hour: Int64
}

/// SPEC 6.2's `group_by`.
public enum OracleGrouping: CaseIterable, Sendable {
    case camera
    case workstation
    case modelVersion
}

extension OracleView {
    private var samples: [LoggedEvent] { winners.filter { $0.mark.eventClass != .quarantined } }

    /// SPEC 6.1: the sums of every group there is.
    public var healthHours: [OracleHealthKey: OracleHealth] {
        var groups: [OracleHealthKey: OracleHealth] = [:]
        for event in samples {
            let key = OracleHealthKey(
                workstation: event.workstation, camera: event.camera, modelVersion: event.modelVersion,
                hour: event.time / 3_600_000_000)
            groups[key, default: OracleHealth()].add(event)
        }
        return groups
    }

    /// SPEC 6.2 over the whole site.
    public func health(_ window: OracleWindow) -> OracleHealth {
        var health = OracleHealth()
        for event in samples where window.contains(event.time) { health.add(event) }
        return health
    }

    /// SPEC 6.2 in groups; the key nil holds the events that name no camera or model version.
    public func health(_ window: OracleWindow, by grouping: OracleGrouping) -> [[UInt8]?: OracleHealth] {
        var groups: [[UInt8]?: OracleHealth] = [:]
        for event in samples where window.contains(event.time) {
            let key: [UInt8]? =
                switch grouping {
                case .camera: event.camera?.bytes
                case .workstation: event.workstation.bytes
                case .modelVersion: event.modelVersion?.bytes
                }
            groups[key, default: OracleHealth()].add(event)
        }
        return groups
    }
}
