import Clocks
import EventModel
import Oracle
import SimulationKit

@testable import Projector
@testable import Query

/// Asks, compares every answer with the oracle at once, and remembers those that said they were settled.
struct QuestionDesk {
    private struct Settled {
        var site: SiteID
        var window: OracleWindow
        var knownAt: Int64
        var sheet: FigureSheet
    }

    private let plan: Plan
    /// By worker: each process looks at the log by itself.
    private var watches: [Int: SettlementWatch] = [:]
    private var settled: [Settled] = []

    init(_ plan: Plan) { self.plan = plan }

    mutating func ask(_ number: Int, of worker: SimulatedWorker, in world: World) throws {
        let question = plan.questions[number]
        guard let open = worker.open, open.shared.sites.contains(where: { $0.siteID == question.site }) else { return }
        if !world.log.isAway { open.shared.note(LogEndReading(offset: world.log.end, seenAt: world.clock.instant)) }
        let answers = try SiteAnswers(question.site, open, world.clock)
        let now = world.clock.now
        let knownAt = Self.knownAt(question.known, now, world.log)
        let from = now + question.from
        let window = OracleWindow(from: from, to: from + question.length, now: knownAt ?? now)
        let sheet = try answers.figures(window, knownAt: knownAt)
        let truth = try Truth(world, upTo: answers.progress.nextOffset)
        try expect(
            sheet, FigureSheet(truth.view(of: question.site, knownAt: knownAt), window),
            "worker \(worker.number) at offset \(answers.progress.nextOffset.value) about \(question)")

        world.tally.note("answer compared")
        let watch = watches[worker.number] ?? SettlementWatch()
        watches[worker.number] = watch
        watch.note(answers.progress, at: CertainTime(time: world.clock.timestamp))
        guard let knownAt,
            watch.isSettled(knownAt: Timestamp(microseconds: knownAt), answers.progress, lag: world.gatewayLag)
        else { return }
        settled.append(Settled(site: question.site, window: window, knownAt: knownAt, sheet: sheet))
        world.tally.note("settled answer")
    }

    /// The known_at of a question; nil for everything.
    private static func knownAt(_ known: Plan.Knowledge, _ now: Int64, _ log: SimulatedLog) -> Int64? {
        switch known {
        case .everything: return nil
        case .ago(let microseconds): return now - microseconds
        case .record(let back):
            let record = log.records.dropLast(back).last
            // A gateway whose clock is ahead stamps records that nobody can ask about yet.
            return record.map { min($0.createdAt.microseconds, now) }
        }
    }

    /// Answers that said they were settled are still the same, unless they now say that their time is disputed
    /// (SPEC 2.9, 5.8).
    func checkSettled(with worker: SimulatedWorker, in world: World) throws {
        guard let open = worker.open else { return }
        for answer in settled {
            let answers = try SiteAnswers(answer.site, open, world.clock)
            let now = try answers.figures(answer.window, knownAt: answer.knownAt)
            if now != answer.sheet, answers.isDisputed(answer.knownAt) {
                world.tally.note("settled answer disputed")
                continue
            }
            try expect(now, answer.sheet, "a settled answer about \(answer.site) known at \(answer.knownAt)")
        }
    }
}
