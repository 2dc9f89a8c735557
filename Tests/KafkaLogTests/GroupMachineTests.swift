import EventLog
import EventLogContract
import EventModel
import Testing

@testable import KafkaLog

@Suite("Membership in the group of workers, decided without librdkafka")
struct GroupMachineTests {
    private let two = [PartitionIndex(1), PartitionIndex(2)]

    @Test("the handler gets partitions before they are confirmed, and loses them before others can get them")
    func rebalance() {
        var machine = MembershipMachine()
        #expect(machine.assigned(two.reversed()) == [.notify(.assigned(two)), .confirmAssignment])
        #expect(machine.held == Set(two))
        #expect(machine.revoked(isLost: false) == [.notify(.revoked(two)), .confirmRevocation])
        #expect(machine.held.isEmpty && machine.state == .joining)
    }

    @Test("a member that was not heard of has lost what it held")
    func lost() {
        var machine = MembershipMachine()
        _ = machine.assigned(two)
        #expect(machine.revoked(isLost: true) == [.notify(.lost(two)), .confirmRevocation])
    }

    @Test("a member that leaves gives back what it holds, once")
    func leaving() {
        var machine = MembershipMachine()
        _ = machine.assigned(two)
        #expect(machine.leave() == [.close])
        #expect(machine.leave() == [])
        #expect(machine.revoked(isLost: false) == [.notify(.revoked(two)), .confirmRevocation])
        #expect(machine.left() == [])
        #expect(machine.state == .left)
    }

    @Test("when the brokers do not answer a member that leaves, it gives back by itself")
    func leavingAlone() {
        var machine = MembershipMachine()
        _ = machine.assigned(two)
        _ = machine.leave()
        #expect(machine.left() == [.notify(.revoked(two))])
    }

    @Test("nothing is taken up while leaving, and the group is not held up by that")
    func lateAssignment() {
        var machine = MembershipMachine()
        _ = machine.leave()
        #expect(machine.assigned(two) == [.confirmAssignment])
        #expect(machine.held.isEmpty)
    }

    @Test("a member that the group drops loses everything, and may join again with a new consumer")
    func expelled() {
        var machine = MembershipMachine()
        let error = LogError(.unavailable, "fenced")
        _ = machine.assigned(two)
        #expect(machine.expelled(error) == [.notify(.lost(two)), .notify(.expelled(error)), .discard])
        #expect(machine.expelled(error) == [] && machine.held.isEmpty)
        machine.rejoined()
        #expect(machine.assigned(two) == [.notify(.assigned(two)), .confirmAssignment])
        _ = machine.expelled(error)
        let displaced = LogError(.inUse, "another worker")
        #expect(machine.failed(displaced) == [.notify(.failed(displaced))])
        machine.rejoined()
        #expect(machine.state == .failed && machine.leave() == [.close])
    }

    @Test("a member joins again soon, later each time, and soon again after it was a member for long")
    func backoff() {
        var backoff = RejoinBackoff(at: 0)
        for seconds in [1, 2, 4, 8, 8] as [Int64] {
            #expect(backoff.next(at: 5) == 5 + seconds * 1_000_000)
            backoff.joined(at: 5)
        }
        #expect(backoff.next(at: 5 + RejoinBackoff.stableMicroseconds) == 61_000_005)
    }

    @Test("a member that is refused loses everything, is notified of the reason, and can still leave")
    func failing() {
        var machine = MembershipMachine()
        let error = LogError(.inUse, "fenced")
        _ = machine.assigned(two)
        #expect(machine.failed(error) == [.notify(.lost(two)), .notify(.failed(error))])
        #expect(machine.failed(error) == [])
        #expect(machine.leave() == [.close])
    }

    @Test("in any order of events the handler gets and loses each partition by turns")
    func random() {
        var generator = SystemRandomNumberGenerator()
        let seed = generator.next()
        var random = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            var machine = MembershipMachine()
            var notified: Set<PartitionIndex> = []
            var isOver = false
            for step in 0..<40 {
                let partitions = (0..<6).filter { _ in Bool.random(using: &random) }.map { PartitionIndex(Int32($0)) }
                let actions =
                    switch Int.random(in: 0..<12, using: &random) {
                    case 0: machine.failed(LogError(.inUse, "x"))
                    case 1 where step > 30: machine.leave()
                    case 2 where step > 35: machine.left()
                    case 3..<7: machine.revoked(isLost: Bool.random(using: &random))
                    default: machine.assigned(partitions)
                    }
                for case .notify(let change) in actions {
                    #expect(!isOver || notified.isEmpty, "seed \(seed): notified after the end")
                    switch change {
                    case .assigned(let given):
                        #expect(notified.isDisjoint(with: given), "seed \(seed): given twice")
                        notified.formUnion(given)
                    case .revoked(let taken), .lost(let taken):
                        #expect(notified.isSuperset(of: taken), "seed \(seed): taken, but not held")
                        notified.subtract(taken)
                    case .expelled: break
                    case .failed: isOver = true
                    }
                }
                #expect(notified == machine.held, "seed \(seed)")
            }
        }
    }
}
