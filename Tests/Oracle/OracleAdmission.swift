public import EventModel

/// Admission recomputed the slow way (SPEC 2.1–2.7): it keeps every event that was ever stored and searches them all, and
/// shares no code with the gateway.
///
/// Told what happens in the order in which it happens at the gateway: a request is admitted, a group is formed of what
/// waits, and the group is stored or fails.
public struct OracleAdmission {
    public enum Layout: CaseIterable, Sendable { case single, batch, lines }

    /// An ingest request as it is sent.
    public struct Request: Sendable {
        public var body: [UInt8]
        public var layout: Layout
        public var site: String
        public var key: String?

        public init(body: [UInt8], layout: Layout, site: String, key: String?) {
            self.body = body
            self.layout = layout
            self.site = site
            self.key = key
        }
    }

    /// What is said at once.
    public enum Reception: Equatable {
        case waits
        case malformed, tooDeep, noEvents, tooManyEvents, unknownSite
        case keyInFlight, keyReused
        /// The answer of an earlier request comes again.
        case again(Answer)
    }

    /// What is said once the events are stored.
    public struct Answer: Equatable, Sendable {
        public var verdicts: [OracleVerdict] = []
        /// created_at, microseconds since 1970.
        public var createdAt: Int64
        /// The events that the record holds: mark, time, ids, type, confidence, count.
        public var stored: [String] = []
        /// Which event each repeated one repeats: of `the request`, `the group` or `an earlier group`.
        public var repeats: [String] = []
        /// Version of the definition that judged them.
        public var version: Int

        public var accepted: Int { verdicts.count { $0.code == "accepted" } }
        public var duplicates: Int { verdicts.count { $0.code == "duplicate" } }
        /// `index code field` of every other event.
        public var errors: [String] {
            verdicts.enumerated().filter { !["accepted", "duplicate"].contains($0.element.code) }
                .map { "\($0.offset) \($0.element.code) \($0.element.field ?? "-")" }
        }
    }

    private struct Stored {
        var site: String
        var time: Int64
        var worker: String
        var type: String
        var eventClass: String
        var group: Int
        var request: Int
    }

    private struct KeyState {
        var site: String
        var body: [UInt8]
        /// nil while the request waits.
        var answer: Answer?
    }

    private struct Definition {
        var definition: SiteDefinition
        var version: Int
    }

    private var stored: [Stored] = []
    private var keys: [String: KeyState] = [:]
    private var definitions: [String: Definition] = [:]
    /// Sites that a request may name: their first definition is stored.
    private var sites: Set<String> = []
    private var newestStamp = Int64.min
    /// Groups and requests so far, to tell what a repeated event repeats.
    private var groups = 0
    private var requests = 0

    public init() {}

    // MARK: Admission of a request

    /// A request comes in.
    /// - Parameter now: Microseconds since 1970.
    public mutating func receive(_ request: Request, now: Int64) -> Reception {
        switch Self.events(request) {
        case .failure(let fault): return fault.reception
        case .success: break
        }
        guard sites.contains(request.site) else { return .unknownSite }
        guard let key = request.key else { return .waits }
        keys = keys.filter { entry in
            guard let answer = entry.value.answer else { return true }
            return now - answer.createdAt < 24 * 3600 * 1_000_000
        }
        guard let state = keys[key] else {
            keys[key] = KeyState(site: request.site, body: request.body)
            return .waits
        }
        guard state.site == request.site, state.body == request.body else { return .keyReused }
        return state.answer.map { .again($0) } ?? .keyInFlight
    }

    // MARK: A group

    /// One of a group.
    public enum Waiting: Sendable {
        case events(Request)
        case definition(SiteDefinition)
    }

    /// What becomes of one of a group that is stored.
    public enum Outcome: Equatable {
        case events(Answer)
        /// With its version; 0 where nothing was written.
        case definition(version: Int, isNew: Bool, isWritten: Bool)
    }

    /// A group is stored as a whole.
    public mutating func store(_ group: [Waiting], now: Int64) -> [Outcome] {
        newestStamp = max(newestStamp, now)
        groups += 1
        return group.map { waiting in
            requests += 1
            switch waiting {
            case .definition(let definition): return put(definition)
            case .events(let request):
                let answer = judge(request)
                if let key = request.key { keys[key]?.answer = answer }
                return .events(answer)
            }
        }
    }

    /// A group is not stored: nothing of it was ever there, but its stamp stays used.
    public mutating func fail(_ group: [Waiting], now: Int64) {
        newestStamp = max(newestStamp, now)
        for case .events(let request) in group {
            if let key = request.key { keys[key] = nil }
        }
    }

    private mutating func put(_ definition: SiteDefinition) -> Outcome {
        let site = definition.siteID.text
        sites.insert(site)
        if let current = definitions[site], current.definition == definition {
            return .definition(version: current.version, isNew: false, isWritten: false)
        }
        let version = (definitions[site]?.version ?? 0) + 1
        definitions[site] = Definition(definition: definition, version: version)
        return .definition(version: version, isNew: version == 1, isWritten: true)
    }

    private mutating func judge(_ request: Request) -> Answer {
        let rules = definitions[request.site]
        var answer = Answer(createdAt: newestStamp, version: rules?.version ?? 0)
        guard case .success(let events) = Self.events(request), let rules else { return answer }
        for value in events.values {
            let (event, broken) = OracleRules.read(value, envelope: events.envelope, site: request.site)
            guard let event else {
                if let broken { answer.verdicts.append(broken) }
                continue
            }
            var verdict = lastRules(event, rules.definition)
            let eventClass =
                switch verdict.code {
                case "accepted": "accepted"
                case "low_confidence": "low"
                default: "quarantined"
                }
            let mark = verdict.code
            let entry = Stored(
                site: request.site, time: event.time, worker: event.worker, type: event.type, eventClass: eventClass,
                group: groups, request: requests)
            if let first = stored.first(where: { Self.isSame($0, entry) }) {
                if mark == "accepted" { verdict.code = "duplicate" }
                let isOfGroup = first.group == groups
                answer.repeats.append(
                    first.request == requests ? "the request" : isOfGroup ? "the group" : "an earlier group")
            } else {
                stored.append(entry)
                answer.stored.append(
                    "\(mark) \(event.time) \(event.worker) \(event.workstation) \(event.type) "
                        + "\(event.confidence) \(event.count)")
            }
            answer.verdicts.append(verdict)
        }
        return answer
    }

    /// From `unknown_worker` on.
    private func lastRules(_ event: OracleEvent, _ rules: SiteDefinition) -> OracleVerdict {
        guard rules.workers.contains(where: { $0.workerID.bytes == Array(event.worker.utf8) }) else {
            return OracleVerdict(code: "unknown_worker", field: "worker_id")
        }
        guard rules.workstations.contains(where: { $0.workstationID.bytes == Array(event.workstation.utf8) }) else {
            return OracleVerdict(code: "unknown_workstation", field: "workstation_id")
        }
        guard event.time <= newestStamp + rules.maxFutureSeconds * 1_000_000 else {
            return OracleVerdict(code: "timestamp_in_future", field: "timestamp")
        }
        guard event.confidence >= Int(rules.confidenceThreshold.partsPerMillion) else {
            return OracleVerdict(code: "low_confidence", field: "confidence")
        }
        return OracleVerdict(code: "accepted", field: nil)
    }

    /// By bytes, never by Unicode equivalence (SPEC 2.1).
    private static func isSame(_ left: Stored, _ right: Stored) -> Bool {
        left.time == right.time && left.site == right.site && left.type == right.type
            && left.eventClass == right.eventClass && Array(left.worker.utf8) == Array(right.worker.utf8)
    }

    // MARK: Bodies

    private enum BodyFault: Error {
        case malformed, tooDeep, noEvents, tooMany

        var reception: Reception {
            switch self {
            case .malformed: .malformed
            case .tooDeep: .tooDeep
            case .noEvents: .noEvents
            case .tooMany: .tooManyEvents
            }
        }
    }

    /// The elements of a body, nil for a line that is no JSON, and the site that the body names for all of them.
    private static func events(
        _ request: Request
    ) -> Result<(values: [OracleJSON?], envelope: OracleJSON?), BodyFault> {
        var values: [OracleJSON?] = []
        var envelope: OracleJSON?
        if request.layout == .lines {
            for line in request.body.split(separator: 10) where !line.allSatisfy({ [9, 13, 32].contains($0) }) {
                let value = OracleJSON.document(Array(line))
                values.append((value?.depth ?? 0) > 64 ? nil : value)
            }
        } else {
            guard let document = OracleJSON.document(request.body) else { return brokenEvents(request) }
            guard document.depth <= 64 else { return .failure(.tooDeep) }
            if request.layout == .single {
                // What is no object is no event: 400 (SPEC 2.5), where in a batch the element alone fails.
                guard case .object = document else { return .failure(.noEvents) }
                values = [document]
            } else {
                let list: OracleJSON?
                if case .array = document { list = document } else { list = document.member("events") }
                guard case .array(let elements)? = list else { return .failure(.noEvents) }
                values = elements
                envelope = document.member("site_id")
            }
        }
        if values.isEmpty { return .failure(.noEvents) }
        return values.count > 1000 ? .failure(.tooMany) : .success((values, envelope))
    }

    /// The same for a body that is not JSON: in a list only some of the elements may be at fault.
    private static func brokenEvents(
        _ request: Request
    ) -> Result<(values: [OracleJSON?], envelope: OracleJSON?), BodyFault> {
        guard request.layout == .batch, let found = OracleElements.find(in: request.body) else {
            return .failure(.malformed)
        }
        if found.elements.isEmpty { return .failure(.noEvents) }
        let values = found.elements.map { OracleJSON.document($0) }
        return values.count > 1000 ? .failure(.tooMany) : .success((values, found.envelope))
    }
}
