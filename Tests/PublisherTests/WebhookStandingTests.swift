// Layer: the publisher with a real receiver. Time is the test's; what is waited for are answers, never a while.
import EventModel
import Testing

@testable import Publisher

@Suite("What is known of each target of alerts (SPEC 6.4, 7.8)", .timeLimit(.minutes(10)))
struct WebhookStandingTests: ToldPlant {
    @Test("what a target was told, what waits for it and why it cannot be told, each target by itself")
    func standings() throws {
        let (up, down) = (try WebhookReceiver(), try WebhookReceiver())
        let stage = try stage(up, down)
        let fold = try stage.fold()
        let core = try stage.core(fold)
        round(stage, core)
        #expect(core.statistics.webhooks.map(\.number) == [1, 2])
        #expect(core.statistics.webhooks.allSatisfy { $0.told == 0 && $0.waiting == 0 && $0.trouble == nil })
        down.answers(500)
        try open(fold)
        round(stage, core)
        let away = core.statistics.webhooks
        #expect(away.map(\.told) == [2, 0] && away.map(\.waiting) == [0, 2])
        #expect(away.map(\.trouble) == [nil, "it answers 500"] && away[1].toldAt == nil)
        #expect(away[0].failedRequests == 0 && away[1].failedRequests == Int64(down.all.count))
        #expect(away[0].toldAt == stage.clock.now)

        down.answers(204)
        stage.clock.now += WebhookMachine.waitMaximum
        round(stage, core)
        let back = core.statistics.webhooks
        #expect(back.map(\.told) == [2, 2] && back.map(\.waiting) == [0, 0] && back.map(\.dropped) == [0, 0])
        #expect(back[1].trouble == nil && back[1].toldAt == stage.clock.now)
    }

    @Test("what a target does not take counts as dropped, and does not wait any more")
    func refused() throws {
        let receiver = try WebhookReceiver()
        let stage = try stage(receiver)
        let fold = try stage.fold()
        let core = try stage.core(fold)
        receiver.answers(422)
        try open(fold)
        round(stage, core)
        let standing = try #require(core.statistics.webhooks.first)
        #expect(standing.dropped == 2 && standing.told == 0 && standing.waiting == 0 && standing.failedRequests == 0)
    }

    @Test("what waited before a restart still counts as waiting after it")
    func restart() throws {
        let receiver = try WebhookReceiver()
        let stage = try stage(receiver)
        let fold = try stage.fold()
        receiver.answers(503)
        try open(fold)
        round(stage, try stage.core(fold))
        let core = try stage.core(fold)
        round(stage, core)
        #expect(core.statistics.webhooks.map(\.waiting) == [2])
    }

    @Test("nothing that may be secret in a target's URL is shown")
    func secrets() throws {
        let receiver = try WebhookReceiver()
        let stage = try stage(receiver)
        let host = receiver.url.dropFirst("http://".count).prefix { $0 != "/" }
        stage.configuration.webhooks.targets = ["http://user:pass@\(host)/hook?token=s3cret"]
        let core = try stage.core(try stage.fold())
        round(stage, core)
        #expect(core.statistics.webhooks.map(\.target) == ["http://\(host)"])
    }
}
