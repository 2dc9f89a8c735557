import EventModel
import SimulationKit

/// What one run is made of, all of it from a seed: who works where, what is sent and asked, and what happens when.
struct Plan: Sendable {
    /// A batch that some client sends until it is acknowledged.
    struct Request: Sendable {
        var site: SiteID
        var events: [Event]
        /// The client names the batch, so that the gateway answers a repetition as it did at first (SPEC 2.5).
        var idempotencyKey: String?

        var body: [UInt8] { Array("[\(events.map(\.json).joined(separator: ","))]".utf8) }
    }

    /// One event as a camera reports it; the gateway's answer says what is wrong with it, if anything.
    struct Event: Sendable, Equatable {
        var time: Int64
        var worker: String
        var workstation: String
        var type: EventType
        /// Percent.
        var confidence: Int
        var count: Int

        var json: String {
            let time = Timestamp(microseconds: time).formatted
            let confidence = confidence == 100 ? "1" : "0.\(confidence < 10 ? "0" : "")\(confidence)"
            let count = type == .productCount ? ",\"count\":\(count)" : ""
            return
                "{\"timestamp\":\"\(time)\",\"worker_id\":\"\(worker)\",\"workstation_id\":\"\(workstation)\","
                + "\"event_type\":\"\(type.name)\",\"confidence\":\(confidence)\(count)}"
        }
    }

    /// A window and what is known, relative to the moment of the question; in microseconds.
    struct Question: Sendable {
        var site: SiteID
        var from: Int64
        var length: Int64
        /// How long ago the knowledge ends; nil: everything that is known.
        var knownAgo: Int64?
    }

    let seed: UInt64
    /// When the run begins.
    var start: Int64
    var sites: [SiteID]
    /// The first of each site is put before anything else.
    var definitions: [SiteDefinition]
    var requests: [Request]
    var questions: [Question]
    /// How far each gateway's clock is ahead, in microseconds.
    var clockOffsets: [Int64]
    var steps: [Step]

    static let gatewayCount = 2
    static let workerCount = 2

    init(seed: UInt64, stepCount: Int = 160) {
        var maker = PlanMaker(seed: seed)
        self.seed = seed
        start = PlanMaker.start
        sites = PlanMaker.sites
        definitions = maker.definitions()
        requests = maker.requests()
        questions = maker.questions()
        clockOffsets = maker.clockOffsets()
        steps = maker.steps(stepCount, requests: requests.count, definitions: definitions.count)
    }
}

/// Draws the parts of a ``Plan``.
private struct PlanMaker {
    /// 2026-01-12T05:58:00Z, a Monday: hours, shifts and days change within minutes.
    static let start: Int64 = 1_768_197_480 * Microseconds.second
    static let sites: [SiteID] = ["north", "south"]

    private var generator: SeededGenerator
    /// How far the cameras' clock has come while requests are drawn.
    private var progress: Int64 = 0
    private var sent: [Plan.Event] = []
    private let grid: Int64

    init(seed: UInt64) {
        generator = SeededGenerator(seed: seed)
        grid = generator.pick([Microseconds.second, 20 * Microseconds.second, 10 * Microseconds.minute])
    }

    mutating func definitions() -> [SiteDefinition] {
        var result = Self.sites.map { definition($0) }
        for _ in 0..<generator.pick(0...3) { result.append(definition(generator.pick(Self.sites))) }
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
                idempotencyKey: generator.chance(30) ? "batch-\(number)" : nil)
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

    mutating func questions() -> [Plan.Question] {
        (0..<6).map { _ in
            Plan.Question(
                site: generator.pick(Self.sites), from: -generator.pick(0...30) * Microseconds.hour,
                length: generator.pick([1, 7_200, 3_601, 86_400]) * Microseconds.second,
                knownAgo: generator.chance(70) ? generator.pick([0, 20, 41, 60, 300]) * Microseconds.second : nil)
        }
    }

    /// Two hosts whose clocks are kept by NTP.
    mutating func clockOffsets() -> [Int64] {
        (0..<Plan.gatewayCount).map { _ in generator.pick(-2000...2000) * 1000 }
    }

    mutating func steps(_ count: Int, requests: Int, definitions: Int) -> [Step] {
        var steps: [Step] = PlanMaker.sites.indices.flatMap { site -> [Step] in
            [.define(definition: site, gateway: 0), .admit(gateway: 0), .append(gateway: 0, .stored)]
        }
        steps.append(.assign(worker: 0, isClean: true))
        while steps.count < count { steps.append(step(requests: requests, definitions: definitions)) }
        return steps
    }

    private mutating func step(requests: Int, definitions: Int) -> Step {
        let gateway = generator.pick(0..<Plan.gatewayCount)
        let worker = generator.pick(0..<Plan.workerCount)
        switch generator.pick(0..<100) {
        case 0..<16: return .send(request: generator.pick(0..<requests), gateway: gateway)
        case 16..<28: return .admit(gateway: gateway)
        case 28..<40: return .append(gateway: gateway, appendFate())
        case 40..<42: return .define(definition: generator.pick(0..<definitions), gateway: gateway)
        case 42..<44: return .killGateway(gateway)
        case 44..<58: return .fold(worker: worker)
        case 58..<66: return .commit(worker: worker, succeeds: generator.chance(85))
        case 66..<74: return .publish(worker: worker)
        case 74..<81: return .deliver(deliveryFate())
        case 81..<84: return .assign(worker: worker, isClean: generator.chance(60))
        case 84..<86: return .notice(worker: worker)
        case 86..<88: return .killWorker(worker, sentArrives: generator.chance(50))
        case 88..<89: return .disk(isFull: generator.chance(30))
        case 89..<90: return .log(isAway: generator.chance(30))
        case 90..<95: return .ask(question: generator.pick(0..<6))
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
