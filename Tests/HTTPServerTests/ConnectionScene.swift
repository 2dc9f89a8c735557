@testable import HTTPServer

/// A connection with its library, its handler, a holder of its exchange and the watchman: everything that may happen to
/// it, in any order that the library's own order of calls allows.
struct ConnectionScene {
    /// What may happen. The first ones are the connection's thread's, which does one thing after the other; the last ones
    /// come from other threads, at any time.
    enum Input: CaseIterable {
        case requestLine, head, accept, refuseNothing, refuseShort, refuseLong
        case part, largePart, keepPart, refusePart, bodyEnd, refuseEnd, handle, respond, suspend, stream, ended
        case complete, completeOld, abandon, expire, endArrival, cutStream
    }

    /// What the connection's thread is about.
    enum Library {
        case idle, headDue, judging, body, partDue, bodyDone, handling, settling, asleep, awake, answering, streaming,
            closed
    }

    static let response = HTTPResponse(status: 200)
    var machine = ConnectionMachine(until: CoarseTime(milliseconds: 0))
    var library = Library.idle
    /// Rules that were broken.
    var broken: Set<String> = []
    /// How often this request's client was told something.
    private var answers = 0
    private var generation: UInt64 = 0
    private var oldGeneration: UInt64 = 0
    private var isCompleted = false
    private var now: UInt64 = 0
    private let body = ResponseStream()

    init() {}

    /// What is after these inputs, each of which must be possible.
    static func after(_ inputs: [Input]) -> ConnectionScene {
        var scene = ConnectionScene()
        for input in inputs where !scene.happen(input) { scene.broken.insert("\(input) is not possible") }
        return scene
    }

    /// - Returns: False where this cannot happen now.
    mutating func happen(_ input: Input) -> Bool {
        let isPossible = happenOnConnection(input) ?? happenElsewhere(input)
        if isPossible { check() }
        return isPossible
    }

    /// Scenes with the same key go on in the same way.
    var key: String { "\(stateName) \(library) \(answers) \(isCompleted) \(generation > oldGeneration)" }

    var stateName: String {
        switch machine.state {
        case .waiting: "waiting"
        case .head: "head"
        case .body: "body"
        case .refused: "refused"
        case .lingering: "lingering"
        case .late: "late"
        case .handling: "handling"
        case .early: "early"
        case .settled: "settled"
        case .asleep: "asleep"
        case .awake: "awake"
        case .answering: "answering"
        case .streaming: "streaming"
        case .cut: "cut"
        }
    }

    /// - Returns: nil where the input is another thread's.
    private mutating func happenOnConnection(_ input: Input) -> Bool? {
        switch (input, library) {
        case (.requestLine, .idle):
            machine.requestLine(until: CoarseTime(milliseconds: now))
            (library, answers, isCompleted, oldGeneration) = (.headDue, 0, false, generation)
        case (.head, .headDue): arrive(0)
        case (.accept, .judging): perform(machine.acceptHead(), next: .body)
        case (.refuseNothing, .judging): perform(machine.refuse(Self.response, before: .nothing), next: .body)
        case (.refuseShort, .judging): perform(machine.refuse(Self.response, before: .shortBody), next: .body)
        case (.refuseLong, .judging): perform(machine.refuse(Self.response, before: .longBody), next: .body)
        case (.part, .body): arrive(1)
        case (.largePart, .body): arrive(ConnectionMachine.lingeringBytesMaximum)
        case (.keepPart, .partDue): library = .body
        case (.refusePart, .partDue): perform(machine.refuse(Self.response, before: .longBody), next: .body)
        case (.bodyEnd, .body), (.bodyEnd, .settling), (.bodyEnd, .awake): arrive(0)
        case (.refuseEnd, .bodyDone): perform(machine.refuse(Self.response, before: .nothing), next: .closed)
        case (.handle, .bodyDone):
            guard let next = machine.beginHandling() else {
                library = .closed
                return true
            }
            (generation, library) = (next, .handling)
        case (.respond, .handling):
            // A handler that answers has not completed its exchange.
            guard !isCompleted else { return false }
            perform(machine.respond(Self.response), next: .closed)
        case (.suspend, .handling):
            perform(machine.suspend(), next: .settling)
        case (.stream, .answering):
            machine.startStreaming(body)
            library = .streaming
        case (.ended, .idle), (.ended, .asleep): return false
        case (.ended, _):
            let isStreaming = stateName == "streaming"
            let stream = machine.ended(nextUntil: CoarseTime(milliseconds: now))
            demand((stream != nil) == isStreaming, "a writer that is not told")
            let isUsable = library == .answering || library == .streaming
            library = isUsable && stateName == "waiting" ? .idle : .closed
        case (.complete, _), (.completeOld, _), (.abandon, _), (.expire, _), (.endArrival, _), (.cutStream, _):
            return nil
        default: return false
        }
        return true
    }

    private mutating func happenElsewhere(_ input: Input) -> Bool {
        switch input {
        case .complete:
            guard generation > oldGeneration, !isCompleted else { return false }
            isCompleted = true
            wake(machine.complete(generation, Self.response) == .wake)
        case .completeOld:
            let before = stateName
            demand(machine.complete(oldGeneration, Self.response) == .tooLate, "an old exchange counts")
            demand(stateName == before, "an old exchange changes something")
        case .abandon: wake(machine.abandon(Self.response))
        case .expire:
            now += 10_000
            let before = stateName
            let expiry = machine.expire(at: CoarseTime(milliseconds: now))
            if case .tell = expiry { answers += 1 }
            let expects = ["waiting", "head", "body", "refused", "lingering", "late"].contains(before)
            demand((expiry != nil) == expects, "time is up for \(before)")
        case .endArrival:
            let isOnItsWay = ["head", "body", "refused"].contains(stateName)
            let expiry = machine.endArrival(Self.response, at: CoarseTime(milliseconds: now))
            if expiry != nil { answers += 1 }
            demand((expiry != nil) == isOnItsWay, "a stop that does not end what is on its way")
        case .cutStream:
            guard library == .streaming else { return false }
            machine.cutStream()
        default: return false
        }
        return true
    }

    private mutating func arrive(_ bytes: Int) {
        switch machine.arrived(bytes: bytes) {
        case .head: library = .judging
        case .bodyPart: library = .partDue
        case .bodyEnd: library = .bodyDone
        case .step(let step): perform(step, next: .body)
        }
    }

    private mutating func perform(_ step: ConnectionMachine.Step, next: Library) {
        switch step {
        case .goOn: library = next
        case .close: library = .closed
        case .sleep: library = .asleep
        case .answer:
            answers += 1
            library = .answering
        case .answerAtOnce:
            answers += 1
            library = .body
        }
    }

    private mutating func wake(_ wakes: Bool) {
        demand(!wakes || library == .asleep, "woken while awake")
        if wakes { library = .awake }
    }

    private mutating func check() {
        demand(answers <= 1, "two answers to one request")
        demand((library == .asleep) == (stateName == "asleep"), "sleep that one side does not know of")
        demand((library == .streaming) == (stateName == "streaming") || stateName == "cut", "a stream nobody knows of")
        demand(!(library == .answering) || answers == 1, "no answer to a request")
    }

    private mutating func demand(_ condition: Bool, _ rule: String) {
        if !condition { broken.insert(rule) }
    }
}
