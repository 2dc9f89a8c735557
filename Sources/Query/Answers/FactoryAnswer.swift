package import EventModel
package import Figures
package import JSON
package import Timeline

extension Question {
    /// The members of `GET /api/metrics/factory` (SPEC 5.4).
    func writeFactory(to writer: inout JSONWriter) throws {
        let window = self.window
        let figures = try site.figures(window, view, [.workers, .stations], reader)
        writer.factoryFigures(FactoryFigures(figures, settings, zone))
        writer.member("time_range_start", from)
        writer.member("time_range_end", microseconds: window.end)
    }
}

/// What a factory's figures are made of (SPEC 5.4).
package struct FactoryFigures: Sendable {
    package var working: Int128 = 0
    package var observed: Int128 = 0
    package var units: Int128 = 0
    package var elapsed: Int64
    package var activeWorkers: Int
    package var activeStations: Int
    let target: ProductionTarget?

    /// - Parameters:
    ///   - figures: with workers and stations.
    ///   - settings: the newest visible definition.
    package init(_ figures: SiteFigures, _ settings: SiteDefinition?, _ zone: SiteZone) {
        let total = FactoryTotal(figures.workers)
        working = total.working
        observed = total.observed
        units = total.units
        elapsed = figures.window.elapsed
        activeWorkers = figures.activeWorkers
        activeStations = figures.activeStations
        target = ProductionTarget(
            settings, inside: ShiftTime.inside(figures.window, settings?.shifts ?? [], zone))
    }

    /// The shortest decimal text; nil for a site without a target.
    package var targetUnits: String? { target?.units?.text }
}

extension JSONWriter {
    package mutating func factoryFigures(_ figures: FactoryFigures) {
        let workerTime = Int128(figures.activeWorkers) * Int128(figures.elapsed)
        member("total_productive_time_hours", FixedPoint.hours(figures.working))
        member("working_us", figures.working)
        member("elapsed_us", figures.elapsed)
        member("total_production_count", figures.units)
        member("average_utilization_percentage", FixedPoint.percentage(figures.working, of: workerTime))
        member(
            "average_production_rate", FixedPoint.rate(figures.units, inMicroseconds: Int128(figures.elapsed)))
        member("active_workers", figures.activeWorkers)
        member("active_workstations", figures.activeStations)
        member("target_units", figures.target?.units)
        member("target_variance_percentage", figures.target?.variance(of: figures.units))
        member("coverage_percentage", FixedPoint.percentage(figures.observed, of: workerTime))
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
struct ProductionTarget: Sendable {
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
