import EventLog
import EventLogContract
import EventModel
import Testing

@testable import KafkaLog

@Suite("Reading one partition, decided without librdkafka")
struct ReaderMachineTests {
    private static func offset(_ value: Int) -> LogOffset { LogOffset(Int64(value)) }

    /// The macro cannot change a machine itself.
    private static func failure(_ machine: inout ReaderMachine, at offset: Int = 0) -> LogError? {
        machine.takeFailure(at: Self.offset(offset))
    }

    /// A machine that fetches from `offset`.
    private func seeking(_ offset: Int) -> ReaderMachine {
        var machine = ReaderMachine(partition: PartitionIndex(3))
        #expect(machine.want(Self.offset(offset)) == true)
        #expect(machine.reconcile() == .startAt(Self.offset(offset)))
        return machine
    }

    @Test("nothing is fetched before somebody reads")
    func idle() {
        var machine = ReaderMachine(partition: PartitionIndex(0))
        #expect(machine.reconcile() == .stop)
        #expect(machine.fetched(.zero) == .drop)
        #expect(machine.next == nil)
    }

    @Test("records that follow each other are kept, and what was seen is dropped")
    func contiguous() {
        var machine = seeking(5)
        #expect(machine.fetched(Self.offset(4)) == .drop)
        for offset in 5..<9 { #expect(machine.fetched(Self.offset(offset)) == .keep) }
        #expect(machine.fetched(Self.offset(7)) == .drop)
        #expect(machine.next == Self.offset(9))
        #expect(machine.reconcile() == .leave)
    }

    @Test("after a seek, what was fetched before is dropped, even where it would fit a gap (DESIGN 4)")
    func seekDrops() {
        var machine = seeking(5)
        #expect(machine.fetched(Self.offset(5)) == .keep)
        #expect(machine.want(Self.offset(2)) == true)
        #expect(machine.fetched(Self.offset(6)) == .drop)
        #expect(machine.fetched(Self.offset(2)) == .drop)
        #expect(machine.reconcile() == .startAt(Self.offset(2)))
        #expect(machine.fetched(Self.offset(2)) == .keep)
    }

    @Test("fetching that stands still starts anew at the same offset; what is not fetched has nothing to start")
    func stalled() {
        var machine = seeking(5)
        #expect(machine.fetched(Self.offset(5)) == .keep)
        #expect(machine.stalled() == true)
        #expect(machine.reconcile() == .startAt(Self.offset(6)))
        #expect(machine.fetched(Self.offset(6)) == .keep)
        #expect(machine.filled() == true)
        #expect(machine.stalled() == false)
        #expect(machine.reconcile() == .stop)
    }

    @Test("wanting what is being fetched asks for nothing")
    func sameOffset() {
        var machine = seeking(5)
        #expect(machine.want(Self.offset(5)) == false)
        #expect(machine.fetched(Self.offset(5)) == .keep)
        #expect(machine.want(Self.offset(6)) == false)
    }

    @Test("a gap is sought once more, then the partition stops and names both offsets (DESIGN 4)")
    func gap() throws {
        var machine = seeking(5)
        #expect(machine.fetched(Self.offset(5)) == .keep)
        #expect(machine.fetched(Self.offset(9)) == .gap)
        #expect(machine.fetched(Self.offset(10)) == .drop)
        #expect(machine.reconcile() == .startAt(Self.offset(6)))
        #expect(machine.fetched(Self.offset(9)) == .gap)
        #expect(machine.reconcile() == .stop)
        let reported = machine.takeFailure(at: Self.offset(6))
        let failure = try #require(reported)
        #expect(failure.code == .recordsMissing && failure.missing == Self.offset(6)..<Self.offset(9))
        #expect(failure.message == "the records from 6 to 8 of partition 3 are missing")
        #expect(failure.hint?.contains("transactions") == true)
        #expect(Self.failure(&machine) == nil)
    }

    @Test("exactly the offsets that are declared as skipped may be missing, between records and at the end (SPEC 7.4)")
    func declaredGap() {
        var machine = seeking(5)
        machine.skips = [(6, 9), (10, 12)].map {
            LogSkip(first: Self.offset($0.0), next: Self.offset($0.1), reason: "", by: "", at: .earliest)
        }
        #expect(machine.fetched(Self.offset(5)) == .keep)
        #expect(machine.fetched(Self.offset(9)) == .keep)
        #expect(machine.reachedEnd(Self.offset(12)) == false)
        #expect(machine.next == Self.offset(12))
        #expect(machine.want(Self.offset(10)) == true && machine.reconcile() == .startAt(Self.offset(10)))
        #expect(machine.fetched(Self.offset(13)) == .gap)
    }

    @Test("a gap that is gone at the second look is none, and does not count for the next one")
    func healedGap() {
        var machine = seeking(5)
        #expect(machine.fetched(Self.offset(7)) == .gap)
        #expect(machine.reconcile() == .startAt(Self.offset(5)))
        for offset in 5..<8 { #expect(machine.fetched(Self.offset(offset)) == .keep) }
        #expect(machine.fetched(Self.offset(9)) == .gap)
        #expect(machine.reconcile() == .startAt(Self.offset(8)))
    }

    @Test("an end behind the next offset is a gap too: markers of transactions take offsets")
    func gapAtTheEnd() {
        var machine = seeking(5)
        #expect(machine.reachedEnd(Self.offset(5)) == false)
        #expect(machine.reachedEnd(Self.offset(6)) == true)
        #expect(machine.reconcile() == .startAt(Self.offset(5)))
        #expect(machine.reachedEnd(Self.offset(6)) == true)
        #expect(Self.failure(&machine, at: 5)?.code == .recordsMissing)
    }

    @Test("what is missing is told to who reads there; a reader elsewhere is served")
    func gapElsewhere() {
        var machine = seeking(4)
        #expect(machine.fetched(Self.offset(4)) == .keep)
        for _ in 0..<2 {
            #expect(machine.fetched(Self.offset(6)) == .gap)
            _ = machine.reconcile()
        }
        #expect(Self.failure(&machine, at: 4) == nil)
        #expect(machine.want(Self.offset(4)) == true && machine.reconcile() == .startAt(Self.offset(4)))
    }

    @Test("a full buffer stops fetching, and fetching goes on where it stopped")
    func backPressure() {
        var machine = seeking(0)
        #expect(machine.fetched(.zero) == .keep)
        #expect(machine.filled() == true)
        #expect(machine.filled() == false)
        #expect(machine.reconcile() == .stop)
        #expect(machine.fetched(Self.offset(1)) == .drop)
        #expect(machine.drained() == true)
        #expect(machine.drained() == false)
        #expect(machine.reconcile() == .startAt(Self.offset(1)))
        #expect(machine.fetched(Self.offset(1)) == .keep)
    }

    @Test("an offset that is gone is reported with start and end", arguments: [(10, 20), (0, 4)])
    func outOfRange(start: Int, end: Int) throws {
        var machine = seeking(5)
        #expect(machine.denied() == true)
        #expect(machine.denied() == false)
        #expect(machine.reconcile() == .stop)
        #expect(machine.rangeKnown(start: Self.offset(start), end: Self.offset(end)) == true)
        let reported = machine.takeFailure(at: .zero)
        let failure = try #require(reported)
        #expect(failure.code == .outOfRange)
        #expect(failure.message.contains("offset 5 of partition 3"))
        #expect(failure.message.contains("from \(start) to \(end)"))
        #expect(failure.hint != nil)
    }

    @Test("an offset that is there after all is sought again, but not for ever")
    func deniedWrongly() {
        var machine = seeking(5)
        for _ in 1..<ReaderMachine.denialsMaximum {
            #expect(machine.denied() == true)
            #expect(machine.rangeKnown(start: .zero, end: Self.offset(9)) == true)
            #expect(machine.reconcile() == .startAt(Self.offset(5)))
        }
        #expect(machine.denied() == true)
        _ = machine.rangeKnown(start: .zero, end: Self.offset(9))
        #expect(Self.failure(&machine)?.code == .outOfRange)
    }

    @Test("a topic that stays unknown is reported, one that comes back is not")
    func unknownTopic() {
        var machine = seeking(5)
        #expect(machine.denied() == true)
        machine.topicUnknown("t")
        #expect(machine.rangeKnown(start: .zero, end: Self.offset(9)) == true)
        #expect(machine.reconcile() == .startAt(Self.offset(5)))
        #expect(machine.fetched(Self.offset(5)) == .keep)
        #expect(machine.denied() == true)
        for _ in 0..<ReaderMachine.denialsMaximum { machine.topicUnknown("t") }
        #expect(Self.failure(&machine)?.message == "the topic t does not exist any more")
    }

    @Test("after a failure was reported, reading can be tried again")
    func again() {
        var machine = seeking(5)
        machine.fail(LogError(.unavailable, "first"))
        machine.fail(LogError(.unavailable, "second"))
        #expect(machine.want(Self.offset(5)) == false)
        #expect(Self.failure(&machine)?.message == "first")
        #expect(machine.want(Self.offset(5)) == true)
    }

    @Test("what nobody reads is forgotten, a failure is not")
    func forgetting() {
        var machine = seeking(5)
        #expect(machine.forget() == true)
        #expect(machine.forget() == false)
        #expect(machine.reconcile() == .stop)
        machine.fail(LogError(.unavailable, "x"))
        #expect(machine.forget() == false)
        #expect(Self.failure(&machine) != nil)
    }

    @Test("whatever happens in whatever order, what is kept is contiguous from the wanted offset on")
    func random() {
        var generator = SystemRandomNumberGenerator()
        let seed = generator.next()
        var random = SeededGenerator(seed: seed)
        var machine = ReaderMachine(partition: PartitionIndex(0))
        /// The next record of a library that fetches as asked, with hiccups.
        var source: Int64?
        var expected: LogOffset?
        var kept = 0
        // At least twenty thousand steps, and as many more as it takes until enough was kept.
        for step in 0..<1_000_000 where step < 20_000 || kept <= 500 {
            switch Int.random(in: 0..<40, using: &random) {
            case 0:
                let wanted = LogOffset(Int64.random(in: 0..<1000, using: &random))
                if machine.want(wanted) { expected = wanted }
            case 1: _ = machine.filled()
            case 2: _ = machine.drained()
            case 3: if machine.denied() { _ = machine.rangeKnown(start: .zero, end: LogOffset(.max)) }
            case 4: if machine.forget() { expected = nil }
            case 5: if machine.takeFailure(at: .zero) != nil { expected = nil }
            case 6: if let at = source { source = max(0, at + Int64.random(in: -3...3, using: &random)) }
            case 7...20:
                switch machine.reconcile() {
                case .startAt(let offset): source = offset.value
                case .stop: source = nil
                case .leave: break
                }
            default:
                guard let at = source else { continue }
                source = at + 1
                let next = machine.next
                guard machine.fetched(LogOffset(at)) == .keep else { continue }
                kept += 1
                #expect(next == LogOffset(at) && next == expected, "seed \(seed)")
                expected = LogOffset(at + 1)
            }
        }
        #expect(kept > 500, "seed \(seed) kept \(kept)")
    }
}
