internal import EventModel
internal import Figures
internal import JSON

/// The figures of one entity in one hour, as in its record.
enum MetricContent: Sendable {
    case worker(StateSums, WorkerPresence)
    case workstation(StateSums, WorkstationPresence)
    case factory(FactoryFigures)
    case modelHealth(HealthFigures)

    /// An entity that no longer has figures.
    static func nothing(_ kind: MetricKind) -> MetricContent? {
        switch kind {
        case .worker: .worker(StateSums(), WorkerPresence(state: nil, workstation: nil))
        case .workstation: .workstation(StateSums(), WorkstationPresence(workers: 0))
        case .modelHealth: .modelHealth(HealthFigures())
        // A factory is never unknown where its site is known.
        case .factory: nil
        }
    }

    /// Whether there is nothing to publish, unless something else was published before.
    var isNothing: Bool {
        switch self {
        case .worker(let sums, _): sums.observed == 0 && sums.units == 0
        case .workstation(let sums, let presence): sums.present == 0 && sums.units == 0 && presence.workers == 0
        case .factory(let figures): figures.totals.activeWorkers == 0 && figures.totals.units == 0
        case .modelHealth(let figures): figures.samples == 0
        }
    }

    /// The part that is compared with what was published.
    var figures: PublishedFigures {
        switch self {
        case .worker(let sums, let presence):
            .worker(sums, state: presence.state, workstation: presence.workstation.map { Array($0) })
        case .workstation(let sums, let presence): .workstation(sums, currentWorkers: Int64(presence.workers))
        case .factory(let figures): .factory(PublishedFigures.Factory(figures))
        case .modelHealth(let figures): .modelHealth(figures)
        }
    }

    /// The members of the record, named as in the HTTP answers (SPEC 5.2–5.4, 6.2).
    func write(elapsed: Int64, to writer: inout JSONWriter) {
        switch self {
        case .worker(let sums, let presence):
            writer.figures(WorkerFigures.figures, of: WorkerFigures(sums, elapsed: elapsed))
            writer.figures(WorkerPresence.current, of: presence)
        case .workstation(let sums, let presence):
            writer.figures(WorkstationFigures.figures, of: WorkstationFigures(sums, elapsed: elapsed))
            writer.figures([WorkstationPresence.workers], of: presence)
        case .factory(let figures):
            writer.figures(FactoryFigures.figures, of: figures)
            // For readers that sum up: the inputs of coverage and average.
            writer.member("observed_us", Int64(clamping: figures.totals.observed))
        case .modelHealth(let figures):
            // `status` belongs to the record.
            writer.figures([HealthFigures.status.named("health")], of: figures)
            writer.figures(HealthFigures.figures, of: figures)
            writer.member("confidence_sum_ppm", figures.confidenceSum)
        }
    }
}
