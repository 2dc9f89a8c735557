internal import EventModel
internal import Figures
internal import JSON

/// The figures of one entity in one hour, or of a shift, as in its record.
enum MetricContent: Sendable {
    case worker(StateSums, WorkerPresence)
    case workstation(StateSums, WorkstationPresence)
    case factory(FactoryFigures)
    case modelHealth(HealthFigures)
    case shift(ShiftFigures)
    case alert(AlertContent)

    /// An entity that no longer has figures.
    static func nothing(_ kind: MetricKind) -> MetricContent? {
        switch kind {
        case .worker: .worker(StateSums(), WorkerPresence(state: nil, workstation: nil))
        case .workstation: .workstation(StateSums(), WorkstationPresence(workers: 0))
        case .modelHealth: .modelHealth(HealthFigures())
        // A factory is never unknown where its site is known; shifts and alerts have ways of their own.
        case .factory, .shift, .alert: nil
        }
    }

    /// Whether there is nothing to publish, unless something else was published before.
    var isNothing: Bool {
        switch self {
        case .worker(let sums, _): sums.observed == 0 && sums.units == 0
        case .workstation(let sums, let presence): sums.present == 0 && sums.units == 0 && presence.workers == 0
        case .factory(let figures): figures.totals.activeWorkers == 0 && figures.totals.units == 0
        case .modelHealth(let figures): figures.samples == 0
        case .shift(let shift): MetricContent.factory(shift.factory).isNothing
        case .alert(let content): !content.isOpen
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
        case .shift(let shift): .shift(PublishedFigures.Shift(shift))
        case .alert(let content): .alert(content.isOpen ? PublishedFigures.Alert(content.alert) : nil)
        }
    }

    /// The members of the record, named as in the HTTP answers (SPEC 5.2–5.5, 6.2, 6.4).
    func write(elapsed: Int64, to writer: inout JSONWriter) {
        switch self {
        case .worker(let sums, let presence):
            writer.figures(WorkerFigures.figures, of: WorkerFigures(sums, elapsed: elapsed))
            writer.figures(WorkerPresence.current, of: presence)
        case .workstation(let sums, let presence):
            writer.figures(WorkstationFigures.figures, of: WorkstationFigures(sums, elapsed: elapsed))
            writer.figures([WorkstationPresence.workers], of: presence)
        case .factory(let figures): writer.factory(figures)
        case .shift(let shift):
            writer.factory(shift.factory)
            writer.key("handover")
            writer.object { writer in
                writer.member("at", microseconds: shift.handover.at)
                writer.figures(HandoverFigures.figures, of: shift.handover)
            }
        case .alert(let content): content.write(to: &writer)
        case .modelHealth(let figures):
            // `status` belongs to the record.
            writer.figures([HealthFigures.status.named("health")], of: figures)
            writer.figures(HealthFigures.figures, of: figures)
            writer.member("confidence_sum_ppm", figures.confidenceSum)
        }
    }
}

extension JSONWriter {
    fileprivate mutating func factory(_ figures: FactoryFigures) {
        self.figures(FactoryFigures.figures, of: figures)
        // For readers that sum up: the inputs of coverage and average.
        member("observed_us", Int64(clamping: figures.totals.observed))
    }
}
