internal import EventModel
internal import Figures
internal import Timeline

extension ReferencePage {
    /// Every figure, and what it is on the reference day (SPEC 5).
    static let figures = ReferencePage(
        title: "Figures",
        text: """
            Figures are computed over a window, [from, to) in event time, up to now: elapsed is its length. Percentages \
            and rates are rounded to 2 decimals, hours and confidence to 4, and a ratio without a denominator is null, \
            never 0. Members that end in _us are exact. The examples are of one worker at one workstation on the reference \
            day below. Shifts and trends have the figures of the factory, a worker or a workstation; heat maps some of \
            them.
            """,
        sections: [
            section(
                "Worker: andon query workers",
                rows(WorkerFigures.figures, FigureMeanings.worker, Example.worker)
                    + rows(WorkerPresence.current + [WorkerPresence.lastSeen], FigureMeanings.worker, Example.presence)),
            section(
                "Workstation: andon query workstations",
                [row("capacity", "capacity", "1", FigureMeanings.workstation)]
                    + rows(
                        WorkstationFigures.figures + [WorkstationFigures.capacityOccupancy], FigureMeanings.workstation,
                        Example.workstation)
                    + rows(
                        [WorkstationPresence.workers, WorkstationPresence.lastActivity], FigureMeanings.workstation,
                        Example.stationPresence)),
            section(
                "Factory: andon query factory", rows(FactoryFigures.figures, FigureMeanings.factory, Example.factory)),
            section(
                "Sites, beside the figures of the factory: andon query sites",
                [
                    row("alerts", "alerts", nil, FigureMeanings.sites),
                    row("newest_event_time", "newest event", nil, FigureMeanings.sites),
                    row("freshness_seconds", "received s ago", nil, FigureMeanings.sites),
                ]),
            section(
                "Handover: andon query handover",
                ["at", "started", "ended"].map { row($0, $0, nil, FigureMeanings.handover) }
                    + rows(HandoverFigures.figures, FigureMeanings.handover, nil)),
            section(
                "Model health: andon query model-health",
                rows([HealthFigures.status] + HealthFigures.figures, FigureMeanings.modelHealth, nil)),
            section(
                "Model health, hour by hour: andon query health-trend",
                rows(HealthTrendHour.figures, FigureMeanings.healthTrend, nil)),
            section(
                "Drift of confidence: andon query drift", rows(DriftFigures.figures, FigureMeanings.drift, nil)),
            section(
                "Alerts: andon query alerts",
                rows(HealthAlert.figures, FigureMeanings.alert, nil)
                    + [row("current", "current", nil, FigureMeanings.alert)]),
            section(
                "Weekly report: andon query report", rows(HealthCount.figures, FigureMeanings.modelHealth, nil)),
            section(
                "Ledger: andon query ledger",
                rows(Ledger.figures, FigureMeanings.ledger, nil)
                    + [row("rejected", "rejected: CODE", nil, FigureMeanings.ledger)]),
            Example.day,
        ])

    private static func section(_ title: String, _ rows: [[String]]) -> Section {
        let example = rows.first?.count == 4 ? ["example"] : []
        return Section(title: title, text: "", header: ["member", "heading"] + example + ["what it is"], rows: rows)
    }

    private static func rows<Values>(
        _ figures: [Figure<Values>], _ meanings: [String: String], _ example: Values?
    ) -> [[String]] {
        figures.map { figure in
            row("\(figure.name)", figure.title ?? "-", example.map { text(figure.value($0)) }, meanings)
        }
    }

    private static func row(
        _ name: String, _ title: String, _ example: String?, _ meanings: [String: String]
    ) -> [String] {
        [name, title] + (example.map { [$0] } ?? []) + [meanings[name] ?? ""]
    }

    private static func text(_ value: FigureValue) -> String {
        switch value {
        case .null: "null"
        case .integer(let number): String(number)
        case .large(let number): String(number)
        case .decimal(let number): number.shortest.text
        case .time(let microseconds): String(Timestamp(microseconds: microseconds).formatted.dropFirst(11).prefix(5))
        case .text(let text): text
        case .id(let id): String(decoding: id, as: UTF8.self)
        case .list(let numbers): "\(numbers)"
        }
    }

    /// The reference day of SPEC 5: the sums are told here, every figure is computed from them by its own definition.
    private enum Example {
        static let day = Section(
            title: "The reference day",
            text: """
                One worker at one workstation with a capacity of 1, from 08:00 to 16:00: 6.25 h working, 0.75 h idle, \
                1 h absent, 5 units. No target.
                """,
            example: """
                08:00 working   10:00 product_count 5   10:15 idle   10:30 working   12:00 absent   13:00 working   15:30 idle

                utilization     6.25 h / 8 h       = 78.13 %
                availability    1 - 1 h / 8 h      = 87.5 %
                throughput      5 units / 6.25 h   = 0.8 units / working h
                """)

        static let elapsed = 8 * Microseconds.hour

        static var sums: StateSums {
            var sums = StateSums()
            sums.working = 25 * Microseconds.hour / 4
            sums.idle = 3 * Microseconds.hour / 4
            sums.absent = Microseconds.hour
            sums.units = 5
            return sums
        }

        private static let lastEvent = 31 * Microseconds.hour / 2
        static let presence = WorkerPresence(state: .idle, workstation: Array("S1".utf8)[...], lastSeen: lastEvent)
        static let stationPresence = WorkstationPresence(workers: 1, lastActivity: lastEvent)

        static var worker: WorkerFigures { WorkerFigures(sums, elapsed: elapsed) }
        static var workstation: WorkstationFigures { WorkstationFigures(sums, elapsed: elapsed, capacity: 1) }

        static var factory: FactoryFigures {
            var totals = FactoryTotals()
            totals.working = Int128(sums.working)
            totals.idle = Int128(sums.idle)
            totals.absent = Int128(sums.absent)
            totals.units = Int128(sums.units)
            totals.activeWorkers = 1
            totals.activeStations = 1
            return FactoryFigures(totals, elapsed: elapsed, target: nil)
        }
    }
}
