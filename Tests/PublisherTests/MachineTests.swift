// Layer: machine. Decisions as values.
import EventModel
import Figures
import Testing

@testable import Publisher

@Suite("What the publisher decides")
struct MachineTests {
    private let configuration = PublisherConfiguration()

    @Test("nothing is sent before the own partitions were read to their end, in every round")
    func readsFirst() {
        var machine = PublishingMachine(configuration)
        let tick = PublishingMachine.Input.tick(isOwner: true, unsent: 0, inFlight: 0)
        #expect(machine.step(0, tick) == [.read])
        #expect(machine.step(0, .read(isAtEnd: false)) == [])
        #expect(machine.step(1, tick) == [])
        #expect(machine.step(configuration.retry, tick) == [.read])
        #expect(machine.step(configuration.retry, .read(isAtEnd: true)) == [.note])
        #expect(machine.step(configuration.retry, .noted) == [.take(.hours)])
        #expect(machine.step(configuration.retry, .taken(isEmpty: true)) == [.take(.quarantine)])
        #expect(machine.step(configuration.retry, .taken(isEmpty: true)) == [])
        #expect(machine.wakeTime(now: configuration.retry) == 2 * configuration.retry)
        #expect(machine.step(configuration.retry + configuration.round - 1, tick) == [])
        #expect(machine.step(configuration.retry + configuration.round, tick) == [.read])
    }

    @Test("reports are awaited; a failure rests, and no round begins while records are on their way")
    func awaits() {
        var machine = PublishingMachine(configuration)
        func tick(_ unsent: Int, _ inFlight: Int) -> PublishingMachine.Input {
            .tick(isOwner: true, unsent: unsent, inFlight: inFlight)
        }
        _ = machine.step(0, tick(0, 0))
        _ = machine.step(0, .read(isAtEnd: true))
        _ = machine.step(0, .noted)
        #expect(machine.step(0, .taken(isEmpty: false)) == [.send])
        #expect(machine.step(0, .refused) == [])
        #expect(machine.step(1, tick(3, 1)) == [])
        #expect(machine.step(configuration.retry, tick(3, 1)) == [.send])
        #expect(machine.step(configuration.retry, tick(3, configuration.recordsInFlightMaximum)) == [])
        #expect(machine.step(configuration.retry, tick(0, 1)) == [])
        #expect(machine.step(configuration.retry, tick(0, 0)) == [.settle])
        #expect(machine.step(configuration.retry, .settled(isWhole: false)) == [])
        #expect(machine.step(2 * configuration.retry, tick(0, 1)) == [])
        #expect(machine.step(2 * configuration.retry, tick(0, 0)) == [.read])
    }

    @Test("while the partition is not held it rests, and then begins with reading; it ends when asked to")
    func ends() {
        var machine = PublishingMachine(configuration)
        let tick = PublishingMachine.Input.tick(isOwner: true, unsent: 0, inFlight: 0)
        _ = machine.step(0, tick)
        _ = machine.step(0, .read(isAtEnd: true))
        _ = machine.step(0, .noted)
        _ = machine.step(0, .taken(isEmpty: false))
        #expect(machine.step(0, .tick(isOwner: false, unsent: 5, inFlight: 0)) == [])
        #expect(machine.step(1, tick) == [])
        #expect(machine.step(configuration.retry, tick) == [.read])
        #expect(machine.step(0, .stop) == [.end])
        #expect(machine.isEnded)
        #expect(machine.wakeTime(now: 0) == nil)
        #expect(machine.step(0, .tick(isOwner: true, unsent: 0, inFlight: 0)) == [])
    }

    /// Figures that differ by a number.
    private func said(_ workers: Int64) -> PublishedFigures { .workstation(StateSums(), currentWorkers: workers) }

    private func decide(
        _ published: PublishedState?, _ figures: Int64 = 2, isFinal: Bool, next: Int64 = 10, isNothing: Bool = false
    ) -> PublishDecision {
        PublishDecision(
            published, said(figures), isNothing: isNothing,
            PublishDecision.Situation(
                epoch: "e", next: LogOffset(next), fold: 1, isFinal: isFinal, now: at(9, 30),
                pace: configuration.round))
    }

    private func state(
        _ status: MetricStatus, _ figures: Int64 = 1, offset: Int64 = 5, epoch: String = "e", fold: Int64 = 1,
        asOf: Int64 = at(9, 29)
    ) -> PublishedState {
        PublishedState(
            epoch: epoch, offset: LogOffset(offset), status: status, asOf: asOf, fold: fold,
            figures: said(figures))
    }

    @Test("decisions about a key follow what the topic's newest record says")
    func decisions() {
        #expect(decide(nil, isFinal: false) == .send(.provisional))
        #expect(decide(nil, isFinal: true) == .send(.final))
        #expect(decide(nil, isFinal: true, isNothing: true) == .leave)
        #expect(decide(state(.provisional), isFinal: false) == .send(.provisional))
        #expect(decide(state(.provisional, 2), isFinal: false) == .leave)
        #expect(decide(state(.provisional, asOf: at(9, 29, 51)), isFinal: false) == .later)
        #expect(decide(state(.provisional, 2), isFinal: true) == .send(.final))
        #expect(decide(state(.final, 2), isFinal: true) == .leave)
        #expect(decide(state(.final), isFinal: true) == .send(.restated))
        #expect(decide(state(.restated), isFinal: true) == .send(.restated))
        #expect(decide(state(.final), isFinal: false) == .later)
        #expect(decide(state(.final, offset: 10), isFinal: true) == .behind)
        #expect(decide(state(.final, fold: 2), isFinal: true) == .leave)
        #expect(decide(state(.final, 2, epoch: "other"), isFinal: true) == .send(.final))
        #expect(decide(state(.restated, 2, epoch: "other"), isFinal: true) == .send(.restated))
        #expect(decide(state(.final, offset: 99, epoch: "other"), isFinal: true) == .send(.restated))
    }

    @Test(
        "a key's text is unambiguous and reads back",
        arguments: [["a"], ["a/b"], ["%2F"], ["ä ö"], ["."], ["..", "", "x"], ["s", "c", ""]])
    func keys(_ parts: [String]) throws {
        let kind: MetricKind = parts.count == 3 ? .modelHealth : .worker
        let key = MetricKey(site: "plant-1", entity: parts.map { Array($0.utf8) }, hourStart: at(9))
        #expect(MetricKey(key.bytes, kind: kind) == key)
        #expect(MetricKey.entity(MetricKey.entityBytes(key.entity), of: kind) == key.entity)
        #expect(key.bytes.filter { $0 == UInt8(ascii: "/") }.count == parts.count + 1)
    }
}
