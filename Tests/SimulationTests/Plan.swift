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
        /// The gateway that the client sends to unless it has to use another one.
        var gateway: Int

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
        var known: Knowledge
    }

    /// How much a question knows.
    enum Knowledge: Sendable {
        case everything
        /// What was known so many microseconds ago.
        case ago(Int64)
        /// What was known when a record of the log was admitted, counted back from the newest, which is 0.
        case record(Int)
    }

    let seed: UInt64
    /// When the run begins.
    var start: Int64
    var sites: [SiteID]
    /// The first of each site is put before anything else.
    var definitions: [SiteDefinition]
    var requests: [Request]
    var questions: [Question]
    /// How far each gateway's clock is ahead at first, in microseconds.
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
        steps = maker.steps(stepCount, requests: requests, definitions: definitions)
    }
}
