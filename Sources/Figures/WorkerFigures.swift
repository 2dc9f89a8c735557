package import EventModel
package import Timeline

/// What a worker did in a window, and the figures derived from it (SPEC 5.2).
package struct WorkerFigures: Equatable, Sendable {
    package var sums: StateSums
    /// Length of what counts of the window, in microseconds.
    package var elapsed: Int64

    package init(_ sums: StateSums, elapsed: Int64) {
        self.sums = sums
        self.elapsed = elapsed
    }

    /// `part` of the whole, or nothing: who was not observed at all may have worked or been away (SPEC 5.1).
    private func percentageIfObserved(_ part: Int64, of whole: Int64) -> FigureValue {
        sums.observed == 0 ? .null : .percentage(part, of: whole)
    }

    private static let times: [Figure<WorkerFigures>] = [
        Figure("working_us", .microseconds) { .integer($0.sums.working) },
        Figure("idle_us", .microseconds) { .integer($0.sums.idle) },
        Figure("absent_us", .microseconds) { .integer($0.sums.absent) },
        Figure("unknown_us", .microseconds, "unknown h") { .integer($0.elapsed - $0.sums.observed) },
        Figure("elapsed_us", .microseconds) { .integer($0.elapsed) },
    ]

    private static let units = Figure<WorkerFigures>("total_units_produced", .count, "units") {
        .integer($0.sums.units)
    }

    private static let utilization = Figure<WorkerFigures>(
        "utilization_percentage", .percent, "utilization % of elapsed"
    ) { $0.percentageIfObserved($0.sums.working, of: $0.elapsed) }

    private static let coverage = Figure<WorkerFigures>("coverage_percentage", .percent, "coverage % of elapsed") {
        .percentage($0.sums.observed, of: $0.elapsed)
    }

    /// The sums of which everything else is a ratio (SPEC 5.9, `totals`).
    package static let totals = times + [units]

    /// Every figure over a window, in the order of the answer's members.
    package static let figures: [Figure<WorkerFigures>] =
        times + [
            Figure("total_active_time_hours", .hours, "working h") { .hours($0.sums.working) },
            Figure("total_idle_time_hours", .hours, "idle h") { .hours($0.sums.idle) },
            Figure("total_absent_time_hours", .hours, "absent h") { .hours($0.sums.absent) },
            utilization,
            Figure("presence_utilization_percentage", .percent, "utilization % of present") {
                .percentage($0.sums.working, of: $0.sums.present)
            },
            Figure("availability_percentage", .percent, "availability % of elapsed") {
                $0.percentageIfObserved($0.elapsed - $0.sums.absent, of: $0.elapsed)
            },
            coverage,
            units,
            Figure("units_per_hour", .perHour, "units / working h") {
                .rate(Int128($0.sums.units), in: Int128($0.sums.working))
            },
        ]
}

extension WorkerFigures {
    /// What a heat map shows (SPEC 5.10).
    package static let heat = [utilization, coverage, units.named("units")]
}

/// A worker's state just before the end of a window (SPEC 5.2).
package struct WorkerPresence: Equatable, Sendable {
    /// nil when unknown.
    package var state: EventType?
    package var workstation: ArraySlice<UInt8>?
    /// Latest accepted event time before the end, in microseconds.
    package var lastSeen: Int64?

    package init(state: EventType?, workstation: ArraySlice<UInt8>?, lastSeen: Int64? = nil) {
        self.state = state
        self.workstation = workstation
        self.lastSeen = lastSeen
    }

    package init(_ status: WorkerStatus, at site: SiteFold) {
        self.init(
            state: status.current?.type, workstation: status.current.map { site.stationID(of: $0) },
            lastSeen: status.lastSeen)
    }

    package static let lastSeen = Figure<WorkerPresence>("last_seen", .time, "last seen") { .time(orNone: $0.lastSeen) }

    package static let current: [Figure<WorkerPresence>] = [
        Figure("current_state", .text, "now") { .text($0.state?.text ?? "unknown") },
        Figure("current_workstation_id", .text, "at station") { .id(orNone: $0.workstation) },
    ]
}

extension SiteFold {
    /// The id of the station where an event was seen.
    package func stationID(of entry: TimelineEntry) -> ArraySlice<UInt8> { stations[origin(entry.origin).station] }
}
