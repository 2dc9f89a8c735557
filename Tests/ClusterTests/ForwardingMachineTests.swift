import Clocks
import EventModel
import Testing

@testable import Cluster

@Suite("In which order holders are asked")
struct ForwardingMachineTests {
    private static func holders(_ count: Int) -> [Holder] {
        (0..<count).map {
            Holder(
                workerID: "w\($0)", role: .owner, url: "http://w\($0)", token: .random(),
                since: Timestamp(microseconds: 0))
        }
    }

    private static func name(_ action: ForwardingMachine.Action) -> String {
        switch action {
        case .ask(let holder): "ask \(holder.workerID)"
        case .answer(let answer): "answer \(answer.status)"
        case .refuse(let refusal): "refuse \(refusal)"
        }
    }

    private static func answer(_ status: Int, _ headers: [(name: String, value: String)] = []) -> ForwardingReply {
        .answer(ForwardingAnswer(status: status, headers: headers))
    }

    private static func time(_ milliseconds: Int64) -> MonotonicTime {
        MonotonicTime(microseconds: milliseconds * 1000)
    }

    @Test("without a holder there is nothing to ask")
    func nobody() {
        var machine = ForwardingMachine(holders: [], now: Self.time(0))
        #expect(Self.name(machine.start()) == "refuse nobody")
    }

    @Test("what a holder says about the question is the answer", arguments: [200, 304, 400, 403, 404, 429, 503])
    func answers(status: Int) {
        var machine = ForwardingMachine(holders: Self.holders(2), now: Self.time(0))
        #expect(Self.name(machine.start()) == "ask w0")
        let reply = Self.answer(status, [("Retry-After", "1")])
        #expect(Self.name(machine.replied(reply, now: Self.time(0))) == "answer \(status)")
    }

    @Test("a holder that cannot be reached, fails or holds the partition no more is passed over")
    func nextOne() {
        let replies: [ForwardingReply] = [
            .unreachable("refused"), Self.answer(500), Self.answer(502), Self.answer(504), Self.answer(401),
            Self.answer(503, [("andon-not-holder", "true")]), Self.answer(503, [("Connection", "close")]),
        ]
        for reply in replies {
            var machine = ForwardingMachine(holders: Self.holders(2), now: Self.time(0))
            _ = machine.start()
            #expect(Self.name(machine.replied(reply, now: Self.time(0))) == "ask w1")
            #expect(Self.name(machine.replied(reply, now: Self.time(0))) == "refuse allFailed")
        }
    }

    @Test("no more than four holders are asked for one question")
    func tries() {
        var machine = ForwardingMachine(holders: Self.holders(9), now: Self.time(0))
        var asked: [String] = [Self.name(machine.start())]
        for _ in 0..<4 { asked.append(Self.name(machine.replied(.unreachable(""), now: Self.time(0)))) }
        #expect(asked == ["ask w0", "ask w1", "ask w2", "ask w3", "refuse allFailed"])
    }

    @Test("no try begins more than 12 s after the question came")
    func late() {
        var machine = ForwardingMachine(holders: Self.holders(3), now: Self.time(5000))
        _ = machine.start()
        #expect(Self.name(machine.replied(.unreachable(""), now: Self.time(17_000))) == "ask w1")
        #expect(Self.name(machine.replied(.unreachable(""), now: Self.time(17_001))) == "refuse tooLate")
    }

    @Test("a full queue ends the tries: the next holder would meet the same queue")
    func busy() {
        var machine = ForwardingMachine(holders: Self.holders(3), now: Self.time(0))
        _ = machine.start()
        #expect(Self.name(machine.replied(.busy, now: Self.time(0))) == "refuse busy")
    }

    @Test("those that failed lately are asked last, in their order")
    func suspects() {
        let holders = Self.holders(4)
        var machine = ForwardingMachine(
            holders: holders, suspects: [holders[0].token, holders[1].token], now: Self.time(0))
        var asked = [Self.name(machine.start())]
        for _ in 0..<3 { asked.append(Self.name(machine.replied(.unreachable(""), now: Self.time(0)))) }
        #expect(asked == ["ask w2", "ask w3", "ask w0", "ask w1"])
    }
}
