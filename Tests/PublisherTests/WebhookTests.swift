// Layer: the publisher with a real receiver. Time is the test's; what is waited for are answers, never a while.
import Clocks
import Crypto
import EventLog
import EventModel
import Foundation
import Locks
import Testing

@testable import Publisher

@Suite("Alerts told to webhooks (SPEC 6.4)", .timeLimit(.minutes(10)))
struct WebhookTests: ToldPlant {
    @Test("each opening and each closing is told once, signed, in the JSON of Alertmanager's webhooks")
    func once() throws {
        let receiver = try WebhookReceiver()
        let stage = try stage(receiver, secret: "s3cret")
        let fold = try stage.fold()
        let core = try stage.core(fold)
        try open(fold)
        for _ in 0..<3 { round(stage, core) }
        #expect(receiver.told().sorted() == Self.opened && receiver.all.count == 1)
        let first = try #require(receiver.all.first)
        let signature = HMACSHA256.of(first.body, key: Array("s3cret".utf8)).hex
        #expect(first.signature == "sha256=\(signature)" && first.key?.count == 32)
        #expect(first.json["version"] as? String == "4" && first.json["status"] as? String == "firing")
        #expect(first.json["groupKey"] as? String == "{}:{site_id=\"plant\"}")
        #expect(first.json["receiver"] as? String == "andon")
        #expect((first.json["groupLabels"] as? [String: String]) == ["site_id": "plant"])
        #expect(first.json["externalURL"] as? String == "https://andon.example")
        let alert = try #require(first.alerts.first { ($0["labels"] as? [String: String])?["camera_id"] == "C1" })
        #expect(alert["startsAt"] as? String == "2026-01-12T09:00:00.000000Z")
        #expect(alert["endsAt"] as? String == "0001-01-01T00:00:00Z")
        let link = "https://andon.example/api/alerts?site_id=plant&from=2026-01-12T09:00:00.000000Z"
        #expect(alert["generatorURL"] as? String == link)
        let notes = alert["annotations"] as? [String: String]
        #expect(notes?["summary"] == "Average confidence 0.6 is below 0.75." && notes?["samples"] == "40")

        try close(fold)
        for _ in 0..<3 { round(stage, core) }
        #expect(receiver.told(receiver.all.dropFirst()).sorted() == Self.closed && receiver.all.count == 2)
        let end = receiver.all[1].alerts.first { ($0["labels"] as? [String: String])?["camera_id"] == "C1" }
        #expect(end?["fingerprint"] as? String == alert["fingerprint"] as? String)
        #expect(receiver.all[1].json["status"] as? String == "resolved")
        #expect(core.statistics.webhooks.map(\.told) == [4])
    }

    @Test("what an open alert says may change without anybody being told again")
    func update() throws {
        let receiver = try WebhookReceiver()
        let stage = try stage(receiver)
        let fold = try stage.fold()
        let core = try stage.core(fold)
        try open(fold)
        round(stage, core)
        try fold.apply(doubtful(5, 500_000, minute: 2))
        try fold.commit()
        for _ in 0..<2 { round(stage, core) }
        #expect(stage.records(.alert).count == 4 && receiver.all.count == 1)
    }

    @Test("what an alert that waits says is brought up to date, and is told once")
    func updateWaiting() throws {
        let receiver = try WebhookReceiver()
        let stage = try stage(receiver)
        let fold = try stage.fold()
        let core = try stage.core(fold)
        receiver.answers(500)
        try open(fold)
        round(stage, core)
        try fold.apply(doubtful(5, 600_000, minute: 2))
        try fold.commit()
        round(stage, core)
        receiver.answers(200)
        stage.clock.now += WebhookMachine.waitMaximum
        let tries = receiver.all.count
        for _ in 0..<2 { round(stage, core) }
        #expect(receiver.all.count == tries + 1 && receiver.told(receiver.all.suffix(1)).sorted() == Self.opened)
        let notes = receiver.all.last?.alerts.first?["annotations"] as? [String: String]
        #expect(notes?["samples"] == "45")
    }

    @Test(
        "a target that is in trouble for an hour is told once when it is back",
        arguments: [(500, "it answers 500"), (429, "it answers 429"), (404, "it answers 404")])
    func trouble(_ status: Int, _ reason: String) throws {
        let receiver = try WebhookReceiver()
        let stage = try stage(receiver)
        let fold = try stage.fold()
        let core = try stage.core(fold)
        receiver.answers(status, [("Retry-After", "60")])
        try open(fold)
        for _ in 0..<60 {
            round(stage, core)
            stage.clock.now += Microseconds.minute
        }
        let tries = receiver.all.count
        #expect(tries > 10 && tries <= 61)
        receiver.answers(204)
        stage.clock.now += WebhookMachine.retryAfterMaximum
        for _ in 0..<3 { round(stage, core) }
        #expect(receiver.told(receiver.all.dropFirst(tries)).sorted() == Self.opened)
        #expect(Set(receiver.all.map(\.key)).count == 1, "the same content under the same key")
        let reports = stage.reports.all.filter { $0.name == "webhook_fails" }
        #expect(reports.count == 1 && reports.first?.message.contains(reason) == true, "told the operator once")
        #expect(stage.reports.all.contains { $0.name == "webhook_recovered" })
    }

    @Test("a redirect to another host is refused: that host hears nothing")
    func redirect() throws {
        let (receiver, other) = (try WebhookReceiver(), try WebhookReceiver())
        let stage = try stage(receiver)
        let fold = try stage.fold()
        let core = try stage.core(fold)
        receiver.answers(307, [("Location", other.url)])
        try open(fold)
        for _ in 0..<5 { round(stage, core) }
        #expect(!receiver.all.isEmpty && other.all.isEmpty)
        #expect(stage.reports.all.contains { $0.message.contains("not followed") })
    }

    @Test("an alert that opened and closed while the target was away is told as it is then: resolved, once")
    func away() throws {
        let receiver = try WebhookReceiver()
        let stage = try stage(receiver)
        let fold = try stage.fold()
        let core = try stage.core(fold)
        receiver.answers(503)
        try open(fold)
        round(stage, core)
        try close(fold)
        round(stage, core)
        let tries = receiver.all.count
        receiver.answers(200)
        stage.clock.now += WebhookMachine.waitMaximum
        for _ in 0..<3 { round(stage, core) }
        #expect(receiver.told(receiver.all.dropFirst(tries)).sorted() == Self.closed)
    }

    @Test("two targets are told independently: one that is away delays no other")
    func independent() throws {
        let (up, down) = (try WebhookReceiver(), try WebhookReceiver())
        let stage = try stage(down, up)
        let fold = try stage.fold()
        let core = try stage.core(fold)
        down.answers(500)
        try open(fold)
        round(stage, core)
        #expect(up.told().sorted() == Self.opened)
        down.answers(200)
        stage.clock.now += WebhookMachine.waitMaximum
        round(stage, core)
        #expect(up.all.count == 1 && down.told(down.all.suffix(1)).sorted() == Self.opened)
    }
}
