// Layer: the publisher with a real receiver. Time is the test's; what is waited for are answers, never a while.
import Clocks
import EventLog
import EventModel
import Foundation
import Locks
import Testing

@testable import Publisher

@Suite("Alerts told to webhooks over restarts, rebuilds and changes of owners (SPEC 6.4)", .timeLimit(.minutes(10)))
struct WebhookRestartTests: ToldPlant {
    @Test("what was not told before a restart is told after it, and what was told is not")
    func restart() throws {
        let receiver = try WebhookReceiver()
        let stage = try stage(receiver)
        let fold = try stage.fold()
        receiver.answers(500)
        try open(fold)
        do {
            let core = try stage.core(fold)
            round(stage, core)
        }
        receiver.answers(200)
        let tries = receiver.all.count
        for _ in 0..<3 {
            let core = try stage.core(fold)
            round(stage, core)
            round(stage, core)
        }
        #expect(receiver.told(receiver.all.dropFirst(tries)).sorted() == Self.opened)
    }

    @Test(
        "a process that dies after a record reached the topic and before it noted that tells it once, after its restart"
    )
    func killedBetween() throws {
        let receiver = try WebhookReceiver()
        let stage = try stage(receiver)
        let fold = try stage.fold()
        try open(fold)
        stage.topics.hold()
        stage.round(try stage.core(fold))
        // It is dead, and its records arrive.
        stage.topics.release()
        #expect(stage.records(.alert).count == 2 && receiver.all.isEmpty)
        let core = try stage.core(fold)
        for _ in 0..<3 { round(stage, core) }
        #expect(receiver.told().sorted() == Self.opened && receiver.all.count == 1)
        #expect(stage.records(.alert).count == 2)
    }

    @Test("a rebuilt store that says something else about an hour long past publishes it and tells nobody")
    func rebuilt() throws {
        let receiver = try WebhookReceiver()
        let stage = try stage(receiver)
        let fold = try stage.fold()
        try open(fold)
        let first = try stage.core(fold)
        round(stage, first)
        stage.clock.now = at(12)
        round(stage, first)
        let rebuilt = try stage.fold("b")
        try rebuilt.apply(doubtful(40, 600_000, minute: 0))
        try rebuilt.apply(doubtful(50, 1_000_000, minute: 1))
        try rebuilt.commit()
        // The same file of what was published, another store.
        let core = try stage.core(rebuilt, "a")
        for _ in 0..<3 { round(stage, core) }
        #expect(stage.newest(.alert).values.allSatisfy { $0.status == "closed" } && stage.records(.alert).count == 4)
        #expect(receiver.all.count == 1)
    }

    @Test("the first publisher of a plant with a history publishes its alerts and tells nobody of them")
    func history() throws {
        let receiver = try WebhookReceiver()
        let stage = try stage(receiver)
        let fold = try stage.fold()
        try open(fold)
        stage.clock.now = at(12)
        let core = try stage.core(fold)
        for _ in 0..<3 { round(stage, core) }
        #expect(stage.records(.alert).count == 2 && receiver.all.isEmpty)
        // A late event is news all the same.
        try close(fold)
        for _ in 0..<2 { round(stage, core) }
        #expect(receiver.told().sorted() == Self.closed)
    }

    @Test("a process that does not hold the partition tells nobody")
    func notOwner() throws {
        let receiver = try WebhookReceiver()
        let stage = try stage(receiver)
        let fold = try stage.fold()
        let owns = Guarded(true)
        let core = try stage.core(fold) { owns.withLock { $0 } }
        receiver.answers(500)
        try open(fold)
        round(stage, core)
        owns.withLock { $0 = false }
        receiver.answers(200)
        let tries = receiver.all.count
        stage.clock.now += WebhookMachine.waitMaximum
        round(stage, core)
        #expect(receiver.all.count == tries)
        owns.withLock { $0 = true }
        round(stage, core)
        #expect(receiver.told(receiver.all.dropFirst(tries)).sorted() == Self.opened)
    }

    @Test(
        "beyond so many alerts that wait for a target the oldest are dropped, and what another publisher told is withdrawn"
    )
    func bounds() throws {
        let stage = try Stage(now: at(9))
        let store = try PublishedStore(path: stage.path("p.sqlite"))
        func notice(_ number: Int) -> AlertNotice {
            AlertNotice(key: Array("plant/\(number)".utf8), value: [1], knownAt: 0)
        }
        var dropped = 0
        for number in 0..<10 { dropped += try store.enqueue(notice(number), for: "t", waitingMaximum: 4) }
        #expect(dropped == 6)
        #expect(try store.waiting("t", limit: 100).map(\.notice) == [6, 7, 8, 9].map(notice))
        let first = try store.waiting("t", limit: 2)
        _ = try store.enqueue(notice(6), for: "t", waitingMaximum: 4)
        try store.forget(first, for: "t")
        #expect(try store.waiting("t", limit: 100).map(\.notice) == [8, 9, 6].map(notice), "6 has changed since")
        try store.withdraw(notice(8).key)
        try store.keepOutbox(of: ["t"])
        #expect(try store.waitingCount("t") == 2)
        try store.keepOutbox(of: [])
        #expect(try store.waitingCount("t") == 0)
    }
}
