import Testing

@testable import HTTPServer

/// The state machines alone, without sockets: every order of events, which a running server cannot be made to take.
@Suite("Life cycles")
struct LifeCycleTests {
    private let early = HTTPResponse(status: 201)
    private let late = HTTPResponse(status: 202)

    @Test("completed while asleep: woken once, answered once")
    func asleep() {
        let machine = Machine()
        let generation = machine.begin()
        #expect(machine.suspend() == nil)
        #expect(machine.complete(generation, early))
        #expect(!machine.complete(generation, late))
        #expect(!machine.abandon(late))
        #expect(machine.take()?.status == 201)
        #expect(machine.take() == nil)
    }

    @Test("completed before the handler returned: never put to sleep")
    func beforeSleep() {
        let machine = Machine()
        let generation = machine.begin()
        #expect(!machine.complete(generation, early))
        #expect(!machine.abandon(late))
        #expect(machine.suspend()?.status == 201)
        #expect(machine.take() == nil)
    }

    @Test("abandoned while asleep: woken once, and a completion afterwards counts for nothing")
    func abandoned() {
        let machine = Machine()
        let generation = machine.begin()
        #expect(machine.suspend() == nil)
        #expect(machine.abandon(early))
        #expect(!machine.abandon(late))
        #expect(!machine.complete(generation, late))
        #expect(machine.take()?.status == 201)
    }

    @Test("an exchange of an earlier request cannot answer a later one on the same connection")
    func earlierGeneration() {
        let machine = Machine()
        let first = machine.begin()
        machine.finish()
        #expect(!machine.complete(first, early))
        let second = machine.begin()
        #expect(machine.suspend() == nil)
        #expect(!machine.complete(first, early))
        #expect(machine.complete(second, late))
        #expect(machine.take()?.status == 202)
    }

    @Test("a request expires at its deadline, not before, once, and never while it is answered")
    func watch() {
        let watch = Watch(until: 1000)
        #expect(watch.expire(at: 999) == nil)
        #expect(watch.enter(.reading))
        #expect(watch.expire(at: 999) == nil)
        #expect(watch.enter(.answering))
        #expect(watch.expire(at: 5000) == nil)
        #expect(watch.enter(.waiting, until: 6000))
        #expect(watch.expire(at: 5999) == nil)
        #expect(watch.expire(at: 6000) == .waiting)
        #expect(watch.expire(at: 6000) == nil)
        #expect(watch.phase == .expired)
        #expect(!watch.enter(.reading, until: 9000))
    }

    @Test("a request that is read too late has a moment to hear so, and is then cut")
    func farewell() {
        let watch = Watch(until: 1000)
        #expect(watch.enter(.reading))
        #expect(watch.expire(at: 1000) == .reading)
        #expect(watch.phase == .late)
        #expect(!watch.enter(.answering))
        #expect(watch.expire(at: 1999) == nil)
        #expect(watch.expire(at: 2000) == .late)
        #expect(watch.phase == .expired)
    }

    @Test("memory taken beyond the budget is refused and not counted")
    func budget() {
        let budget = MemoryBudget(bytesMaximum: 100)
        #expect(budget.take(60))
        #expect(!budget.take(41))
        #expect(budget.take(40))
        #expect(!budget.take(1))
        budget.release(60)
        #expect(budget.take(60))
    }
}

/// The machine as an object, which `#expect` can send messages to.
private final class Machine {
    private var machine = AnswerMachine()

    func begin() -> UInt64 { machine.begin() }
    func finish() { machine.finish() }
    func suspend() -> HTTPResponse? { machine.suspend() }
    func complete(_ generation: UInt64, _ response: HTTPResponse) -> Bool { machine.complete(generation, response) }
    func abandon(_ response: HTTPResponse) -> Bool { machine.abandon(response) }
    func take() -> HTTPResponse? { machine.take() }
}

/// The watch as an object, for the same reason.
private final class Watch {
    private let watch: RequestWatch

    init(until deadline: UInt64) { watch = RequestWatch(until: deadline) }

    var phase: RequestWatch.Phase { watch.phase }
    func enter(_ phase: RequestWatch.Phase, until deadline: UInt64? = nil) -> Bool {
        watch.enter(phase, until: deadline)
    }
    func expire(at now: UInt64) -> RequestWatch.Phase? { watch.expire(at: now) }
}
