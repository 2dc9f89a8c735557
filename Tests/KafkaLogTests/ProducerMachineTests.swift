import EventLog
import Testing

@testable import KafkaLog

@Suite struct ProducerMachineTests {
    private typealias Machine = ProducerMachine<Int>

    private func machine(records: Int = 10, bytes: Int = 1000) -> Machine {
        var limits = ProducerLimits()
        limits.inFlightRecordsMaximum = records
        limits.inFlightBytesMaximum = bytes
        return Machine(limits)
    }

    @Test("records beyond the limit are refused until one is through")
    func recordLimit() throws {
        var machine = machine(records: 2)
        let first = try machine.admit(bytes: 1, 1)
        _ = try machine.admit(bytes: 1, 2)
        #expect(throws: Machine.Refusal.full) { try machine.admit(bytes: 1, 3) }
        #expect(machine.finish(first) == 1)
        _ = try machine.admit(bytes: 1, 3)
        #expect(machine.inFlightRecords == 2)
    }

    @Test("bytes beyond the limit are refused, but a large record goes alone")
    func byteLimit() throws {
        var machine = machine(bytes: 100)
        let large = try machine.admit(bytes: 500, 1)
        #expect(throws: Machine.Refusal.full) { try machine.admit(bytes: 1, 2) }
        _ = machine.finish(large)
        _ = try machine.admit(bytes: 60, 2)
        #expect(throws: Machine.Refusal.full) { try machine.admit(bytes: 41, 3) }
        _ = try machine.admit(bytes: 40, 3)
        #expect(machine.inFlightBytes == 100)
    }

    @Test("a ticket is answered once, also when its slot is used again")
    func tickets() throws {
        var machine = machine()
        let first = try machine.admit(bytes: 1, 1)
        #expect(machine.finish(first) == 1)
        #expect(machine.finish(first) == nil)
        let second = try machine.admit(bytes: 1, 2)
        #expect(second != first)
        #expect(machine.finish(first) == nil)
        #expect(machine.finish(second) == 2)
        #expect(machine.finish(Machine.Ticket(rawValue: 99)) == nil)
    }

    @Test("a fatal error answers everything on its way and asks for a new client")
    func fatalError() throws {
        var machine = machine()
        let ticket = try machine.admit(bytes: 1, 1)
        _ = try machine.admit(bytes: 1, 2)
        #expect(machine.failed(now: 5).sorted() == [1, 2])
        #expect(machine.inFlightBytes == 0)
        #expect(throws: Machine.Refusal.recreating) { try machine.admit(bytes: 1, 3) }
        guard case .recreate = machine.next(now: 5) else { throw Unexpected() }
        machine.recreationFailed(now: 5)
        guard case .wait(1000) = machine.next(now: 5) else { throw Unexpected() }
        guard case .recreate = machine.next(now: 1005) else { throw Unexpected() }
        let isNeeded = machine.recreated()
        #expect(isNeeded)
        #expect(machine.finish(ticket) == nil)
        _ = try machine.admit(bytes: 1, 3)
        guard case .poll = machine.next(now: 1006) else { throw Unexpected() }
    }

    @Test("closing waits for reports, then purges, then answers the rest")
    func closing() throws {
        var machine = machine()
        let first = try machine.admit(bytes: 1, 1)
        _ = try machine.admit(bytes: 1, 2)
        machine.close(deadline: 100)
        #expect(throws: Machine.Refusal.closed) { try machine.admit(bytes: 1, 3) }
        guard case .poll(milliseconds: 100) = machine.next(now: 0) else { throw Unexpected() }
        #expect(machine.finish(first) == 1)
        guard case .purge = machine.next(now: 100) else { throw Unexpected() }
        guard case .poll = machine.next(now: 101) else { throw Unexpected() }
        guard case .end(let rest) = machine.next(now: 5000) else { throw Unexpected() }
        #expect(rest == [2])
        #expect(machine.state == .closed)
    }

    @Test("closing ends at once when nothing is on its way")
    func closingIdle() throws {
        var machine = machine()
        machine.close(deadline: 100)
        guard case .end(let rest) = machine.next(now: 0) else { throw Unexpected() }
        #expect(rest.isEmpty)
    }

    @Test("a producer that is closed while it is restarted ends")
    func closingWhileRestarting() throws {
        var machine = machine()
        _ = machine.failed(now: 0)
        machine.close(deadline: 100)
        let isNeeded = machine.recreated()
        #expect(!isNeeded)
        guard case .end = machine.next(now: 0) else { throw Unexpected() }
    }

    @Test("a fatal error while closing answers everything and ends")
    func fatalWhileClosing() throws {
        var machine = machine()
        _ = try machine.admit(bytes: 1, 1)
        machine.close(deadline: 100)
        #expect(machine.failed(now: 1) == [1])
        guard case .end(let rest) = machine.next(now: 1) else { throw Unexpected() }
        #expect(rest.isEmpty)
    }

    private struct Unexpected: Error {}
}
