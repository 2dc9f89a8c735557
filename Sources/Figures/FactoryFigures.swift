package import EventModel
internal import Timeline

/// What a whole factory did in a window, and the figures derived from it (SPEC 5.4).
package struct FactoryFigures: Equatable, Sendable {
    package var totals: FactoryTotals
    /// Length of what counts of the window, in microseconds.
    package var elapsed: Int64
    /// nil when the site has no target.
    package var target: ProductionTarget?

    package init(_ totals: FactoryTotals, elapsed: Int64, target: ProductionTarget?) {
        self.totals = totals
        self.elapsed = elapsed
        self.target = target
    }

    /// - Parameter settings: the newest visible definition.
    package init(_ totals: FactoryTotals, over window: Window, _ settings: SiteDefinition?, _ zone: SiteZone) {
        self.init(
            totals, elapsed: window.elapsed,
            target: ProductionTarget(settings, inside: ShiftCalendar(settings, zone).microseconds(inside: window)))
    }

    /// Active workers × time: the denominator of the averages.
    private var workerTime: Int128 { Int128(totals.activeWorkers) * Int128(elapsed) }

    /// What active workers worked of the time.
    package var averageUtilization: FigureValue { .percentage(totals.working, of: workerTime) }

    /// Every figure over a window, in the order of the answer's members.
    package static let figures: [Figure<FactoryFigures>] = [
        Figure("total_productive_time_hours", .hours, "productive hours") { .hours($0.totals.working) },
        Figure("working_us", .microseconds) { .large($0.totals.working) },
        Figure("elapsed_us", .microseconds) { .integer($0.elapsed) },
        Figure("total_production_count", .count, "units") { .large($0.totals.units) },
        Figure("average_utilization_percentage", .percent, "average utilization % of worker time") {
            $0.averageUtilization
        },
        Figure("average_production_rate", .perHour, "units / elapsed h") {
            .rate($0.totals.units, in: Int128($0.elapsed))
        },
        Figure("active_workers", .count, "active workers") { .count($0.totals.activeWorkers) },
        Figure("active_workstations", .count, "active workstations") { .count($0.totals.activeStations) },
        Figure("target_units", .units, "target units") { .decimal(orNone: $0.target?.units) },
        Figure("target_variance_percentage", .percent, "variance % of target") {
            .decimal(orNone: $0.target?.variance(of: $0.totals.units))
        },
        Figure("coverage_percentage", .percent, "coverage % of worker time") {
            .percentage($0.totals.observed, of: $0.workerTime)
        },
    ]
}

/// Sums over all workers. 64 bits could overflow: a hundred thousand workers over half a century.
package struct FactoryTotals: Equatable, Sendable {
    package var working: Int128 = 0
    package var idle: Int128 = 0
    package var absent: Int128 = 0
    package var units: Int128 = 0
    /// Workers with working + idle + absent > 0.
    package var activeWorkers = 0
    /// Stations with present > 0.
    package var activeStations = 0

    package init() {}

    /// Time covered by any state.
    package var observed: Int128 { working + idle + absent }

    mutating func add(_ sums: HourSums) {
        working += Int128(sums.working)
        idle += Int128(sums.idle)
        absent += Int128(sums.absent)
        units += Int128(sums.units)
    }

    /// Adds another period's sums; the counts of who was active do not add up.
    mutating func add(_ sums: FactoryTotals) {
        working += sums.working
        idle += sums.idle
        absent += sums.absent
        units += sums.units
    }

    mutating func add(_ type: EventType, _ microseconds: Int64) {
        switch type {
        case .working: working += Int128(microseconds)
        case .idle: idle += Int128(microseconds)
        case .absent: absent += Int128(microseconds)
        case .productCount: break
        }
    }
}

/// `target_units_per_hour` × hours inside shifts, exactly (SPEC 5.4).
package struct ProductionTarget: Equatable, Sendable {
    /// Millionths of a unit times microseconds of an hour.
    private let scaled: Int128
    private static let scale = Int128(1_000_000) * Int128(Microseconds.hour)

    /// nil when the site has no target.
    package init?(_ settings: SiteDefinition?, inside microseconds: Int64) {
        guard let target = settings?.targetMicrounitsPerHour else { return nil }
        scaled = Int128(target) * Int128(microseconds)
    }

    /// 2 decimals.
    package var units: FixedPoint? { FixedPoint(scaled, over: ProductionTarget.scale, decimals: 2) }

    /// (units − target) / target in percent; nil where the target is 0.
    package func variance(of units: Int128) -> FixedPoint? {
        FixedPoint.percentage(units * ProductionTarget.scale - scaled, of: scaled)
    }
}
