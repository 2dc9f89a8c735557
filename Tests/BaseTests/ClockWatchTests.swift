// Layer: machine. A machine's clock as the kernel, an operator and the log's stamps see it (SPEC 2.9, 5.8).
import Clocks
import EventModel
import Testing

/// A host whose wall clock can be set, and the watch over it.
private struct Host {
    static let start = Timestamp(microseconds: 1_768_197_600_000_000)
    var wall = start
    var elapsed = MonotonicTime(microseconds: 5_000_000)
    var kernel = ClockSynchronisation.unsynchronised
    var watch: ClockWatch

    init(_ kernel: ClockSynchronisation = .unsynchronised) {
        self.kernel = kernel
        watch = ClockWatch(ClockReading(wall: wall, elapsed: elapsed, synchronisation: kernel))
    }

    @discardableResult
    mutating func pass(seconds: Double) -> ClockEvent? {
        let microseconds = Int64(seconds * 1_000_000)
        wall = wall + microseconds
        elapsed = MonotonicTime(microseconds: elapsed.microseconds + microseconds)
        return read()
    }

    @discardableResult
    mutating func set(by seconds: Int64) -> ClockEvent? {
        wall = wall + seconds * Microseconds.second
        return read()
    }

    mutating func read() -> ClockEvent? {
        watch.observe(ClockReading(wall: wall, elapsed: elapsed, synchronisation: kernel))
    }

    func seconds(_ seconds: Int64) -> Timestamp { Host.start + seconds * Microseconds.second }
}

@Suite("A watched clock") struct ClockWatchTests {
    private let minute: Int64 = 60
    private let halfYear: Int64 = 182 * 86_400

    @Test("a clock that keeps step is believed, synchronised or not, for hours and with its usual drift")
    func steady() {
        for kernel in [ClockSynchronisation.unsynchronised, .unknown, .synchronised] {
            var host = Host(kernel)
            for _ in 0..<10_000 {
                #expect(host.pass(seconds: 1) == nil)
                // 400 parts in a million, 4 s in the end.
                host.wall = host.wall + 400
            }
            #expect(host.watch.jump == nil && host.watch.certain.era == 0)
            #expect(abs(host.watch.certain.time - host.wall) <= ClockWatch.toleranceMicroseconds)
        }
    }

    @Test("a clock that is set by more than 2 s, or creeps there, is in doubt, and said once (SPEC 2.9)")
    func jump() {
        var host = Host()
        #expect(host.set(by: 2) == nil)
        #expect(host.set(by: 18) == .jumped(20 * Microseconds.second, isBelieved: false))
        #expect(host.pass(seconds: 1) == nil && host.watch.jump != nil)
        #expect(host.set(by: 60) == .jumped(80 * Microseconds.second, isBelieved: false))
        #expect(host.set(by: -80) == .believedAgain)
        var creeping = Host()
        var events: [ClockEvent] = []
        for _ in 0..<10 {
            creeping.wall = creeping.wall + 900_000
            if let event = creeping.pass(seconds: 1) { events.append(event) }
        }
        #expect(events.count == 3, "each time another 2 s: \(events)")
    }

    @Test("a jump that the kernel vouches for is said and believed (SPEC 2.9)")
    func synchronised() {
        var host = Host(.synchronised)
        #expect(host.set(by: -600) == .jumped(-600 * Microseconds.second, isBelieved: true))
        #expect(host.watch.jump == nil)
        host.kernel = .unsynchronised
        host.set(by: 600)
        #expect(host.watch.jump == 600 * Microseconds.second)
        host.kernel = .synchronised
        #expect(host.read() == .jumped(600 * Microseconds.second, isBelieved: true))
        #expect(host.watch.jump == nil)
    }

    @Test(
        "up to 30 s behind the newest record its time is kept; beyond, only kernel or operator set time back (SPEC 2.9)"
    )
    func verdicts() {
        var host = Host()
        let near = host.seconds(30)
        let far = near + 1
        #expect(host.watch.verdict(newestStamp: near) == .stamp)
        #expect(host.watch.verdict(newestStamp: far) == .refuse)
        host.kernel = .unknown
        _ = host.read()
        #expect(host.watch.verdict(newestStamp: far) == .refuse)
        host.kernel = .synchronised
        _ = host.read()
        #expect(host.watch.verdict(newestStamp: near) == .stamp)
        #expect(host.watch.verdict(newestStamp: far) == .setBack(SetBackCause(.synchronised)))
        host.kernel = .unsynchronised
        _ = host.read()
        #expect(host.watch.verdict(newestStamp: far) == .refuse)
        host.watch.accept(by: Array("key-1".utf8))
        let confirmed = ClockVerdict.setBack(SetBackCause(.confirmed, by: Array("key-1".utf8)))
        #expect(host.watch.verdict(newestStamp: far) == confirmed)
        host.pass(seconds: 3600)
        #expect(host.watch.verdict(newestStamp: host.wall + 31 * Microseconds.second) == confirmed)
    }

    @Test("an operator's word ends with the next jump (SPEC 2.9)")
    func confirmation() {
        var host = Host()
        host.set(by: halfYear)
        host.watch.accept(by: [])
        #expect(host.watch.jump == nil)
        let ahead = host.wall + 3600 * Microseconds.second
        #expect(host.watch.verdict(newestStamp: ahead) == .setBack(SetBackCause(.confirmed)))
        host.set(by: -600)
        #expect(host.watch.verdict(newestStamp: ahead) == .refuse)
        // Back again it is believed, but nobody has said that it is right against the log.
        #expect(host.set(by: 600) == .believedAgain)
        #expect(host.watch.verdict(newestStamp: ahead) == .refuse)
    }

    @Test("what is certain never follows a doubtful jump forward, and follows every one back at once (SPEC 5.8)")
    func certain() {
        var host = Host()
        host.set(by: halfYear)
        host.pass(seconds: 10)
        #expect(host.watch.certain.time == host.seconds(10) && host.watch.certain.era == 0)
        host.set(by: -halfYear - 600)
        #expect(host.watch.certain.time == host.seconds(10 - 600) && host.watch.certain.era == 1)
        host.watch.accept(by: [])
        host.pass(seconds: 5)
        #expect(host.watch.certain.time == host.seconds(15 - 600) && host.watch.certain.era == 1)
    }

    @Test("a believed jump forward becomes certain once what was stamped before it is appended (SPEC 2.8, 5.8)")
    func held() {
        var host = Host(.synchronised)
        host.set(by: 600)
        host.pass(seconds: 39)
        #expect(host.watch.certain.time == host.seconds(39))
        host.set(by: 600)
        host.pass(seconds: 39)
        #expect(host.watch.certain.time == host.seconds(78), "the time before the first of the two counts")
        host.pass(seconds: 1)
        #expect(host.watch.certain.time == host.seconds(79 + 1200) && host.watch.certain.era == 0)
    }

    @Test("the machine's clock can be read, its count of time rises, and the kernel is asked only where that is wanted")
    func system() {
        let clock = SystemClock()
        let first = clock.reading(asksKernel: false)
        let second = clock.reading(asksKernel: true)
        #expect(first.synchronisation == nil && second.synchronisation != nil)
        #expect(first.elapsed <= second.elapsed && first.elapsed.microseconds > 0)
    }
}
