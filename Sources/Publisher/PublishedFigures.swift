internal import EventModel
internal import Figures
internal import JSON

/// The content of a metric record: the integers from which everything else follows.
///
/// Two records with equal values are equivalent. Elapsed and unknown time are excluded, because they grow even if
/// nothing happens.
enum PublishedFigures: Equatable, Sendable {
    case worker(StateSums, state: EventType?, workstation: [UInt8]?)
    case workstation(StateSums, currentWorkers: Int64)
    case factory(Factory)
    case modelHealth(HealthFigures)
    case shift(Shift)
    /// nil: closed.
    case alert(Alert?)

    struct Factory: Equatable, Sendable {
        var working: Int64 = 0
        var observed: Int64 = 0
        var units: Int64 = 0
        var activeWorkers: Int64 = 0
        var activeStations: Int64 = 0
        /// Hundredths of a unit; nil for a site without a target.
        var target: Int64?
    }

    /// The `figures` of `previous` in a record: what readers that sum up must subtract.
    func write(to writer: inout JSONWriter) {
        switch self {
        case .worker(let sums, let state, let workstation):
            writer.member("working_us", sums.working)
            writer.member("idle_us", sums.idle)
            writer.member("absent_us", sums.absent)
            writer.member("total_units_produced", sums.units)
            writer.member("current_state", state?.text ?? "unknown")
            writer.member("current_workstation_id", id: workstation.map { $0[...] })
        case .workstation(let sums, let currentWorkers):
            writer.member("present_us", sums.present)
            writer.member("working_us", sums.working)
            writer.member("total_units_produced", sums.units)
            writer.member("current_workers", currentWorkers)
        case .factory(let factory): factory.write(to: &writer)
        case .shift(let shift): shift.write(to: &writer)
        case .alert(let alert): alert?.write(to: &writer)
        case .modelHealth(let health):
            writer.member("samples", health.samples)
            writer.member("confidence_sum_ppm", health.confidenceSum)
            writer.member("below_threshold_count", health.belowThreshold)
            writer.member("histogram", .list(health.histogram))
        }
    }

    /// Reads the figures of a record in the topic, regardless of its writer. A missing figure is 0.
    init(_ record: JSONValue, _ kind: MetricKind) {
        func integer(_ name: String) -> Int64 { record[name]?.text.flatMap { Int64($0) } ?? 0 }
        switch kind {
        case .worker:
            var sums = StateSums()
            sums.working = integer("working_us")
            sums.idle = integer("idle_us")
            sums.absent = integer("absent_us")
            sums.units = integer("total_units_produced")
            let state = record["current_state"]?.text
            self = .worker(
                sums, state: EventType.allCases.first { $0.text == state },
                workstation: record["current_workstation_id"]?.text.map { Array($0.utf8) })
        case .workstation:
            var sums = StateSums()
            sums.working = integer("working_us")
            sums.idle = integer("present_us") - sums.working
            sums.units = integer("total_units_produced")
            self = .workstation(sums, currentWorkers: integer("current_workers"))
        case .factory: self = .factory(Factory(record))
        case .shift: self = .shift(Shift(record))
        case .alert: self = .alert(record["status"]?.text == MetricStatus.opened.rawValue ? Alert(record) : nil)
        case .modelHealth:
            var health = HealthFigures()
            health.samples = integer("samples")
            health.confidenceSum = integer("confidence_sum_ppm")
            health.belowThreshold = integer("below_threshold_count")
            let bins = record["histogram"]?.items ?? []
            for (bin, count) in zip(health.histogram.indices, bins) {
                health.histogram[bin] = count.text.flatMap { Int64($0) } ?? 0
            }
            self = .modelHealth(health)
        }
    }
}

extension PublishedFigures.Factory {
    func write(to writer: inout JSONWriter) {
        writer.member("working_us", working)
        writer.member("observed_us", observed)
        writer.member("total_production_count", units)
        writer.member("active_workers", activeWorkers)
        writer.member("active_workstations", activeStations)
        writer.member("target_units", hundredths: target)
    }

    init(_ record: JSONValue) {
        func integer(_ name: String) -> Int64 { record[name]?.text.flatMap { Int64($0) } ?? 0 }
        working = integer("working_us")
        observed = integer("observed_us")
        units = integer("total_production_count")
        activeWorkers = integer("active_workers")
        activeStations = integer("active_workstations")
        target = record["target_units"]?.text.flatMap { FixedPoint.hundredths($0) }
    }

    init(_ figures: FactoryFigures) {
        working = Int64(clamping: figures.totals.working)
        observed = Int64(clamping: figures.totals.observed)
        units = Int64(clamping: figures.totals.units)
        activeWorkers = Int64(figures.totals.activeWorkers)
        activeStations = Int64(figures.totals.activeStations)
        target = figures.target?.units.map { Int64(clamping: $0.scaled) }
    }
}

extension FixedPoint {
    /// A decimal number with at most two decimals, e.g. `12.5`; nil for anything else.
    static func hundredths(_ text: String) -> Int64? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2 else { return nil }
        let decimals = parts.count == 2 ? parts[1] : ""
        guard decimals.utf8.count <= 2 else { return nil }
        return Int64(parts[0] + decimals + String(repeating: "0", count: 2 - decimals.utf8.count))
    }
}

extension JSONWriter {
    mutating func member(_ name: StaticString, hundredths: Int64?) {
        member(name, hundredths.map { .decimal(FixedPoint(scaled: Int128($0), decimals: 2)) } ?? .null)
    }
}
