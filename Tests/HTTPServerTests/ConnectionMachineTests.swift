import Testing

@testable import HTTPServer

/// The machine of a connection alone, without sockets: every order of events, which a running server cannot be made to
/// take.
@Suite("Machine of a connection")
struct ConnectionMachineTests {
    /// As the documentation of the states has it; `ended` leads from all but two of them to `waiting`.
    private static let exits: [String: Set<String>] = [
        "waiting": ["head", "cut"], "head": ["body", "refused", "lingering", "answering", "late", "waiting"],
        "body": ["handling", "lingering", "answering", "late", "waiting"],
        "refused": ["answering", "lingering", "late", "waiting"], "lingering": ["cut", "waiting"], "late": ["cut"],
        "handling": ["early", "settled", "answering", "waiting"], "early": ["answering", "waiting"],
        "settled": ["early", "asleep", "waiting"], "asleep": ["awake"],
        "awake": ["answering", "waiting"], "answering": ["streaming", "waiting"], "streaming": ["cut", "waiting"],
        "cut": [],
    ]

    @Test(
        "in every order of events a request is answered at most once, every sleeper is woken once, and exits are kept")
    func allOrders() {
        var seen: [String: Set<String>] = [:]
        var broken: Set<String> = []
        var explored: Set<String> = []
        var left = [ConnectionScene()]
        while let scene = left.popLast() {
            broken.formUnion(scene.broken)
            guard scene.broken.isEmpty, explored.insert(scene.key).inserted else { continue }
            for input in ConnectionScene.Input.allCases {
                var next = scene
                guard next.happen(input) else { continue }
                if next.stateName != scene.stateName { seen[scene.stateName, default: []].insert(next.stateName) }
                left.append(next)
            }
        }
        #expect(broken.isEmpty)
        #expect(explored.count > 50)
        for (state, exits) in Self.exits { #expect(seen[state] ?? [] == exits, "exits of \(state)") }
    }

    @Test("an exchange of an earlier request cannot answer a later one on the same connection")
    func earlierGeneration() {
        let asleep: [ConnectionScene.Input] = [
            .requestLine, .head, .accept, .bodyEnd, .handle, .respond, .ended, .requestLine, .head, .accept, .bodyEnd,
            .handle, .suspend, .bodyEnd, .completeOld,
        ]
        #expect(ConnectionScene.after(asleep).library == .asleep)
        let answered = ConnectionScene.after(asleep + [.complete, .bodyEnd])
        #expect(answered.library == .answering)
        #expect(answered.broken.isEmpty)
    }

    @Test("a request expires at its deadline, not before; a first one shares the deadline of its connection")
    func deadlines() {
        func time(_ milliseconds: UInt64) -> CoarseTime { CoarseTime(milliseconds: milliseconds) }
        func name(_ expiry: ConnectionMachine.Expiry?) -> String? {
            switch expiry {
            case .tell(let response): "tell \(response.status)"
            case .shutDown: "shut down"
            case nil: nil
            }
        }
        func expire(_ machine: ConnectionMachine, at milliseconds: UInt64) -> String? {
            var copy = machine
            return name(copy.expire(at: time(milliseconds)))
        }
        var machine = ConnectionMachine(until: time(1000))
        #expect(expire(machine, at: 999) == nil)
        #expect(expire(machine, at: 1000) == "shut down")
        machine.requestLine(until: time(5000))
        #expect(expire(machine, at: 999) == nil)
        #expect(expire(machine, at: 1000) == "tell 408")
        _ = machine.acceptHead()
        #expect(expire(machine, at: 1000) == "tell 408")
        _ = machine.beginHandling()
        #expect(expire(machine, at: 1_000_000) == nil)
        _ = machine.respond(ConnectionScene.response)
        #expect(expire(machine, at: 1_000_000) == nil)
        _ = machine.ended(nextUntil: time(6000))
        #expect(expire(machine, at: 5999) == nil)
        #expect(expire(machine, at: 6000) == "shut down")
        machine.requestLine(until: time(7000))
        #expect(expire(machine, at: 6999) == nil)
        let late = name(machine.expire(at: time(7000)))
        #expect(late == "tell 408")
        #expect(machine.told?.status == 408)
        #expect(expire(machine, at: 7999) == nil)
        let over = name(machine.expire(at: time(8000)))
        #expect(over == "shut down")
        #expect(machine.told?.status == 408)
    }

    @Test("a refused body is read up to its limit, a longer one is answered in its middle and read on for a while")
    func refused() {
        func refusing(_ remainder: ConnectionMachine.Remainder) -> ConnectionMachine {
            var machine = ConnectionMachine(until: CoarseTime(milliseconds: 1000))
            machine.requestLine(until: CoarseTime(milliseconds: 1000))
            _ = machine.refuse(ConnectionScene.response, before: remainder)
            return machine
        }
        func step(_ machine: inout ConnectionMachine, _ bytes: Int) -> String {
            guard case .step(let step) = machine.arrived(bytes: bytes) else { return "look" }
            return switch step {
            case .goOn: "go on"
            case .answer: "answer"
            case .answerAtOnce: "answer at once"
            case .close: "close"
            case .sleep: "sleep"
            }
        }
        var short = refusing(.shortBody)
        let limit = ConnectionMachine.refusedBytesMaximum
        let whole = step(&short, limit)
        var longer = short
        #expect([whole, step(&short, 0)] == ["go on", "answer"])
        #expect([step(&longer, 1)] == ["answer at once"])
        var long = refusing(.longBody)
        #expect([step(&long, ConnectionMachine.lingeringBytesMaximum - 1), step(&long, 1)] == ["go on", "close"])
    }
}
