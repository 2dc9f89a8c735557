internal import EventModel
internal import Figures
internal import HTTPServer

/// The parameters of a question, parsed and checked (SPEC 2.5: a malformed query is a 400).
struct QueryParameters: Sendable {
    /// As received, for links to the next page.
    let pairs: [(name: String, value: String)]
    var from: Timestamp?
    var to: Timestamp?
    var knownAt: Timestamp?
    var createdFrom: Timestamp?
    var createdTo: Timestamp?
    var minPosition: RecordPosition?
    var worker: WorkerID?
    var workstation: WorkstationID?
    var eventType: EventType?
    var grouping: HealthGrouping?
    var limit = QueryParameters.limitDefault
    var cursor: String?

    /// Events per page of a listing.
    static let limitDefault = 100
    static let limitMaximum = 1000
    /// known_at may be this far ahead of the server's clock: clients' clocks differ (SPEC 5.1).
    static let knownAtLeadMaximum: Int64 = 5 * Microseconds.second

    /// - Parameter pairs: Those that the route takes, each once unless it is repeatable.
    /// - Throws: ``Problem``, 400.
    init(_ pairs: [(name: String, value: String)], of kind: QueryKind, partition: PartitionIndex, now: Timestamp) throws
    {
        self.pairs = pairs
        for (name, value) in pairs { try read(name, value) }
        try judge(kind, partition, now)
    }

    private mutating func read(_ name: String, _ value: String) throws {
        switch name {
        case "from": from = try QueryParameters.time(name, value)
        case "to": to = try QueryParameters.time(name, value)
        case "known_at": knownAt = try QueryParameters.time(name, value)
        case "created_from": createdFrom = try QueryParameters.time(name, value)
        case "created_to": createdTo = try QueryParameters.time(name, value)
        case "worker_id": worker = try QueryParameters.identifier(name, value)
        case "workstation_id": workstation = try QueryParameters.identifier(name, value)
        case "event_type": eventType = try QueryParameters.eventType(name, value)
        case "group_by": grouping = try QueryParameters.grouping(name, value)
        case "limit": limit = try QueryParameters.limit(name, value)
        case "cursor": cursor = value
        case "min_position":
            guard let position = RecordPosition(value) else {
                throw Problem.query(name, "must be a position partition:offset, e.g. 0:1234")
            }
            minPosition = position
        default: break  // site_id is read where keys are checked.
        }
    }

    private func judge(_ kind: QueryKind, _ partition: PartitionIndex, _ now: Timestamp) throws {
        if let knownAt, knownAt - now > QueryParameters.knownAtLeadMaximum {
            throw Problem.query("known_at", "lies more than 5 s after the server's clock, \(now)")
        }
        if let minPosition, minPosition.partition != partition {
            throw Problem.query(
                "min_position", "names partition \(minPosition.partition.value); the site is in \(partition.value)")
        }
        if let from, let to, to < from { throw Problem.windowEndsEarly(from, to) }
        if let createdFrom, let createdTo, createdTo < createdFrom {
            throw Problem.query("created_to", "lies before created_from")
        }
        if kind == .explain, worker == nil { throw Problem.query("worker_id", "missing") }
    }

    /// A `+` that was not percent-encoded arrives as a space. No instant contains a space, so it can be restored.
    private static func time(_ name: String, _ value: String) throws -> Timestamp {
        let text = value.replacing(" ", with: "+")
        guard let time = Timestamp(rfc3339: text) else {
            throw Problem.query(
                name, "must be an RFC 3339 time with offset or Z, 1970 to 9999, e.g. 2026-01-12T06:00:00+05:30")
        }
        return time
    }

    private static func identifier<Kind>(_ name: String, _ value: String) throws -> Identifier<Kind> {
        let identifier = Identifier<Kind>(value)
        guard identifier.isValid else { throw Problem.query(name, "must be 1 to 128 bytes without control characters") }
        return identifier
    }

    private static func eventType(_ name: String, _ value: String) throws -> EventType {
        guard let type = EventType.allCases.first(where: { "\($0.name)" == value }) else {
            throw Problem.query(name, "must be working, idle, absent or product_count")
        }
        return type
    }

    private static func grouping(_ name: String, _ value: String) throws -> HealthGrouping {
        guard let grouping = HealthGrouping(rawValue: value) else {
            throw Problem.query(name, "must be camera, workstation or model_version")
        }
        return grouping
    }

    private static func limit(_ name: String, _ value: String) throws -> Int {
        guard value.utf8.allSatisfy({ (48...57).contains($0) }), let limit = Int(value), 1...limitMaximum ~= limit
        else {
            throw Problem.query(name, "must be a whole number from 1 to \(limitMaximum)")
        }
        return limit
    }
}

extension Problem {
    /// A malformed query; `parameter` is the name of the wrong one.
    static func query(_ parameter: String, _ detail: String) -> Problem {
        Problem(400, detail: "\(parameter): \(detail)", extensions: [("parameter", .string(parameter))])
    }

    static func windowEndsEarly(_ from: Timestamp, _ to: Timestamp) -> Problem {
        query("to", "\(to) lies before from, \(from)")
    }

    /// A question that may succeed a little later.
    static func busy(_ detail: String, retryAfterSeconds: Int) -> Problem {
        Problem(503, detail: detail, headers: [("Retry-After", String(retryAfterSeconds))])
    }
}
