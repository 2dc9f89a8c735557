import EventModel
import SimulationKit

/// Draws the parts of a ``Plan``.
struct PlanMaker {
    /// 2026-01-12T05:58:00Z, a Monday: hours, shifts and days change within minutes.
    static let start: Int64 = 1_768_197_480 * Microseconds.second
    static let sites: [SiteID] = ["north", "south"]

    var generator: SeededGenerator
    /// How far the cameras' clock has come while requests are drawn.
    private var progress: Int64 = 0
    private var sent: [Plan.Event] = []
    private let grid: Int64
    /// Steps of a scene that are still to come.
    private var scene: [Step] = []

    init(seed: UInt64) {
        generator = SeededGenerator(seed: seed)
        grid = generator.pick([Microseconds.second, 20 * Microseconds.second, 10 * Microseconds.minute])
    }

    mutating func definitions() -> [SiteDefinition] {
        var result = Self.sites.map { definition($0) }
        for _ in 0..<generator.pick(1...4) { result.append(definition(generator.pick(Self.sites))) }
        return result
    }

    private mutating func definition(_ site: SiteID) -> SiteDefinition {
        var definition = SiteDefinition(siteID: site, name: site.text)
        definition.workers = ["w1", "w2", "w3"].filter { _ in generator.chance(75) }.map { .init(workerID: $0) }
        definition.workstations = ["s1", "s2"].filter { _ in generator.chance(85) }.map { .init(workstationID: $0) }
        definition.observationTTLSeconds = generator.pick([60, 900, 28_800])
        definition.timeZone = generator.pick(["UTC", "UTC", "Asia/Kolkata", "Asia/Kathmandu"])
        return definition
    }

    mutating func requests() -> [Plan.Request] {
        (0..<generator.pick(4...14)).map { number in
            let events = (0..<generator.pick(1...5)).map { _ in event() }
            return Plan.Request(
                site: generator.pick(Self.sites), events: events,
                idempotencyKey: generator.chance(40) ? "batch-\(number)" : nil,
                gateway: generator.pick(0..<Plan.gatewayCount))
        }
    }

    private mutating func event() -> Plan.Event {
        if generator.chance(25), var again = sent.isEmpty ? nil : generator.pick(sent) {
            // The same key with the same or another content.
            if generator.chance(50) { again.workstation = generator.pick(["s1", "s2"]) }
            if again.type == .productCount { again.count = generator.pick(1...9) }
            return again
        }
        progress += generator.chance(60) ? grid : 0
        let type = generator.pick(EventType.allCases)
        let event = Plan.Event(
            time: Self.start + time(), worker: generator.pick(["w1", "w1", "w2", "w3", "w9"]),
            workstation: generator.pick(["s1", "s1", "s2", "s9"]), type: type,
            confidence: generator.pick([100, 95, 80, 70, 69, 5]), count: generator.pick(1...9))
        sent.append(event)
        return event
    }

    private mutating func time() -> Int64 {
        switch generator.pick(0..<10) {
        case 0..<6: progress - grid
        case 6..<8: progress - grid * generator.pick(0...20)
        case 8: progress - generator.pick(0...26) * Microseconds.hour
        default: progress + generator.pick(0...20) * Microseconds.minute
        }
    }

    /// For each site one question about everything known a moment ago, one about everything known a minute ago, then
    /// others.
    mutating func questions() -> [Plan.Question] {
        let recent = [1, Microseconds.second, 10 * Microseconds.second, 25 * Microseconds.second]
        let settled = [41 * Microseconds.second, 45 * Microseconds.second, 60 * Microseconds.second]
        let fixed = Self.sites.flatMap { site in
            [recent, settled].map { ago in
                Plan.Question(
                    site: site, from: -48 * Microseconds.hour, length: 72 * Microseconds.hour,
                    known: .ago(generator.pick(ago)))
            }
        }
        return fixed
            + (0..<Self.otherQuestions).map { _ in
                Plan.Question(
                    site: generator.pick(Self.sites), from: -generator.pick(0...30) * Microseconds.hour,
                    length: generator.pick([1, 7_200, 3_601, 86_400]) * Microseconds.second, known: knowledge())
            }
    }

    static let otherQuestions = 8

    private mutating func knowledge() -> Plan.Knowledge {
        switch generator.pick(0..<10) {
        case 0..<3: .everything
        case 3..<6: .ago(generator.pick([0, 20, 41, 60, 300]) * Microseconds.second)
        default: .record(generator.pick(0...12))
        }
    }

    mutating func clockOffsets() -> [Int64] {
        (0..<Plan.gatewayCount).map { _ in generator.pick(-2000...2000) * 1000 }
    }

    private mutating func clockStep(_ gateway: Int) -> Step {
        switch generator.pick(0..<3) {
        case 0: .clock(gateway: gateway, milliseconds: clock())
        case 1: .synchronise(gateway: gateway)
        default: .confirmClock(gateway: gateway)
        }
    }

    /// Where a clock is set to, in milliseconds ahead: a little off, minutes off, or half a year (SPEC 2.9).
    private mutating func clock() -> Int64 {
        switch generator.pick(0..<10) {
        case 0..<6: generator.pick(-9_000...9_000)
        case 6..<9: generator.pick(-1_200_000...1_200_000)
        default: generator.chance(50) ? 15_724_800_000 : -15_724_800_000
        }
    }

    mutating func steps(_ count: Int, requests: [Plan.Request], definitions: [SiteDefinition]) -> [Step] {
        var steps: [Step] = PlanMaker.sites.indices.flatMap { site -> [Step] in
            [.define(definition: site, gateway: 0), .admit(gateway: 0), .append(gateway: 0, .stored)]
        }
        steps.append(.assign(worker: 0, isClean: true))
        while steps.count < count {
            if scene.isEmpty, generator.chance(6) { scene = self.scene(requests, definitions: definitions).reversed() }
            // Other things happen between the steps of a scene.
            if generator.chance(60), let next = scene.popLast() {
                steps.append(next)
            } else {
                steps.append(step(requests: requests, definitions: definitions.count))
            }
        }
        return steps
    }

    /// A client sends to its own gateway, mostly.
    private mutating func send(_ requests: [Plan.Request]) -> Step {
        let request = generator.pick(0..<requests.count)
        let isOther = generator.chance(requests[request].idempotencyKey == nil ? 50 : 10)
        return .send(request: request, gateway: (requests[request].gateway + (isOther ? 1 : 0)) % Plan.gatewayCount)
    }

    private mutating func step(requests: [Plan.Request], definitions: Int) -> Step {
        let gateway = generator.pick(0..<Plan.gatewayCount)
        let worker = generator.pick(0..<Plan.workerCount)
        switch generator.pick(0..<100) {
        case 0..<16: return send(requests)
        case 16..<28: return .admit(gateway: gateway)
        case 28..<40: return .append(gateway: gateway, appendFate())
        case 40..<42: return .define(definition: generator.pick(0..<definitions), gateway: gateway)
        case 42..<44: return .killGateway(gateway)
        case 44..<56: return .fold(worker: worker)
        case 56..<63: return .commit(worker: worker, succeeds: generator.chance(85))
        case 63..<69: return .publish(worker: worker)
        case 69..<76: return .deliver(worker: worker, deliveryFate())
        case 76..<82: return clockStep(gateway)
        case 82..<84: return .assign(worker: worker, isClean: generator.chance(60))
        case 84..<86: return .notice(worker: worker)
        case 86..<88: return .killWorker(worker, sentArrives: generator.chance(50))
        case 88..<90: return .disk(isFull: generator.chance(30))
        case 90..<92: return .log(isAway: generator.chance(30))
        case 92..<95: return .ask(question: generator.pick(0..<2 * Self.sites.count + Self.otherQuestions))
        default: return .wait(generator.pick([1, 1000, 9_000, 35_000, 61_000, 700_000]))
        }
    }

    private mutating func appendFate() -> SimulatedLog.AppendFate {
        generator.chance(70) ? .stored : generator.pick(SimulatedLog.AppendFate.allCases)
    }

    private mutating func deliveryFate() -> SimulatedTopics.DeliveryFate {
        generator.chance(80) ? .stored : generator.pick(SimulatedTopics.DeliveryFate.allCases)
    }
}
