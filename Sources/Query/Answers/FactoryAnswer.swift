internal import EventModel
internal import HTTPServer
internal import Timeline

extension Question {
    /// The members of `GET /api/metrics/factory` (SPEC 5.4).
    func writeFactory(to writer: inout JSONWriter) throws {
        let window = self.window
        let figures = try site.figures(window, view, [.workers, .stations], source)
        let total = FactoryTotal(figures.workers)
        let elapsed = Int128(window.elapsed)
        let workerTime = Int128(figures.activeWorkers) * elapsed
        let target = ProductionTarget(settings, inside: ShiftTime.inside(window, settings?.shifts ?? [], zone))
        writer.member("total_productive_time_hours", FixedPoint.hours(total.working))
        writer.member("working_us", total.working)
        writer.member("elapsed_us", elapsed)
        writer.member("total_production_count", total.units)
        writer.member("average_utilization_percentage", FixedPoint.percentage(total.working, of: workerTime))
        writer.member("average_production_rate", FixedPoint.rate(total.units, inMicroseconds: elapsed))
        writer.member("active_workers", figures.activeWorkers)
        writer.member("active_workstations", figures.activeStations)
        writer.member("target_units", target?.units)
        writer.member("target_variance_percentage", target?.variance(of: total.units))
        writer.member("coverage_percentage", FixedPoint.percentage(total.observed, of: workerTime))
        writer.member("time_range_start", from)
        writer.member("time_range_end", microseconds: window.end)
    }
}

/// Sums over all workers; a hundred thousand of them in half a century are more microseconds than 64 bits hold.
private struct FactoryTotal {
    var working: Int128 = 0
    var observed: Int128 = 0
    var units: Int128 = 0

    init(_ workers: [StateSums]) {
        for worker in workers {
            working += Int128(worker.working)
            observed += Int128(worker.observed)
            units += Int128(worker.units)
        }
    }
}

/// `target_units_per_hour` × hours inside shifts, exactly (SPEC 5.4).
struct ProductionTarget {
    /// Millionths of a unit times microseconds of an hour.
    private let scaled: Int128
    private static let scale = Int128(1_000_000) * Int128(Microseconds.hour)

    /// nil for a site without a target.
    init?(_ settings: SiteDefinition?, inside microseconds: Int64) {
        guard let target = settings?.targetMicrounitsPerHour else { return nil }
        scaled = Int128(target) * Int128(microseconds)
    }

    /// 2 decimals.
    var units: FixedPoint? { FixedPoint(scaled, over: ProductionTarget.scale, decimals: 2) }

    /// (units − target) / target in percent; nil where the target is 0.
    func variance(of units: Int128) -> FixedPoint? {
        FixedPoint.percentage(units * ProductionTarget.scale - scaled, of: scaled)
    }
}
