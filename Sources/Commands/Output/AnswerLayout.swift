internal import Figures
internal import JSON
internal import Timeline

/// What an answer is made of: the columns that people see, and the members that a spreadsheet gets.
///
/// Both come from the lists that define the figures, so that a new figure appears here without a line of its own.
struct AnswerLayout {
    /// In the order of the table.
    let columns: [FigureColumn]
    /// Every member by its own name, in the order of the answer.
    let members: [String]
    /// What is said about each figure in legends and in the reference.
    let meanings: [String: String]

    static let workers = AnswerLayout(
        ids: [id("worker_id", "worker"), id("worker_name", "name")],
        figures: WorkerPresence.current.map(AnyFigure.init)
            + WorkerFigures.figures.map(AnyFigure.init) + [AnyFigure(WorkerPresence.lastSeen)],
        first: [
            "current_state", "current_workstation_id", "total_active_time_hours", "total_idle_time_hours",
            "total_absent_time_hours", "unknown_us",
        ],
        meanings: FigureMeanings.worker)

    static let workstations = AnswerLayout(
        ids: [id("workstation_id", "station"), id("workstation_name", "name")],
        figures: [AnyFigure(WorkstationPresence.workers), AnyFigure(name: "capacity", .count, "capacity")]
            + (WorkstationFigures.figures + [WorkstationFigures.capacityOccupancy]).map(AnyFigure.init)
            + [AnyFigure(WorkstationPresence.lastActivity)],
        first: [
            "current_workers", "capacity", "occupancy_time_hours", "occupancy_percentage",
            "capacity_occupancy_percentage",
        ],
        meanings: FigureMeanings.workstation)

    static let factory = AnswerLayout(
        figures: FactoryFigures.figures.map(AnyFigure.init)
            + [AnyFigure(name: "time_range_start", .time, "from"), AnyFigure(name: "time_range_end", .time, "to")],
        first: [
            "total_productive_time_hours", "total_production_count", "average_production_rate",
            "average_utilization_percentage", "coverage_percentage",
        ],
        meanings: FigureMeanings.factory)

    static let sites = AnswerLayout(
        ids: [id("site_id", "site")],
        figures: FactoryFigures.figures.map(AnyFigure.init)
            + [
                AnyFigure(name: "time_range_start", .time, "from"), AnyFigure(name: "time_range_end", .time, "to"),
                AnyFigure(name: "newest_event_time", .time, "newest event"),
                AnyFigure(name: "freshness_seconds", .count, "received s ago"),
                AnyFigure(name: "alerts", .count, "alerts"),
            ],
        first: [
            "alerts", "newest_event_time", "total_production_count", "target_variance_percentage",
            "average_utilization_percentage", "active_workers",
        ],
        meanings: FigureMeanings.factory.merging(FigureMeanings.sites) { $1 })

    static let missingSites = AnswerLayout(
        figures: [
            AnyFigure(name: "sites", .text, "no answer of"), AnyFigure(name: "partition", .count, "partition"),
            AnyFigure(name: "reason", .text, "because"),
        ])

    static let modelHealth = AnswerLayout(
        figures: [AnyFigure(HealthFigures.status)] + HealthFigures.figures.map(AnyFigure.init),
        first: ["status", "avg_confidence", "samples", "below_threshold_count"], meanings: FigureMeanings.modelHealth)

    /// Groups of samples: whatever names them, then the figures of the whole.
    static func groups(by member: String, of all: AnswerLayout) -> AnswerLayout {
        let titles = ["camera_id": "camera", "workstation_id": "station", "model_version": "model"]
        return AnswerLayout(
            columns: [id(member, titles[member] ?? member)] + all.columns.filter { $0.name != "message" },
            members: [member] + all.members, meanings: all.meanings)
    }

    static let healthTrend = AnswerLayout(
        figures: HealthTrendHour.figures.map(AnyFigure.init), meanings: FigureMeanings.healthTrend)

    static let drift = AnswerLayout(
        figures: DriftFigures.figures.map(AnyFigure.init), first: ["drift", "psi"], meanings: FigureMeanings.drift)

    static let alerts = AnswerLayout(
        figures: HealthAlert.figures.map(AnyFigure.init) + [AnyFigure(name: "current", .text, "current")],
        first: ["hour", "scope", "kind", "severity", "current"], meanings: FigureMeanings.alert)

    /// A line for the week, each day, camera and model version, with the week before beside it.
    static let weekReport = AnswerLayout(
        columns: [id("part", "part"), id("name", "name")] + HealthCount.figures.compactMap(\.column)
            + HealthCount.figures.compactMap(\.column).map {
                FigureColumn(name: WeekReport.before($0.name), title: "\($0.title) before", unit: $0.unit)
            },
        members: ["part", "name"] + HealthCount.figures.map { "\($0.name)" }
            + HealthCount.figures.map { WeekReport.before("\($0.name)") })

    static let shifts = AnswerLayout(
        figures: ShiftFigures.span.map(AnyFigure.init) + FactoryFigures.figures.map(AnyFigure.init)
            + ["handover_at", "handover_started", "handover_ended"].map { AnyFigure(name: $0) }
            + HandoverFigures.figures.map { AnyFigure(name: "handover_\($0.name)") },
        first: ["shift", "date", "from", "to", "status", "total_production_count"], meanings: FigureMeanings.factory)

    static let handovers = AnswerLayout(
        figures: [
            AnyFigure(name: "at", .time, "at"), AnyFigure(name: "started", .text, "started"),
            AnyFigure(name: "ended", .text, "ended"),
        ] + HandoverFigures.figures.map(AnyFigure.init),
        meanings: FigureMeanings.handover)

    /// Buckets of whatever the items are about.
    static func trend(_ items: [JSONValue]) -> AnswerLayout {
        if items.first?["worker_id"] != nil { return workerTrend }
        return items.first?["workstation_id"] != nil ? workstationTrend : factoryTrend
    }

    private static let span = [AnyFigure(name: "from", .time, "from"), AnyFigure(name: "to", .time, "to")]

    private static let factoryTrend = AnswerLayout(
        figures: span + FactoryFigures.figures.map(AnyFigure.init),
        first: ["from", "to", "total_production_count", "average_utilization_percentage"],
        meanings: FigureMeanings.factory)

    private static let workerTrend = AnswerLayout(
        figures: span + [AnyFigure(name: "worker_id")] + WorkerFigures.figures.map(AnyFigure.init),
        first: ["from", "to", "total_units_produced", "utilization_percentage"], meanings: FigureMeanings.worker)

    private static let workstationTrend = AnswerLayout(
        figures: span + [AnyFigure(name: "workstation_id"), AnyFigure(name: "capacity")]
            + (WorkstationFigures.figures + [WorkstationFigures.capacityOccupancy]).map(AnyFigure.init),
        first: ["from", "to", "total_units_produced", "occupancy_percentage"], meanings: FigureMeanings.workstation)

    static let intervals = AnswerLayout(
        figures: (Explanation.Interval.span + Explanation.Interval.state + [Explanation.Interval.events])
            .map(AnyFigure.init) + Explanation.Provenance.figures.map(AnyFigure.init))

    static let counts = AnswerLayout(
        figures: Explanation.Count.figures.map(AnyFigure.init) + Explanation.Provenance.figures.map(AnyFigure.init),
        first: ["timestamp", "count"])

    /// The sums that the intervals and counts of an explanation add up to.
    static let totals = AnswerLayout(
        columns: WorkerFigures.totals.map { figure in
            let name = "\(figure.name)"
            let title = figure.title ?? name.replacing("_us", with: " h")
            return FigureColumn(name: name, title: title, unit: figure.unit)
        },
        members: WorkerFigures.totals.map { "\($0.name)" })

    static let ledger = AnswerLayout(
        figures: Ledger.figures.map(AnyFigure.init) + [AnyFigure(name: "rejected")], meanings: FigureMeanings.ledger)

    static let quarantine = AnswerLayout(
        figures: [
            AnyFigure(name: "timestamp", .time, "happened"), AnyFigure(name: "created_at", .time, "received"),
            AnyFigure(name: "reason", .text, "reason"), AnyFigure(name: "worker_id", .text, "worker"),
            AnyFigure(name: "workstation_id", .text, "station"), AnyFigure(name: "camera_id", .text, "camera"),
            AnyFigure(name: "model_version", .text, "model"), AnyFigure(name: "event_type", .text, "event"),
            AnyFigure(name: "confidence", .confidence, "confidence"), AnyFigure(name: "count", .count, "count"),
            AnyFigure(name: "position", .text, "position"),
        ])

    static let quarantineStats = AnswerLayout(
        figures: [
            AnyFigure(name: "reason", .text, "reason"), AnyFigure(name: "worker_id", .text, "worker"),
            AnyFigure(name: "workstation_id", .text, "station"), AnyFigure(name: "camera_id", .text, "camera"),
            AnyFigure(name: "count", .count, "events"), AnyFigure(name: "oldest", .time, "first received"),
            AnyFigure(name: "newest", .time, "last received"),
        ])

    init(columns: [FigureColumn], members: [String], meanings: [String: String] = [:]) {
        self.columns = columns
        self.members = members
        self.meanings = meanings
    }

    /// - Parameter first: names of the columns that stand before the others, in this order.
    private init(
        ids: [FigureColumn] = [], figures: [AnyFigure], first: [String] = [], meanings: [String: String] = [:]
    ) {
        let shown = figures.compactMap(\.column)
        self.init(
            columns: ids + first.compactMap { name in shown.first { $0.name == name } }
                + shown.filter { !first.contains($0.name) },
            members: ids.map(\.name) + figures.map(\.name), meanings: meanings)
    }

    private static func id(_ name: String, _ title: String) -> FigureColumn {
        FigureColumn(name: name, title: title, unit: .text)
    }
}

/// A figure of any answer, as far as its layout needs it.
private struct AnyFigure {
    var name: String
    /// nil when tables omit it.
    var column: FigureColumn?

    init<Values>(_ figure: Figure<Values>) {
        name = "\(figure.name)"
        column = figure.column
    }

    /// A member that tables lay out in their own way.
    init(name: String) { self.name = name }

    /// A member that is no figure of a list.
    init(name: String, _ unit: FigureUnit, _ title: String) {
        self.name = name
        column = FigureColumn(name: name, title: title, unit: unit)
    }
}
