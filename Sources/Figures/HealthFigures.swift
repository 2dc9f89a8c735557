package import Timeline

/// The model's confidence over samples, and the figures derived from it (SPEC 6.2).
package struct HealthFigures: Equatable, Sendable {
    package var samples: Int64 = 0
    /// Parts per million.
    package var confidenceSum: Int64 = 0
    /// Samples of the low-confidence class.
    package var belowThreshold: Int64 = 0
    /// 20 bins of 50,000 ppm.
    package var histogram = [Int64](repeating: 0, count: HealthSums.binCount)

    package init() {}

    package mutating func add(_ sums: HealthSums) {
        samples += sums.samples
        confidenceSum += sums.confidenceSum
        belowThreshold += sums.marked
        for bin in histogram.indices { histogram[bin] += sums.bins[bin] }
    }

    package mutating func add(confidence: Int64, isBelowThreshold: Bool) {
        samples += 1
        confidenceSum += confidence
        if isBelowThreshold { belowThreshold += 1 }
        histogram[HealthSums.bin(of: confidence)] += 1
    }

    package mutating func add(_ other: HealthFigures) {
        samples += other.samples
        confidenceSum += other.confidenceSum
        belowThreshold += other.belowThreshold
        for bin in histogram.indices { histogram[bin] += other.histogram[bin] }
    }

    package var status: HealthStatus { HealthStatus(self) }

    package static let status = Figure<HealthFigures>("status", .text, "status") { .text($0.status.rawValue) }

    /// Every figure except the status, in the order of the answer's members.
    package static let figures: [Figure<HealthFigures>] = [
        Figure("avg_confidence", .confidence, "average confidence") { .decimal(orNone: $0.average) },
        Figure("samples", .count, "samples") { .integer($0.samples) },
        Figure("message", .text, "message") { .text($0.status.message($0.average)) },
        Figure("below_threshold_count", .count, "below threshold") { .integer($0.belowThreshold) },
        Figure("histogram", .count) { .list($0.histogram) },
    ]
}

/// SPEC 6.2's status of an average confidence; compares the exact value, not the rounded one.
package enum HealthStatus: String, Sendable {
    case unknown = "Unknown"
    case critical = "Critical"
    case warning = "Warning"
    case healthy = "Healthy"

    init(_ figures: HealthFigures) {
        if figures.samples == 0 {
            self = .unknown
        } else if Int128(figures.confidenceSum) < 750_000 * Int128(figures.samples) {
            self = .critical
        } else {
            self = Int128(figures.confidenceSum) <= 850_000 * Int128(figures.samples) ? .warning : .healthy
        }
    }

    /// One sentence for display.
    func message(_ average: FixedPoint?) -> String {
        guard let average else { return "No samples in this time range." }
        return switch self {
        case .unknown: "No samples in this time range."
        case .critical: "Average confidence \(average.text) is below 0.75: check cameras and model."
        case .warning: "Average confidence \(average.text) is not above 0.85: keep an eye on cameras and model."
        case .healthy: "Average confidence \(average.text) is above 0.85."
        }
    }
}

/// SPEC 6.2's `group_by`.
package enum HealthGrouping: String, Sendable, CaseIterable {
    case camera
    case workstation
    case modelVersion = "model_version"
}

/// The samples of one camera, station or model version.
package struct HealthGroup<Values: Equatable & Sendable>: Equatable, Sendable {
    /// nil for samples that name none.
    package var id: ArraySlice<UInt8>?
    package var figures: Values

    package init(id: ArraySlice<UInt8>?, figures: Values) {
        self.id = id
        self.figures = figures
    }
}

/// What samples are grouped by: the number of a camera, station or model version; 0 for none.
struct HealthGroupKey: Hashable {
    var number: UInt32
}

extension SiteFold {
    /// The sum over all origins.
    package func total<Sums: HealthAccumulator>(_ health: [UInt32: Sums]) -> Sums {
        var total = Sums()
        for sums in health.values { total.add(sums) }
        return total
    }

    /// Samples by camera, station or model version, ordered by id bytes; samples without one come first.
    package func groups<Sums: HealthAccumulator & Equatable>(
        _ health: [UInt32: Sums], by grouping: HealthGrouping
    ) -> [HealthGroup<Sums>] {
        named(merged(health, by: grouping), by: grouping)
    }

    /// The samples of each camera in each window, in the order of ``groups(_:by:)`` (SPEC 5.10).
    /// - Returns: nil if there would be more than `cellsMaximum` cameras times windows.
    package func cameras(
        windows: [Window], cellsMaximum: Int, _ view: KnowledgeView, _ reader: any ProjectionReader
    ) throws -> [HealthGroup<[HealthAverage]>]? {
        let sums: [[UInt32: HealthAverage]] = try health(windows: windows, view, reader)
        var rows: [HealthGroupKey: [HealthAverage]] = [:]
        for (place, window) in sums.enumerated() {
            for (camera, average) in merged(window, by: .camera) {
                rows[camera, default: Array(repeating: HealthAverage(), count: windows.count)][place] = average
                guard rows.count * windows.count <= cellsMaximum else { return nil }
            }
        }
        return named(rows, by: .camera)
    }

    /// The sums of each group.
    func merged<Sums: HealthAccumulator>(
        _ health: [UInt32: Sums], by grouping: HealthGrouping
    ) -> [HealthGroupKey: Sums] {
        var groups: [HealthGroupKey: Sums] = [:]
        for (number, sums) in health {
            let origin = origin(number)
            // Stations are numbered from 0 and always present; cameras and models are numbered from 1.
            let key =
                switch grouping {
                case .camera: origin.camera
                case .workstation: origin.station + 1
                case .modelVersion: origin.modelVersion
                }
            groups[HealthGroupKey(number: key), default: Sums()].add(sums)
        }
        return groups
    }

    /// Groups ordered by id bytes; the one without an id comes first.
    func named<Values: Equatable & Sendable>(
        _ groups: [HealthGroupKey: Values], by grouping: HealthGrouping
    ) -> [HealthGroup<Values>] {
        let names = grouping == .workstation ? stations : names
        return groups.map { key, values in
            HealthGroup(id: key.number == 0 ? nil : names[key.number - 1], figures: values)
        }
        .sorted { left, right in
            guard let right = right.id else { return false }
            guard let left = left.id else { return true }
            return left.lexicographicallyPrecedes(right)
        }
    }
}
