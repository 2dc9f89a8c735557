import EventModel
import SimulationKit

/// Sequences that single draws would rarely bring about. Other steps fall between them, so each comes out differently
/// every time.
extension PlanMaker {
    mutating func scene(_ requests: [Plan.Request], definitions: [SiteDefinition]) -> [Step] {
        switch generator.pick(0..<5) {
        case 0: lateAppend(requests)
        case 1: laggingFold(requests)
        case 2: namedBatch(requests)
        case 3: sleepingOwner(requests)
        default: interruptedRederiving(definitions)
        }
    }

    /// Everybody who may hold the partition folds what the log has.
    private var foldAll: [Step] {
        (0..<3).flatMap { _ in
            (0..<Plan.workerCount).flatMap { [Step.fold(worker: $0), .commit(worker: $0, succeeds: true)] }
        }
    }

    /// The question about everything known a moment ago (0) or a minute ago (1) of a request's site.
    private func question(_ request: Plan.Request, _ which: Int) -> Step {
        .ask(question: 2 * (Self.sites.firstIndex(of: request.site) ?? 0) + which)
    }

    /// A record is appended up to 30 s after its stamp, and somebody asked in between (SPEC 2.8, 5.8).
    private mutating func lateAppend(_ requests: [Plan.Request]) -> [Step] {
        let number = generator.pick(0..<requests.count)
        let gateway = requests[number].gateway
        return [.append(gateway: gateway, .stored), .send(request: number, gateway: gateway), .admit(gateway: gateway)]
            + [.wait(generator.pick(1_000...28_000))] + foldAll
            + [question(requests[number], 0), question(requests[number], 1), .append(gateway: gateway, .stored)]
    }

    /// Somebody asks about records that the log has held for a minute and nobody has folded yet (SPEC 5.8).
    private mutating func laggingFold(_ requests: [Plan.Request]) -> [Step] {
        let number = generator.pick(0..<requests.count)
        let gateway = requests[number].gateway
        return foldAll + [
            .append(gateway: gateway, .stored), .send(request: number, gateway: gateway), .admit(gateway: gateway),
            .append(gateway: gateway, .stored), .wait(generator.pick(50_000...90_000)),
            question(requests[number], 1), question(requests[number], 0),
        ]
    }

    /// A client tries a named batch again after a lost acknowledgement, and once more after a restart (SPEC 2.5).
    private mutating func namedBatch(_ requests: [Plan.Request]) -> [Step] {
        let named = requests.indices.filter { requests[$0].idempotencyKey != nil }
        guard !named.isEmpty else { return [] }
        let number = generator.pick(named)
        let gateway = requests[number].gateway
        func attempt(_ fate: SimulatedLog.AppendFate) -> [Step] {
            [.send(request: number, gateway: gateway), .admit(gateway: gateway), .append(gateway: gateway, fate)]
        }
        return [.append(gateway: gateway, .stored)] + attempt(.acknowledgementLost) + attempt(.stored)
            + [.killGateway(gateway), .send(request: number, gateway: gateway)]
    }

    /// An owner dies while it derives hours again after a definition (DESIGN 1.7).
    private mutating func interruptedRederiving(_ definitions: [SiteDefinition]) -> [Step] {
        let gateway = generator.pick(0..<Plan.gatewayCount)
        let worker = generator.pick(0..<Plan.workerCount)
        let other = generator.pick(Self.sites.count..<definitions.count)
        let first = Self.sites.firstIndex(of: definitions[other].siteID) ?? 0
        let turn: [Step] = [.fold(worker: worker), .commit(worker: worker, succeeds: true)]
        func define(_ definition: Int) -> [Step] {
            [
                .append(gateway: gateway, .stored), .define(definition: definition, gateway: gateway),
                .admit(gateway: gateway), .append(gateway: gateway, .stored),
            ]
        }
        // A second later a commit is due, while hours are still missing.
        return [.assign(worker: worker, isClean: true)] + define(other) + turn + turn + turn + define(first)
            + [.wait(1_500)] + turn
            + [.killWorker(worker, sentArrives: true), .assign(worker: worker, isClean: true)]
    }

    /// An owner stops in the middle of publishing, another takes over and learns of more, and what the first had sent
    /// arrives at last.
    private mutating func sleepingOwner(_ requests: [Plan.Request]) -> [Step] {
        let number = generator.pick(0..<requests.count)
        let gateway = requests[number].gateway
        let sleeper = generator.pick(0..<Plan.workerCount)
        let other = (sleeper + 1) % Plan.workerCount
        func publish(_ worker: Int) -> [Step] {
            [.wait(11_000)]
                + (0..<3).flatMap { _ in
                    [Step.fold(worker: worker), .commit(worker: worker, succeeds: true), .publish(worker: worker)]
                }
        }
        let arrive = (0..<4).map { _ in Step.deliver(worker: other, .stored) }
        let late = (0..<4).map { _ in Step.deliver(worker: sleeper, .stored) }
        return [.assign(worker: sleeper, isClean: true)] + publish(sleeper) + [.assign(worker: other, isClean: false)]
            + [.append(gateway: gateway, .stored), .send(request: number, gateway: gateway), .admit(gateway: gateway)]
            + [.append(gateway: gateway, .stored)] + publish(other) + arrive + late + [.notice(worker: sleeper)]
            + publish(other)
    }
}
