internal import EventModel
internal import JSON
internal import Query
internal import Timeline

/// The figures of one entity in one hour.
enum MetricContent: Sendable {
    case worker(StateSums, state: EventType?, workstation: [UInt8]?)
    case workstation(StateSums, currentWorkers: Int)
    case factory(FactoryFigures)
    case modelHealth(HealthSums)

    /// An entity that had figures and has none any more.
    static func nothing(_ kind: MetricKind) -> MetricContent? {
        switch kind {
        case .worker: .worker(StateSums(), state: nil, workstation: nil)
        case .workstation: .workstation(StateSums(), currentWorkers: 0)
        case .modelHealth: .modelHealth(HealthSums(hour: Hour(0)))
        // A factory is never unknown where its site is known.
        case .factory: nil
        }
    }

    /// Whether nobody needs to be told unless something else was published.
    var isNothing: Bool {
        switch self {
        case .worker(let sums, _, _): sums.observed == 0 && sums.units == 0
        case .workstation(let sums, let current): sums.present == 0 && sums.units == 0 && current == 0
        case .factory(let figures): figures.activeWorkers == 0 && figures.units == 0
        case .modelHealth(let sums): sums.samples == 0
        }
    }

    /// The integers that all else follows from, as a JSON object: equal figures have equal bytes.
    ///
    /// elapsed and unknown time are not among them, because they grow while nothing happens.
    var basis: [UInt8] {
        var basis = MetricBasis()
        switch self {
        case .worker(let sums, let state, let workstation):
            basis.workingUs = sums.working
            basis.idleUs = sums.idle
            basis.absentUs = sums.absent
            basis.totalUnitsProduced = sums.units
            basis.currentState = state?.text ?? "unknown"
            basis.currentWorkstationId = workstation.map { String(decoding: $0, as: UTF8.self) }
            return basis.json(.worker)
        case .workstation(let sums, let current):
            basis.presentUs = sums.present
            basis.workingUs = sums.working
            basis.totalUnitsProduced = sums.units
            basis.currentWorkers = Int64(current)
            return basis.json(.workstation)
        case .factory(let figures):
            basis.workingUs = Int64(clamping: figures.working)
            basis.observedUs = Int64(clamping: figures.observed)
            basis.totalProductionCount = Int64(clamping: figures.units)
            basis.activeWorkers = Int64(figures.activeWorkers)
            basis.activeWorkstations = Int64(figures.activeStations)
            basis.targetUnits = figures.targetUnits.flatMap(Double.init)
            return basis.json(.factory)
        case .modelHealth(let sums):
            basis.samples = sums.samples
            basis.confidenceSumPpm = sums.confidenceSum
            basis.belowThresholdCount = sums.marked
            basis.histogram = (0..<HealthSums.binCount).map { sums.bins[$0] }
            return basis.json(.modelHealth)
        }
    }

    /// The members of the record, named as the answers of HTTP name them (SPEC 5.2–5.4, 6.2).
    func write(elapsed: Int64, to writer: inout JSONWriter) {
        switch self {
        case .worker(let sums, let state, let workstation):
            writer.workerFigures(sums, elapsed: elapsed)
            writer.member("current_state", state?.text ?? "unknown")
            writer.member("current_workstation_id", id: workstation.map { $0[...] })
        case .workstation(let sums, let current):
            writer.workstationFigures(sums, elapsed: elapsed)
            writer.member("current_workers", current)
        case .factory(let figures):
            writer.factoryFigures(figures)
            writer.member("observed_us", Int64(clamping: figures.observed))
        case .modelHealth(let sums):
            writer.healthFigures(sums, statusName: "health")
            writer.member("confidence_sum_ppm", sums.confidenceSum)
        }
    }
}

/// What ``MetricContent/basis`` is written from, and read back from the records of others.
struct MetricBasis: Decodable {
    // The decoder turns the members' snake case into these names.
    var workingUs: Int64?
    var idleUs: Int64?
    var absentUs: Int64?
    var presentUs: Int64?
    var observedUs: Int64?
    var totalUnitsProduced: Int64?
    var totalProductionCount: Int64?
    var currentWorkers: Int64?
    var activeWorkers: Int64?
    var activeWorkstations: Int64?
    var currentState: String?
    var currentWorkstationId: String?
    var targetUnits: Double?
    var samples: Int64?
    var confidenceSumPpm: Int64?
    var belowThresholdCount: Int64?
    var histogram: [Int64]?

    func json(_ kind: MetricKind) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            switch kind {
            case .worker:
                writer.member("working_us", workingUs ?? 0)
                writer.member("idle_us", idleUs ?? 0)
                writer.member("absent_us", absentUs ?? 0)
                writer.member("total_units_produced", totalUnitsProduced ?? 0)
                writer.member("current_state", currentState ?? "unknown")
                writer.key("current_workstation_id")
                writer.string(orNull: currentWorkstationId)
            case .workstation:
                writer.member("present_us", presentUs ?? 0)
                writer.member("working_us", workingUs ?? 0)
                writer.member("total_units_produced", totalUnitsProduced ?? 0)
                writer.member("current_workers", currentWorkers ?? 0)
            case .factory:
                writer.member("working_us", workingUs ?? 0)
                writer.member("observed_us", observedUs ?? 0)
                writer.member("total_production_count", totalProductionCount ?? 0)
                writer.member("active_workers", activeWorkers ?? 0)
                writer.member("active_workstations", activeWorkstations ?? 0)
                writer.key("target_units")
                // Two decimals; a binary fraction of that many prints as it was written.
                if let targetUnits { writer.raw("\(targetUnits)".utf8) } else { writer.null() }
            case .modelHealth:
                writer.member("samples", samples ?? 0)
                writer.member("confidence_sum_ppm", confidenceSumPpm ?? 0)
                writer.member("below_threshold_count", belowThresholdCount ?? 0)
                writer.key("histogram")
                writer.array { writer in for bin in histogram ?? [] { writer.integer(bin) } }
            }
        }
        return writer.bytes
    }
}
