import Testing

@testable import HTTPServer

/// The machine of a stream alone, without sockets.
@Suite("Machine of a stream")
struct StreamMachineTests {
    @Test("in every order of what can happen bytes keep their order, nobody sleeps on bytes, and the budget is kept")
    func allOrders() {
        var reached: Set<String> = []
        var broken: Set<String> = []
        func explore(_ history: [StreamScene.Input]) {
            var scene = StreamScene()
            for input in history { guard scene.happen(input) else { return } }
            reached.insert(scene.stateName)
            broken.formUnion(scene.broken)
            guard history.count < 6 else { return }
            for input in StreamScene.Input.allCases { explore(history + [input]) }
        }
        explore([])
        #expect(broken.isEmpty)
        #expect(reached == ["detached", "reading", "asleep", "ending", "closed"])
    }

    @Test("a write that comes after the library found nothing wakes, one that comes before is taken")
    func writeAgainstSleep() {
        let early = StreamScene.after([.attach, .writeOne, .take])
        #expect(early.library == .awake)
        #expect(early.received == [0])
        #expect(StreamScene.after([.attach, .take]).library == .asleep)
        let late = StreamScene.after([.attach, .take, .writeOne])
        #expect(late.library == .awake)
        #expect(late.broken.isEmpty)
    }

    @Test("a stream ends as finished only when the library has handed everything on")
    func ends() {
        func end(_ inputs: [StreamScene.Input]) -> StreamEnd? { StreamScene.after(inputs).machine.end }
        #expect(end([.attach, .writeOne, .finish]) == nil)
        #expect(end([.attach, .writeOne, .finish, .take, .lose]) == .clientGone)
        #expect(end([.attach, .writeOne, .finish, .take, .take, .lose]) == .finished)
        #expect(end([.attach, .writeOne, .lose]) == .clientGone)
        #expect(end([.attach, .writeOne, .stop]) == .serverStopping)
        #expect(end([.attach, .writeOne, .stop, .lose]) == .serverStopping)
        #expect(end([.attach, .finish, .stop]) == nil)
        #expect(end([.lose, .stop, .finish]) == .clientGone)
    }

    @Test("a client is stalled when it takes nothing of what is there, not when nothing is there")
    func stalled() {
        let bench = StreamBench(bufferBytesMaximum: 100)
        #expect(!bench.isStalled(at: 9999))
        #expect(bench.attach(at: 1000))
        #expect(!bench.isStalled(at: 1049))
        #expect(bench.isStalled(at: 1050))
        #expect(bench.take(10, at: 1020) == .sleep)
        #expect(!bench.isStalled(at: 9999))
        #expect(bench.write([1, 2], at: 2000) == .accepted(wakes: true))
        #expect(!bench.isStalled(at: 2049))
        #expect(bench.isStalled(at: 2050))
        #expect(bench.take(10, at: 2040) == .bytes(2))
        #expect(!bench.isStalled(at: 2089))
        #expect(!bench.finish(at: 2089))
        #expect(bench.isStalled(at: 2090))
        #expect(bench.close() == .stalled)
        #expect(!bench.isStalled(at: 9999))
    }

    @Test("many small writes are joined, and keep their order with large ones between")
    func joined() {
        let bench = StreamBench(bufferBytesMaximum: 1 << 20)
        #expect(bench.attach(at: 1))
        var expected: [UInt8] = []
        for number in 0..<2000 {
            let block = [UInt8](
                repeating: UInt8(truncatingIfNeeded: number), count: number % 100 == 0 ? 3000 : number % 9)
            expected += block
            #expect(bench.write(block, at: 1) == .accepted(wakes: false))
        }
        while case .bytes = bench.take(777, at: 1) {}
        #expect(bench.taken == expected)
    }
}

/// The machine as an object, which `#expect` can send messages to.
private final class StreamBench {
    private var machine: StreamMachine
    private(set) var taken: [UInt8] = []

    init(bufferBytesMaximum: Int) { machine = StreamMachine(bufferBytesMaximum: bufferBytesMaximum) }

    private func time(_ milliseconds: UInt64) -> CoarseTime { CoarseTime(milliseconds: milliseconds) }

    func attach(at now: UInt64) -> Bool { machine.attach(Budget(maximum: 1 << 20), at: time(now)) }
    func write(_ block: [UInt8], at now: UInt64) -> StreamMachine.Written { machine.write(block, at: time(now)) }
    func finish(at now: UInt64) -> Bool { machine.finish(.finished, at: time(now)) }
    func close() -> StreamEnd? { machine.close(.stalled)?.end }
    func isStalled(at now: UInt64) -> Bool { machine.isStalled(at: time(now), milliseconds: 50) }

    func take(_ count: Int, at now: UInt64) -> StreamMachine.Taken {
        var buffer = [UInt8](repeating: 0, count: count)
        let result = buffer.withUnsafeMutableBytes { machine.take(into: $0, at: time(now)) }
        if case .bytes(let count) = result { taken += buffer[..<count] }
        return result
    }
}

/// A stream with its writer and its library. The library asks only while its connection is awake.
struct StreamScene {
    /// What may happen, from any thread.
    enum Input: CaseIterable {
        case writeOne, writeThree, writeTooMuch, finish, stop, attach, take, lose
    }

    enum Library { case absent, awake, asleep, done }

    var machine = StreamMachine(bufferBytesMaximum: 4)
    var library = Library.absent
    var received: [UInt8] = []
    /// Rules that were broken.
    var broken: Set<String> = []
    private let budget = Budget(maximum: 5)
    private var written: [UInt8] = []
    private var wasAttached = false
    private static let now = CoarseTime(milliseconds: 1000)

    init() {}

    /// What is after these inputs, each of which must be possible.
    static func after(_ inputs: [Input]) -> StreamScene {
        var scene = StreamScene()
        for input in inputs where !scene.happen(input) { scene.broken.insert("\(input) is not possible") }
        return scene
    }

    /// - Returns: False where this cannot happen now.
    mutating func happen(_ input: Input) -> Bool {
        switch input {
        case .writeOne: write(1)
        case .writeThree: write(3)
        case .writeTooMuch: write(7)
        case .finish: wake(machine.finish(.finished, at: Self.now))
        case .stop: wake(machine.finish(.serverStopping, at: Self.now))
        case .attach:
            guard library == .absent else { return false }
            wasAttached = machine.attach(budget, at: Self.now)
            library = wasAttached ? .awake : .done
        case .take:
            guard library == .awake else { return false }
            take()
        case .lose: wake(machine.close(.clientGone)?.wakes ?? false)
        }
        check()
        return true
    }

    var stateName: String {
        switch machine.state {
        case .detached: "detached"
        case .reading: "reading"
        case .asleep: "asleep"
        case .ending: "ending"
        case .closed: "closed"
        }
    }

    private mutating func write(_ count: Int) {
        let block = (0..<count).map { UInt8(truncatingIfNeeded: written.count + $0) }
        switch machine.write(block, at: Self.now) {
        case .accepted(let wakes):
            written += block
            wake(wakes)
        case .full: demand(machine.bufferedBytes > 0 || count > budget.maximum, "full while there is room")
        case .closed: demand(["ending", "closed"].contains(stateName), "closed while open")
        }
    }

    private mutating func wake(_ wakes: Bool) {
        demand(!wakes || library == .asleep, "woken while awake")
        if wakes { library = .awake }
    }

    private mutating func take() {
        var buffer = [UInt8](repeating: 0, count: 2)
        switch buffer.withUnsafeMutableBytes({ machine.take(into: $0, at: Self.now) }) {
        case .bytes(let count):
            demand(count > 0, "asked again at once")
            received += buffer[..<count]
        case .sleep: library = .asleep
        case .end:
            demand(received == written, "ended before its end")
            library = .done
        case .failed: library = .done
        }
    }

    private mutating func check() {
        demand(written.starts(with: received), "bytes out of order")
        demand((library == .asleep) == (stateName == "asleep"), "sleep that one side does not know of")
        demand(library != .asleep || machine.bufferedBytes == 0, "asleep on bytes")
        demand(
            machine.bufferedBytes == (stateName == "closed" ? 0 : written.count - received.count), "bytes miscounted")
        demand(machine.takenBytes == received.count, "taken bytes miscounted")
        demand(budget.inUse == (wasAttached ? machine.bufferedBytes : 0), "budget miscounted")
    }

    private mutating func demand(_ condition: Bool, _ rule: String) {
        if !condition { broken.insert(rule) }
    }
}
