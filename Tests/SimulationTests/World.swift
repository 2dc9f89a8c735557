import EventLog
import EventModel
import Foundation
import Oracle
import SimulationKit
import Timeline

@testable import Publisher

/// A whole plant in one process, on one thread, in simulated time: gateways, log, workers, topics, clients and people who
/// ask. It does what a ``Plan`` says, step by step, and says what must never be so.
final class World {
    let plan: Plan
    let clock: SimulatedClock
    let log: SimulatedLog
    let names = TopicNames(prefix: "simulation")
    let topics: SimulatedTopics
    private let registry = SimulatedRegistry()
    private var gateways: [SimulatedGateway] = []
    private let hosts: [HostClock]
    private(set) var workers: [SimulatedWorker] = []
    private let folder: URL
    /// Whom the group has given the partition to.
    private var owner: Int?
    /// The answers that clients have, by request.
    private(set) var answers: [Int: ClientAnswer] = [:]
    /// The gateways that each batch was sent to.
    private var receivers: [Int: Set<Int>] = [:]
    /// The gateways that were killed.
    private var killed: Set<Int> = []
    private var desk: QuestionDesk
    let tally = Tally()

    init(_ plan: Plan, folder: URL) throws {
        self.plan = plan
        self.folder = folder
        let clock = SimulatedClock(plan.start)
        self.clock = clock
        hosts = plan.clockOffsets.map { HostClock(clock, offset: $0) }
        log = SimulatedLog(epoch: LogEpoch(bytes: Array(repeating: 7, count: 16)))
        let names = names
        topics = SimulatedTopics(topics: [names.quarantine] + MetricKind.allCases.map { $0.topic(names) })
        desk = QuestionDesk(plan)
        for number in 0..<Plan.gatewayCount { gateways.append(try gateway(number)) }
        for number in 0..<Plan.workerCount {
            workers.append(SimulatedWorker(number, log, topics, names, clock, tally, folder: folder))
        }
    }

    private func gateway(_ number: Int) throws -> SimulatedGateway {
        try SimulatedGateway(
            number, log, registry, tally, host: hosts[number],
            answersPath: keepsAnswers(number) ? folder.appendingPathComponent("answers-\(number).sqlite").path : nil)
    }

    /// Whether a gateway has a file of answers: the first one has.
    private func keepsAnswers(_ number: Int) -> Bool { number == 0 }

    // MARK: Steps

    func run(_ step: Step) throws {
        // Nothing happens twice in one microsecond.
        clock.now += 1
        switch step {
        case .wait(let milliseconds): clock.now += milliseconds * 1000
        case .send(let request, let gateway): try send(request, gateway)
        case .define(let definition, let gateway): gateways[gateway].submit(plan.definitions[definition])
        case .admit(let gateway): gateways[gateway].admit()
        case .append(let gateway, let fate): try append(gateway, fate)
        case .killGateway(let number) where !log.isAway:
            gateways[number].kill()
            startHost(number)
            killed.insert(number)
            gateways[number] = try gateway(number)
        case .killGateway: break
        case .clock(let gateway, let milliseconds): setClock(of: gateway, ahead: milliseconds * 1000)
        case .synchronise(let gateway): hosts[gateway].synchronise()
        case .confirmClock(let gateway): confirmClock(of: gateway)
        case .disk(let isFull): log.isFull = isFull
        case .log(let isAway): log.isAway = isAway
        case .assign(let worker, let isClean): if !log.isAway { try assign(worker, isClean: isClean) }
        case .notice(let worker): if worker != owner { try workers[worker].lose() }
        case .fold(let worker): try workers[worker].fold()
        case .commit(let worker, let succeeds): try workers[worker].commit(succeeds: succeeds)
        case .publish(let worker): workers[worker].publish()
        case .deliver(let worker, let fate): _ = topics.deliver(fate, of: worker)
        case .killWorker(let worker, let arrives):
            workers[worker].kill(sentArrives: arrives)
            if worker == owner { owner = nil }
        case .ask(let question): try ask(question)
        }
        for gateway in gateways { gateway.look(newest: log.newestStamp) }
        tally.note(step)
    }

    private func setClock(of gateway: Int, ahead microseconds: Int64) {
        tally.note(microseconds < hosts[gateway].offset ? "clock set back" : "clock set forward")
        hosts[gateway].set(ahead: microseconds)
    }

    /// Operators confirm what is right, or wrong by less than half an hour.
    private func confirmClock(of gateway: Int) {
        guard abs(hosts[gateway].offset) < 30 * Microseconds.minute else { return }
        if abs(hosts[gateway].offset) > 10 * Microseconds.second { tally.note("wrong clock confirmed") }
        gateways[gateway].confirmClock()
    }

    /// How far the slowest clock of the gateways is behind, as their beacons tell.
    var gatewayLag: Int64 { hosts.map { max(0, -$0.offset) }.max() ?? 0 }

    /// A host that starts gets the right time first, unless it is right or a little ahead: what was settled before a slow
    /// gateway came, nobody can know.
    private func startHost(_ gateway: Int) {
        let offset = hosts[gateway].offset
        if offset < -9 * Microseconds.second || offset > 20 * Microseconds.minute { hosts[gateway].set(ahead: 0) }
    }

    private func send(_ request: Int, _ gateway: Int) throws {
        receivers[request, default: []].insert(gateway)
        guard let answer = gateways[gateway].submit(request, plan.requests[request]) else { return }
        try take(answer, to: request, from: gateway)
    }

    private func append(_ gateway: Int, _ fate: SimulatedLog.AppendFate) throws {
        for (sender, answer) in gateways[gateway].append(fate) {
            guard case .request(let request) = sender, let answer else { continue }
            try take(answer, to: request, from: gateway)
        }
    }

    /// A client reads its answer.
    private func take(_ answer: ClientAnswer, to request: Int, from gateway: Int) throws {
        let planned = plan.requests[request]
        guard answer.accepted + answer.duplicates + answer.errors.count == planned.events.count else {
            throw Broken(what: "request \(request) has \(planned.events.count) events, its answer is \(answer)")
        }
        // Gateways do not know of each other's answers.
        if planned.idempotencyKey != nil, receivers[request] == [gateway], var first = answers[request],
            // What stored nothing has no record: a kill may lose it.
            first.position != nil || !killed.contains(gateway)
        {
            // A log that repeated the record answers with another copy of it.
            first.position = answer.position
            try expect(answer, first, "the second answer to named batch \(request)")
        }
        answers[request] = answers[request] ?? answer
        try Truth(self).checkAcknowledged(answer, planned)
    }

    private func assign(_ worker: Int, isClean: Bool) throws {
        if let last = owner, last != worker {
            tally.note("hand-over")
            // The group waits for a session to end before it gives the partition away; the worker stopped publishing at
            // half of it.
            if isClean { try workers[last].revoke() } else { try workers[last].suspend() }
        }
        owner = worker
        // A worker that has not noticed that it lost the partition notices when it is given it again.
        if workers[worker].ownership.state == .suspended { try workers[worker].lose() }
        try workers[worker].assign()
    }

    private func ask(_ question: Int) throws {
        guard let holder = workers.first(where: { $0.number == owner && $0.answers }) else { return }
        try desk.ask(question, of: holder, in: self)
    }

    // MARK: The end

    /// Ends every fault, lets clients send what was not acknowledged, and everybody finish.
    func settle() throws {
        log.isFull = false
        log.isAway = false
        for host in hosts { host.synchronise() }
        for site in plan.sites.indices { try settle(definition: site) }
        for request in plan.requests.indices { try settle(request) }
        try repeatNamedBatches()
        if owner == nil { try assign(0, isClean: true) }
        for worker in workers where worker.number != owner { try worker.lose() }
        try catchUp()
        // Hours are final a day later.
        clock.now += 26 * Microseconds.hour
        for _ in 0..<3 {
            clock.now += PublisherConfiguration().round
            try catchUp()
        }
        // What workers had sent before they lost the partition arrives last of all.
        while topics.deliver(.stored) {}
        for _ in 0..<2 {
            clock.now += PublisherConfiguration().round
            try catchUp()
        }
    }

    /// A site that was never defined is defined now.
    private func settle(definition site: Int) throws {
        guard registry[plan.sites[site]] == nil else { return }
        gateways[0].submit(plan.definitions[site])
        try append(0, .stored)
        gateways[0].admit()
        try append(0, .stored)
    }

    /// A client sends its batch until it has an answer.
    private func settle(_ request: Int) throws {
        for attempt in 0..<20 where answers[request] == nil {
            let gateway = (plan.requests[request].gateway + attempt) % Plan.gatewayCount
            clock.now += Microseconds.second
            try append(gateway, .stored)
            try send(request, gateway)
            gateways[gateway].admit()
            try append(gateway, .stored)
        }
        guard answers[request] != nil else { throw Broken(what: "request \(request) is never acknowledged") }
    }

    /// Gateways that start again answer named batches as they did at first (SPEC 2.5).
    private func repeatNamedBatches() throws {
        for number in gateways.indices {
            gateways[number].stop()
            gateways[number] = try gateway(number)
        }
        for (request, planned) in plan.requests.enumerated() where planned.idempotencyKey != nil {
            // Gateways do not know of each other's answers.
            guard let gateway = receivers[request]?.first, receivers[request]?.count == 1 else { continue }
            guard let answer = gateways[gateway].submit(request, planned) else {
                // What stored nothing has no record: a kill may lose it, and without a file it is judged anew.
                if answers[request]?.position == nil, killed.contains(gateway) || !keepsAnswers(gateway) { continue }
                throw Broken(what: "the answer to a named batch is forgotten: request \(request)")
            }
            try take(answer, to: request, from: gateway)
            tally.note("named batch repeated")
        }
    }

    /// Lets the owner fold, commit and publish until nothing is left to be done.
    private func catchUp() throws {
        guard let owner else { return }
        let worker = workers[owner]
        try turn("the fold does not catch up") {
            try worker.fold()
            try worker.commit(succeeds: true)
            return worker.isLevel
        }
        clock.now += PublisherConfiguration().round
        try turn("the publisher does not come to rest") {
            try worker.fold()
            try worker.commit(succeeds: true)
            worker.publish()
            while topics.deliver(.stored, of: worker.number) {}
            return worker.isPublisherResting
        }
    }

    private func turn(_ failure: String, _ isDone: () throws -> Bool) throws {
        for _ in 0..<2000 {
            clock.now += 10 * 1000
            if try isDone() { return }
        }
        throw Broken(what: failure)
    }

    /// Everything that has to be so when nothing is under way any more.
    func check() throws {
        guard let owner else { return }
        let truth = try Truth(self)
        for answer in answers.sorted(by: { $0.key < $1.key }) {
            try truth.checkAcknowledged(answer.value, plan.requests[answer.key])
        }
        try truth.checkNothingInvented()
        try truth.checkFold(of: workers[owner])
        try truth.checkTopics()
        try desk.checkSettled(with: workers[owner], in: self)
    }
}
