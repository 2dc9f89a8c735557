// Layer: machine. When one target is told; what is sent to it, WebhookTests claim.
import EventModel
import SimulationKit
import Testing

@testable import Publisher

@Suite("When a target is told of alerts (SPEC 6.4)")
struct WebhookMachineTests {
    private let second = Microseconds.second

    @Test("what waits is sent at once, one request at a time, and forgotten when the target has it")
    func life() {
        var machine = WebhookMachine()
        #expect(machine.step(0, .tick(isWaiting: false), random: 0) == [])
        #expect(machine.step(1, .tick(isWaiting: true), random: 0) == [.send])
        #expect(machine.step(2, .tick(isWaiting: true), random: 0) == [], "one request at a time")
        #expect(machine.wakeTime == nil)
        #expect(machine.step(3, .answered(.told), random: 0) == [.forget, .reportTold])
        #expect(machine.state == .resting)
    }

    @Test(
        "after failures it waits up to 1, 2, 4 … 300 s, and tells the operator once that it fails and once that it works"
    )
    func backoff() {
        var machine = WebhookMachine()
        var now: Int64 = 0
        for attempt in 0..<20 {
            #expect(machine.step(now, .tick(isWaiting: true), random: 0) == [.send])
            let told = machine.step(now, .answered(.failed("down", retryAfterSeconds: nil)), random: 0.999_999)
            #expect(told == (attempt == 0 ? [.report("down")] : []))
            let wait = (machine.wakeTime ?? 0) - now
            let limit = min(300 * second, second << Int64(attempt))
            #expect(wait <= limit && wait > limit / 2)
            #expect(machine.step(now + wait - 1, .tick(isWaiting: true), random: 0) == [])
            now += wait
        }
        #expect(machine.step(now, .tick(isWaiting: true), random: 0) == [.send])
        #expect(machine.step(now, .answered(.told), random: 0) == [.forget, .reportTold, .reportRecovered])
        #expect(machine.step(now, .tick(isWaiting: true), random: 0) == [.send])
        _ = machine.step(now, .answered(.failed("down", retryAfterSeconds: nil)), random: 0.5)
        #expect(machine.wakeTime == now + second / 2, "it begins anew")
    }

    @Test("the least jitter still waits a little, and Retry-After is honoured up to an hour")
    func retryAfter() {
        func wait(_ seconds: Int64?) -> Int64? {
            var machine = WebhookMachine()
            _ = machine.step(0, .tick(isWaiting: true), random: 0)
            _ = machine.step(0, .answered(.failed("busy", retryAfterSeconds: seconds)), random: 0)
            return machine.wakeTime
        }
        #expect(wait(nil) == second / 10)
        #expect(wait(120) == 120 * second)
        #expect(wait(86_400) == 3600 * second)
    }

    @Test("what the target will never take is dropped, so that it does not hold up the rest")
    func refused() {
        var machine = WebhookMachine()
        _ = machine.step(0, .tick(isWaiting: true), random: 0)
        #expect(machine.step(0, .answered(.refused("400")), random: 0) == [.forget, .reportRefused("400")])
        #expect(machine.step(0, .tick(isWaiting: true), random: 0) == [.send])
    }

    @Test(
        "only 2xx counts as told, and only a fault of the content is final",
        arguments: [
            (200, .told), (204, .told), (400, .refused("it answers 400")), (422, .refused("it answers 422")),
            (401, .failed("it answers 401", retryAfterSeconds: nil)),
            (404, .failed("it answers 404", retryAfterSeconds: nil)),
            (500, .failed("it answers 500", retryAfterSeconds: nil)),
        ] as [(Int, WebhookMachine.Outcome)])
    func outcomes(_ status: Int, _ outcome: WebhookMachine.Outcome) {
        #expect(WebhookMachine.Outcome(status: status, retryAfter: nil, location: nil) == outcome)
    }

    @Test("a redirect is a failure that names the other host, without what may be secret in the URL")
    func redirect() {
        let outcome = WebhookMachine.Outcome(
            status: 302, retryAfter: nil, location: "https://user:pass@evil.example:8443/hook?token=1")
        #expect(
            outcome
                == .failed(
                    "it redirects to https://evil.example:8443, which is not followed; name that URL",
                    retryAfterSeconds: nil))
        #expect(
            WebhookMachine.Outcome(status: 429, retryAfter: "7", location: nil)
                == .failed("it answers 429", retryAfterSeconds: 7))
    }

    @Test(
        "whatever comes in whatever order, there is one request at a time and none before its time", arguments: 1...20)
    func anything(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var machine = WebhookMachine()
        var (now, sent, answered): (Int64, Int, Int) = (0, 0, 0)
        for _ in 0..<500 {
            now += Int64.random(in: 0...400, using: &random) * second
            let input: WebhookMachine.Input = [
                .tick(isWaiting: true), .tick(isWaiting: false), .answered(.told), .answered(.refused("no")),
                .answered(.failed("down", retryAfterSeconds: 30)),
            ].randomElement(using: &random)!
            let before = machine
            let actions = machine.step(now, input, random: Double.random(in: 0..<1, using: &random))
            if actions.contains(.send) { sent += 1 }
            if before.state == .sending, machine.state != .sending { answered += 1 }
            if case .waiting(let until) = before.state, actions.contains(.send) { #expect(now >= until) }
            #expect(sent - answered == (machine.state == .sending ? 1 : 0))
        }
        #expect(sent > 20 && answered > 20, "seed \(seed)")
    }
}
