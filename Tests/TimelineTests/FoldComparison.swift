// Layer: oracle. Every answer of the fold against the same answer recomputed from scratch.
import EventModel
import Figures
import Oracle
import SimulationKit

@testable import Timeline

/// One question to both.
struct Question: CustomStringConvertible {
    var from: Int64
    var to: Int64
    var knownAt: Int64?

    var description: String { "[\(from), \(to)) known at \(knownAt.map(String.init) ?? "now")" }

    /// Questions at the edges that matter, and whole hours among them.
    static func random(for scenario: RandomScenario, using generator: inout SeededGenerator) -> Question {
        let instants = scenario.instants
        let knownAts = scenario.knownAts
        func edge() -> Int64 {
            let instant = generator.pick(instants)
            switch generator.pick(0..<4) {
            case 0: return instant
            case 1:
                return instant / Microseconds.hour * Microseconds.hour + generator.pick([0, 1_800, 2_700]) * 1_000_000
            case 2: return instant + generator.pick(-26...26) * Microseconds.hour
            default: return instant + generator.pick(-90...90) * Microseconds.minute
            }
        }
        let (first, second) = (edge(), edge())
        let knownAt: Int64? = generator.chance(50) ? nil : generator.pick(knownAts) + generator.pick(-1...1)
        return Question(from: min(first, second), to: max(first, second), knownAt: knownAt)
    }
}

/// Lists what differs between the fold's answers and the oracle's.
struct FoldComparison {
    let harness: FoldHarness
    let site: SiteFold
    let truth: OracleView
    let question: Question
    private let view: KnowledgeView
    private let window: OracleWindow
    private let foldWindow: Window
    private(set) var differences: [String] = []

    init?(_ harness: FoldHarness, _ log: OracleLog, _ siteID: SiteID, _ question: Question) {
        guard let site = harness.fold.site(siteID) else { return nil }
        self.harness = harness
        self.site = site
        self.question = question
        truth = log.view(of: siteID, knownAt: question.knownAt)
        view = site.view(knownAt: question.knownAt.map { Timestamp(microseconds: $0) })
        window = OracleWindow(from: question.from, to: question.to)
        foldWindow = Window(from: question.from, end: question.to)
    }

    /// All comparisons, for small logs.
    static func differences(
        _ harness: FoldHarness, _ log: OracleLog, _ siteID: SiteID, _ question: Question
    ) throws -> [String] {
        guard var comparison = FoldComparison(harness, log, siteID, question) else {
            return log.events.isEmpty && log.definitions.isEmpty ? [] : ["no such site in the fold"]
        }
        try comparison.compareFigures()
        try comparison.compareExplanations()
        try comparison.compareHealth()
        try comparison.compareListing()
        try comparison.compareArrivals()
        try comparison.compareQuarantine()
        comparison.compareLedger()
        return comparison.differences
    }

    private mutating func expect<Value: Equatable>(_ name: String, _ got: Value, _ wanted: Value) {
        if got != wanted { differences.append("\(name): fold \(got), oracle \(wanted)") }
    }

    private func worker(_ number: UInt32) -> WorkerID { WorkerID(bytes: Array(site.workers[number])) }
    private func station(_ number: UInt32) -> WorkstationID { WorkstationID(bytes: Array(site.stations[number])) }
    private func station(of entry: TimelineEntry) -> WorkstationID { station(site.origin(entry.origin).station) }

    mutating func compareFigures() throws {
        let figures = try site.figures(foldWindow, view, [.workers, .stations, .statuses, .factory], harness.store)
        compareWorkers(figures)
        try compareStations(figures)
        let factory = truth.factory(window)
        let total = figures.factory
        expect(
            "factory", [total.working, total.idle, total.absent, total.units].map { Int64($0) },
            [
                factory.working, factory.idle, factory.absent, factory.units,
            ])
        expect(
            "active", [total.activeWorkers, total.activeStations],
            [
                factory.activeWorkers, factory.activeWorkstations,
            ])
        expect("elapsed", foldWindow.elapsed, factory.elapsed)
        expect("ttl", view.ttl, (truth.definition ?? SiteDefinition(siteID: "")).observationTTL)
    }

    private mutating func compareWorkers(_ figures: SiteFigures) {
        let wanted = truth.allWorkers(window)
        let listed = Set(truth.definition?.workers.map(\.workerID) ?? [])
        var found = Set<WorkerID>()
        for number in 0..<UInt32(site.workers.count) {
            let id = worker(number)
            found.insert(id)
            let want = wanted[id] ?? OracleWorkerFigures(worker: id, elapsed: window.elapsed)
            let got = figures.workers[Int(number)]
            expect(
                "\(id)", [got.working, got.idle, got.absent, got.units],
                [
                    want.working, want.idle, want.absent, want.units,
                ])
            let status = figures.statuses[Int(number)]
            expect("\(id) last seen", status.lastSeen, want.lastSeen)
            expect("\(id) state", status.current?.type, want.currentState)
            expect("\(id) station", status.current.map(station(of:)), want.currentWorkstation)
            expect("\(id) listed", site.names(number, view), listed.contains(id))
        }
        expect("workers that the fold does not know", Set(wanted.keys).subtracting(found), [])
    }

    private mutating func compareStations(_ figures: SiteFigures) throws {
        let wanted = truth.allWorkstations(window)
        let activities = try site.lastActivities(before: window.end, view, harness.store)
        var current: [WorkstationID: Int] = [:]
        for status in figures.statuses {
            if let entry = status.current, entry.type != .absent { current[station(of: entry), default: 0] += 1 }
        }
        var found = Set<WorkstationID>()
        for number in 0..<UInt32(site.stations.count) {
            let id = station(number)
            found.insert(id)
            let want = wanted[id] ?? OracleWorkstationFigures(workstation: id, elapsed: window.elapsed)
            let got = figures.stations[Int(number)]
            expect("\(id)", [got.working, got.present, got.units], [want.working, want.present, want.units])
            expect("\(id) last activity", activities[Int(number)], want.lastActivity)
            expect("\(id) current workers", current[id] ?? 0, want.currentWorkers)
        }
        expect("stations that the fold does not know", Set(wanted.keys).subtracting(found), [])
    }

    mutating func compareExplanations() throws {
        for number in 0..<UInt32(site.workers.count) {
            var rows: [String] = []
            var counts: [String] = []
            try site.derive(
                number, from: foldWindow.from, to: foldWindow.end, view, harness.store,
                interval: { owner, start, end in
                    let place = "\(owner.offset.value):\(owner.index) \(owner.createdAt)"
                    rows.append("\(owner.type.name) \(station(of: owner)) \(start)-\(end) \(place)")
                },
                count: { counts.append("\($0.time) \(station(of: $0)) \($0.count) \($0.offset.value):\($0.index)") })
            let id = worker(number)
            expect(
                "\(id) explain", rows,
                truth.explain(id, window).map {
                    let place = "\($0.opener.offset):\($0.opener.index) \($0.opener.createdAt)"
                    return "\($0.state.name) \($0.workstation) \($0.from)-\($0.to) \(place)"
                })
            expect(
                "\(id) counts", counts,
                truth.counts(id, window).map {
                    "\($0.time) \($0.workstation) \($0.count) \($0.offset):\($0.index)"
                })
        }
    }

    mutating func compareHealth() throws {
        let sums = try site.health(foldWindow, view, harness.store)
        var total = HealthFigures()
        var groups: [OracleGrouping: [[UInt8]?: HealthFigures]] = [:]
        for (number, row) in sums {
            let origin = site.origin(number)
            let keys: [OracleGrouping: [UInt8]?] = [
                .workstation: station(origin.station).bytes,
                .camera: origin.camera == 0 ? nil : Array(site.names[origin.camera - 1]),
                .modelVersion: origin.modelVersion == 0 ? nil : Array(site.names[origin.modelVersion - 1]),
            ]
            total.add(row)
            for (grouping, key) in keys {
                groups[grouping, default: [:]][key, default: HealthFigures()].add(row)
            }
        }
        expect("health", Self.text(total), Self.text(truth.health(window)))
        for grouping in OracleGrouping.allCases {
            expect(
                "health by \(grouping)", (groups[grouping] ?? [:]).mapValues(Self.text),
                truth.health(window, by: grouping).mapValues(Self.text))
        }
    }

    private static func text(_ figures: HealthFigures) -> [Int64] {
        [figures.samples, figures.confidenceSum, figures.belowThreshold] + figures.histogram
    }

    private static func text(_ health: OracleHealth) -> [Int64] {
        [health.samples, health.sum, health.marked] + health.histogram
    }

    /// The listing, page after page (SPEC 8.5).
    mutating func compareListing() throws {
        var filter = EventFilter()
        filter.from = max(0, foldWindow.from)
        filter.to = max(0, foldWindow.end)
        filter.limit = 3
        var listed: [String] = []
        while true {
            let page = try site.events(filter, view, harness.store)
            listed += page.map {
                let place = "\($0.entry.offset.value):\($0.entry.index)"
                return "\($0.entry.time) \(worker($0.worker)) \($0.entry.type.name) \(place) \($0.isLowConfidence)"
            }
            guard let last = page.last, listed.count < 10_000 else { break }
            filter.after = last.cursor
        }
        let wanted = truth.winners.filter { $0.mark.eventClass != .quarantined && window.contains($0.time) }
            .sorted { ($1.time, $0.offset, $0.index) < ($0.time, $1.offset, $1.index) }
        expect(
            "listing", listed,
            wanted.map {
                "\($0.time) \($0.worker) \($0.type.name) \($0.offset):\($0.index) \($0.mark == .lowConfidence)"
            })
    }

    /// SPEC 5.8.
    mutating func compareArrivals() throws {
        let got = try site.newestArrival(view, harness.store)
        expect("newest", OracleNewest(eventTime: got.eventTime, createdAt: got.createdAt), truth.newest)
    }

    /// The listing of quarantined events has no known_at (SPEC 2.7).
    mutating func compareQuarantine() throws {
        guard question.knownAt == nil else { return }
        var listed: [String] = []
        try site.forEachQuarantined(QuarantineFilter(), harness.store) {
            let ids = [$0.worker, $0.workstation, $0.camera ?? [], $0.modelVersion ?? []]
            listed.append("\($0.entry.createdAt) \(ids) \($0.entry.offset.value):\($0.entry.index)")
            return true
        }
        let wanted = truth.quarantined.map {
            let ids = [$0.worker.bytes, $0.workstation.bytes, $0.camera?.bytes ?? [], $0.modelVersion?.bytes ?? []]
            return "\($0.createdAt) \(ids) \($0.offset):\($0.index)"
        }
        expect("quarantined", listed, wanted)
    }

    /// The ledger has no known_at (SPEC 7.4).
    mutating func compareLedger() {
        guard question.knownAt == nil else { return }
        let got = site.ledger
        expect(
            "ledger",
            OracleLedger(
                received: Int(got.received), folded: Int(got.folded), duplicates: Int(got.duplicates),
                lowConfidence: Int(got.lowConfidence), quarantined: Int(got.quarantined),
                definitions: Int(got.definitions)), truth.ledger)
        expect("ledger adds up", got.received, got.folded + got.duplicates + got.lowConfidence + got.quarantined)
    }
}
