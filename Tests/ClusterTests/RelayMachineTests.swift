// Layer: machine. The life of one relayed stream, without time, threads or holders.
import Clocks
import EventModel
import Testing

@testable import Cluster

@Suite("The life of a relayed stream (SPEC 7.5)") struct RelayMachineTests {
    private var machine: RelayMachine
    private let holders = [Holder.at("http://a", "a"), Holder.at("http://b", "b")]

    init() { machine = RelayMachine(at: MonotonicTime(microseconds: 0)) }

    private mutating func step(_ milliseconds: Int64, _ input: RelayMachine.Input) -> [String] {
        machine.step(MonotonicTime(microseconds: milliseconds * 1000), input).map { action in
            switch action {
            case .ask(let holder): "ask \(holder.workerID)"
            case .open: "open"
            case .answer(let answer): "answer \(answer.status)"
            case .refuse(let refusal): "refuse \(refusal)"
            case .cancel: "cancel"
            case .away: "away"
            case .look: "look"
            case .end: "end"
            }
        }
    }

    private func reply(_ status: Int, _ headers: [(name: String, value: String)] = []) -> RelayMachine.Input {
        .replied(.answer(ForwardingAnswer(status: status, headers: headers)))
    }

    @Test("holders are asked one after the other, until one streams")
    mutating func first() {
        #expect(step(0, .holders(holders)) == ["ask a"])
        #expect(step(1, reply(503, [("Andon-Not-Holder", "true")])) == ["ask b"])
        #expect(step(2, .opened) == ["open"])
        #expect(step(3, .tick).isEmpty)
        #expect(step(4, .close) == ["cancel", "end"])
        #expect(step(5, .lost).isEmpty && step(6, .close).isEmpty)
    }

    @Test("what a holder says about the request is the answer; without any holder it is a refusal")
    mutating func answered() {
        #expect(step(0, .holders(holders)) == ["ask a"])
        #expect(step(1, reply(404)) == ["answer 404"])
        #expect(step(2, .tick).isEmpty)
        machine = RelayMachine(at: MonotonicTime(microseconds: 0))
        #expect(step(0, .holders([])) == ["refuse nobody"])
        machine = RelayMachine(at: MonotonicTime(microseconds: 0))
        #expect(step(0, .holders(holders)) == ["ask a"])
        #expect(step(1, .replied(.unreachable("gone"))) == ["ask b"])
        #expect(step(2, .replied(.unreachable("gone"))) == ["refuse allFailed"])
    }

    @Test("a holder that says nothing in time is given up for the next")
    mutating func silent() {
        #expect(step(0, .holders(holders)) == ["ask a"])
        #expect(step(9999, .tick).isEmpty)
        #expect(step(10_000, .tick) == ["cancel", "ask b"])
        #expect(step(20_000, .tick) == ["cancel", "refuse allFailed"])
    }

    @Test("a holder that says nothing any more is given up, and the client is told")
    mutating func dumb() {
        _ = step(0, .holders(holders))
        _ = step(0, .opened)
        #expect(step(20_000, .heard).isEmpty)
        #expect(step(44_999, .tick).isEmpty)
        #expect(step(45_000, .tick) == ["cancel", "away"])
        #expect(step(46_000, .tick) == ["look"])
    }

    @Test("when the partition moves the stream goes on at the next holder, and the client sees one stream")
    mutating func moves() {
        _ = step(0, .holders(holders))
        _ = step(1, .opened)
        #expect(step(5000, .lost) == ["away"])
        #expect(step(5999, .tick).isEmpty)
        #expect(step(6000, .tick) == ["look"])
        #expect(step(6000, .holders([])).isEmpty)
        #expect(step(7000, .tick) == ["look"])
        #expect(step(7000, .holders([holders[1]])) == ["ask b"])
        #expect(step(7001, .opened).isEmpty)
        // Nor is the time that is over counted when it moves again.
        #expect(step(40_000, .lost) == ["away"])
        #expect(step(41_000, .tick) == ["look"])
    }

    @Test("when nobody has the partition for half a minute the stream ends, so that the client connects again")
    mutating func lost() {
        _ = step(0, .holders(holders))
        _ = step(1, .opened)
        #expect(step(1000, .lost) == ["away"])
        var now: Int64 = 2000
        while now < 31_000 {
            #expect(step(now, .tick) == ["look"])
            #expect(step(now, .holders([])).isEmpty)
            now += 1000
        }
        #expect(step(now, .tick) == ["look"])
        #expect(step(now, .holders([])) == ["end"])
        #expect(step(now + 1, .tick).isEmpty)
    }

    @Test("a stream that the next holder refuses for good ends")
    mutating func refused() {
        _ = step(0, .holders(holders))
        _ = step(1, .opened)
        _ = step(2, .lost)
        _ = step(1002, .tick)
        #expect(step(1002, .holders(holders)) == ["ask a"])
        #expect(step(1003, reply(400)) == ["end"])
    }

    @Test("a client that leaves while nobody streams is let go")
    mutating func left() {
        _ = step(0, .holders(holders))
        _ = step(1, .opened)
        _ = step(2, .lost)
        #expect(step(3, .close) == ["end"])
    }
}

@Suite("Whole events of a stream") struct FrameSplitterTests {
    @Test("events are passed on when they have ended, however the stream is cut")
    func cuts() {
        let text = Array("event: a\ndata: 1\n\n: alive\n\nevent: b\ndata: 2\n\nevent: c\nda".utf8)
        let whole = text.count - "event: c\nda".utf8.count
        for size in 1...text.count {
            var splitter = FrameSplitter()
            var passed: [UInt8] = []
            for start in stride(from: 0, to: text.count, by: size) {
                passed += splitter.take(Array(text[start..<min(text.count, start + size)]))
                #expect(passed.isEmpty || passed.suffix(2) == [10, 10])
            }
            #expect(passed == Array(text[..<whole]), "\(size)")
        }
    }
}
