import Clocks
import EventLog
import EventModel
import Gateway
import SimulationKit
import Sites

/// The answer that a client got to its batch.
struct ClientAnswer: Equatable {
    var accepted: Int
    var duplicates: Int
    /// Verdicts other than accepted, by the event's index.
    var errors: [Int: String]
    var createdAt: Timestamp
    var position: RecordPosition?

    init(_ answer: EventsAnswer) {
        (accepted, duplicates) = (answer.accepted, answer.duplicates)
        (createdAt, position) = (answer.createdAt, answer.position)
        errors = Dictionary(uniqueKeysWithValues: answer.rejections.map { (Int($0.index), $0.verdict.code) })
    }
}

/// A gateway in single steps: admission and its sequencer without HTTP, threads or a clock.
final class SimulatedGateway {
    /// Who waits for an answer.
    enum Sender: Equatable {
        case request(Int)
        case definition
    }

    private struct Waiting {
        var sender: Sender
        var request: AdmissionRequest
    }

    let number: Int
    private let log: SimulatedLog
    private let registry: SimulatedRegistry
    private let tally: Tally
    let host: HostClock
    private let watched: WatchedClock
    private let partition = PartitionIndex(0)
    private var admission: Admission
    private var sequencer: Sequencer
    private let adopted: Adopted
    private var queue: [Waiting] = []
    private var group: [Waiting] = []
    private var records: [NewRecord]?
    /// When the group was stamped, and whether time goes back with it.
    private var stampedAt = MonotonicTime(microseconds: 0)
    private var setsBack = false

    /// Definitions of the other gateways, on their way to the sequencer.
    private final class Adopted: @unchecked Sendable {
        // Unchecked: a simulation has one thread.
        var rosters: [SiteRoster] = []
    }

    init(
        _ number: Int, _ log: SimulatedLog, _ registry: SimulatedRegistry, _ tally: Tally, host: HostClock,
        answersPath: String?
    ) throws {
        self.number = number
        self.log = log
        self.registry = registry
        self.tally = tally
        self.host = host
        watched = WatchedClock(host, partitionCount: 1)
        let adopted = Adopted()
        self.adopted = adopted
        var sources = AdmissionStart.Sources(log: log, registry: registry.view(of: number), clock: host)
        sources.answersPath = answersPath
        let start = try AdmissionStart(sources, gatewayID: [UInt8(number)]) { adopted.rosters.append($0) }
        admission = start.admission
        sequencer = start.sequencers[0].make()
        watched.begin(sequencer.stamp, of: partition, isSetBack: start.sequencers[0].isSetBack)
    }

    /// Ends it as a signal does: what is not in its file yet is written.
    func stop() { admission.answers.stop() }

    /// Ends it at once.
    func kill() { admission.answers.abandon() }

    /// A second of the gateway's life: it looks at its clock, and at what others have stamped.
    /// - Parameter newest: the newest created_at in the log since time was last set back.
    func look(newest: Timestamp) {
        watched.noteForeign(newest, of: partition)
        watched.tick()
    }

    /// An operator confirms the clock.
    func confirmClock() { watched.accept(by: "operator") }

    /// Whether nothing waits here for an answer.
    var isIdle: Bool { queue.isEmpty && group.isEmpty }

    /// Takes a client's batch.
    /// - Returns: the answer where there is one at once; nil where it waits, or was refused for now.
    func submit(_ number: Int, _ request: Plan.Request) -> ClientAnswer? {
        let key = request.idempotencyKey.map { SentKey($0, apiKeyID: "client", path: "/api/events/batch") }
        return request.body.withUnsafeBytes { body in
            do throws(IngestRefusal) {
                let reading = try admission.read(body, .batch)
                let now = watched.certain.time
                switch try admission.admit(reading, site: request.site, key: key, now: now, refresh: { _ in }) {
                case .answered(let answer): return ClientAnswer(answer)
                case .waits(let request): queue.append(Waiting(sender: .request(number), request: request))
                }
            } catch {
                // An unknown site, or the same key still in flight: the client tries again later.
            }
            return nil
        }
    }

    /// Takes an administrator's definition.
    func submit(_ definition: SiteDefinition) {
        queue.append(Waiting(sender: .definition, request: .definition(DefinitionPut(definition, bodyBytes: 1000))))
    }

    /// Takes what waits as one group, unless one is under way.
    func admit() {
        guard records == nil else { return }
        for roster in adopted.rosters where sequencer.adopt(roster) { admission.directory.publish(roster, again: true) }
        adopted.rosters = []
        let decision = watched.decide(partition)
        var setBack: Sequencer.SetBack?
        switch decision.verdict {
        case .refuse:
            if !queue.isEmpty { tally.note("refused by the clock") }
            for waiting in queue { admission.withdraw(waiting.request) }
            queue = []
            return
        case .setBack(let cause): setBack = Sequencer.SetBack(cause, newestStamp: decision.newestStamp)
        case .stamp: if queue.isEmpty { return }
        }
        (group, queue) = (queue, [])
        if group.count > 1 { tally.note("group of several") }
        stampedAt = host.uptime
        setsBack = setBack != nil
        records = sequencer.prepare(group.map(\.request), now: decision.time, setBack: setBack)
    }

    /// Appends the prepared group, and answers.
    func append(_ fate: SimulatedLog.AppendFate) -> [(sender: Sender, answer: ClientAnswer?)] {
        guard let records else { return [] }
        if !records.isEmpty, !log.isFull { tally.note("append \(fate)") }
        let outcomes: [AdmissionOutcome]
        let waited = host.uptime - stampedAt
        if !records.isEmpty, !sequencer.mayAppend(at: host.now, waited: waited, appendTimeoutMicroseconds: 0) {
            outcomes = sequencer.failed()
        } else {
            do throws(LogError) {
                if !records.isEmpty { log.nextFate = fate }
                outcomes = sequencer.appended(records.isEmpty ? [] : try log.append(records))
                watched.note(sequencer.stamp, of: partition, isSetBack: setsBack)
                if setsBack { tally.note("time set back in the log") }
            } catch {
                tally.note("append failed")
                outcomes = sequencer.failed()
            }
        }
        defer {
            (group, self.records) = ([], nil)
            // Now and then, as a thread does it beside everything else.
            if host.uptime.microseconds % 3 == 0 { admission.answers.write() }
        }
        return zip(group, outcomes).map { waiting, outcome in
            admission.settle(waiting.request, outcome)
            if case .definition(let roster, _) = outcome.answer {
                registry.view(of: number).store(roster.placed) { _ in }
            }
            guard case .events(let events) = outcome.answer else { return (waiting.sender, nil) }
            return (waiting.sender, ClientAnswer(events))
        }
    }
}
