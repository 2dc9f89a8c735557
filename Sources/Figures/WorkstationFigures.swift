package import Timeline

/// What happened at a workstation in a window, and the figures derived from it (SPEC 5.3).
package struct WorkstationFigures: Equatable, Sendable {
    /// Worker-time: two people for one hour make two hours.
    package var sums: StateSums
    /// Length of what counts of the window, in microseconds.
    package var elapsed: Int64
    /// Places for workers, by the definition; nil when not looked up.
    package var capacity: Int64?

    package init(_ sums: StateSums, elapsed: Int64, capacity: Int64? = nil) {
        self.sums = sums
        self.elapsed = elapsed
        self.capacity = capacity
    }

    private static let occupancy = Figure<WorkstationFigures>(
        "occupancy_percentage", .percent, "occupancy % of elapsed"
    ) { .percentage($0.sums.present, of: $0.elapsed) }

    private static let utilization = Figure<WorkstationFigures>(
        "utilization_percentage", .percent, "utilization % of occupied"
    ) { .percentage($0.sums.working, of: $0.sums.present) }

    private static let units = Figure<WorkstationFigures>("total_units_produced", .count, "units") {
        .integer($0.sums.units)
    }

    /// Every figure over a window, in the order of the answer's members.
    package static let figures: [Figure<WorkstationFigures>] = [
        Figure("present_us", .microseconds) { .integer($0.sums.present) },
        Figure("working_us", .microseconds) { .integer($0.sums.working) },
        Figure("elapsed_us", .microseconds) { .integer($0.elapsed) },
        Figure("occupancy_time_hours", .hours, "occupied h") { .hours($0.sums.present) },
        occupancy,
        utilization,
        units,
        Figure("throughput_rate", .perHour, "units / occupied h") {
            .rate(Int128($0.sums.units), in: Int128($0.sums.present))
        },
    ]

    /// For lists. Metric records leave it out: they hold what events say, and would have to be sent again whenever a
    /// definition changes the capacity.
    package static let capacityOccupancy = Figure<WorkstationFigures>(
        "capacity_occupancy_percentage", .percent, "occupancy % of capacity"
    ) { figures in
        figures.capacity.map { .percentage(Int128(figures.sums.present), of: Int128($0) * Int128(figures.elapsed)) }
            ?? .null
    }
}

extension WorkstationFigures {
    /// What a heat map shows (SPEC 5.10).
    package static let heat = [occupancy, utilization, units.named("units")]
}

/// Who is at a workstation just before the end of a window (SPEC 5.3).
package struct WorkstationPresence: Equatable, Sendable {
    /// Workers who are working or idle here.
    package var workers: Int
    /// Latest accepted event time before the end, in microseconds.
    package var lastActivity: Int64?

    package init(workers: Int, lastActivity: Int64? = nil) {
        self.workers = workers
        self.lastActivity = lastActivity
    }

    package static let workers = Figure<WorkstationPresence>("current_workers", .count, "people now") {
        .count($0.workers)
    }
    package static let lastActivity = Figure<WorkstationPresence>("last_activity", .time, "last seen") {
        .time(orNone: $0.lastActivity)
    }
}

extension SiteFold {
    /// Number of working or idle workers at each station, by the statuses of all workers (SPEC 5.3).
    package func presentWorkers(_ statuses: [WorkerStatus]) -> [Int] {
        var counts = [Int](repeating: 0, count: stations.count)
        for status in statuses {
            guard let current = status.current, current.type != .absent else { continue }
            counts[Int(origin(current.origin).station)] += 1
        }
        return counts
    }
}
