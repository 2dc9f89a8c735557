internal import EventModel
internal import Figures
package import JSON
package import Timeline

/// SPEC 6.2's judgement of an average confidence, by its exact value and not the rounded one that is shown.
enum HealthStatus: String {
    case unknown = "Unknown"
    case critical = "Critical"
    case warning = "Warning"
    case healthy = "Healthy"

    init(_ sums: HealthSums) {
        if sums.samples == 0 {
            self = .unknown
        } else if Int128(sums.confidenceSum) < 750_000 * Int128(sums.samples) {
            self = .critical
        } else {
            self = Int128(sums.confidenceSum) <= 850_000 * Int128(sums.samples) ? .warning : .healthy
        }
    }

    /// One sentence for people.
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

extension Question {
    /// The members of `GET /api/metrics/model-health` (SPEC 6.2).
    func writeModelHealth(to writer: inout JSONWriter) throws {
        let sums = try site.health(window, view, reader)
        var total = HealthSums(hour: Hour(0))
        for part in sums.values { total.add(part) }
        writer.healthFigures(total)
        writer.key("groups")
        writer.array { writer in
            guard let grouping = parameters.grouping else { return }
            for group in groups(sums, grouping) {
                writer.object { writer in
                    writer.member(grouping.member, id: group.id)
                    writer.healthFigures(group.sums)
                }
            }
        }
    }

    /// By id bytes; samples without a name come first.
    private func groups(
        _ sums: [UInt32: HealthSums], _ grouping: HealthGrouping
    ) -> [(id: ArraySlice<UInt8>?, sums: HealthSums)] {
        var groups: [UInt32: HealthSums] = [:]
        for (number, part) in sums {
            let origin = site.origin(number)
            // Stations are numbered from 0 and always named, cameras and models from 1.
            let key =
                switch grouping {
                case .camera: origin.camera
                case .workstation: origin.station + 1
                case .modelVersion: origin.modelVersion
                }
            groups[key, default: HealthSums(hour: Hour(0))].add(part)
        }
        let names = grouping == .workstation ? site.stations : site.names
        return groups.map { key, sums in (key == 0 ? nil : names[key - 1], sums) }.sorted { left, right in
            guard let right = right.0 else { return false }
            guard let left = left.0 else { return true }
            return left.lexicographicallyPrecedes(right)
        }
    }
}

extension JSONWriter {
    /// Samples and what follows from them (SPEC 6.2).
    ///
    /// - Parameter statusName: another name where `status` means something else.
    package mutating func healthFigures(_ sums: HealthSums, statusName: StaticString = "status") {
        let status = HealthStatus(sums)
        let average = FixedPoint(Int128(sums.confidenceSum), over: Int128(sums.samples) * 1_000_000, decimals: 4)
        member(statusName, status.rawValue)
        member("avg_confidence", average)
        member("samples", sums.samples)
        member("message", status.message(average))
        member("below_threshold_count", sums.marked)
        key("histogram")
        array { writer in
            for bin in 0..<HealthSums.binCount { writer.integer(sums.bins[bin]) }
        }
    }
}

extension HealthGrouping {
    /// What a group's id is called.
    fileprivate var member: StaticString {
        switch self {
        case .camera: "camera_id"
        case .workstation: "workstation_id"
        case .modelVersion: "model_version"
        }
    }
}
