internal import EventModel
internal import Figures
internal import HTTPServer

/// The parameters of a question, parsed and checked (SPEC 2.5: a malformed query is a 400).
struct QueryParameters: Sendable {
    /// As received, for links to the next page.
    let pairs: [(name: String, value: String)]
    var from: AskedTime?
    var to: AskedTime?
    var period: Period?
    var within = Within.all
    var knownAt: AskedTime?
    /// The earlier of two states of knowledge; ``knownAt`` is the later one.
    var knownAtA: AskedTime?
    /// Whether a comparison leaves out what does not differ.
    var differingOnly = false
    /// Whether a history is about the factory.
    var isAboutFactory = false
    var createdFrom: AskedTime?
    var createdTo: AskedTime?
    var minPosition: RecordPosition?
    var workers: [WorkerID] = []
    var workstations: [WorkstationID] = []
    var camera: CameraID?
    var eventType: EventType?
    /// Why events were quarantined.
    var reason: Mark?
    var grouping: HealthGrouping?
    /// Whose trend or heat map it is.
    var subject: AskedSubject?
    var bucket = BucketLength.hour
    /// nil: the last full one.
    var week: ISOWeek?
    /// nil: what the client accepts.
    var format: AnswerFormat?
    /// Length of a health trend.
    var days = 7
    var baselineFrom: AskedTime?
    var baselineTo: AskedTime?
    var sorting: Sorting?
    /// nil: as many as there are, or a page.
    var limit: Int?
    var cursor: String?
    /// Whether an explanation joins intervals that touch (SPEC 5.9).
    var merges = true

    /// What of the window counts (SPEC 5.1).
    enum Within: Equatable, Sendable {
        case all, shifts
        /// The shifts of this name.
        case shift(String)
    }

    /// The order of a list (SPEC 5.2).
    struct Sorting: Equatable, Sendable {
        var field: String
        var isDescending: Bool
    }

    /// Events per page of a listing.
    static let pageDefault = 100
    /// known_at may be this far ahead of the server's clock: clients' clocks differ (SPEC 5.1).
    static let knownAtLeadMaximum: Int64 = 5 * Microseconds.second

    /// - Parameter pairs: Those that the route takes, each once unless it is repeatable.
    /// - Throws: ``Problem``, 400.
    init(_ pairs: [(name: String, value: String)], of kind: QueryKind, partition: PartitionIndex) throws {
        self.pairs = pairs
        for (name, value) in pairs { try read(name, value, kind) }
        try judge(kind, partition)
    }

    /// Items of one page of a listing.
    var pageLimit: Int { limit ?? QueryParameters.pageDefault }

    private mutating func read(_ name: String, _ value: String, _ kind: QueryKind) throws {
        switch name {
        case "from": from = try AskedTime(name, value)
        case "to": to = try AskedTime(name, value)
        case "known_at", "known_at_b": knownAt = try AskedTime(name, value)
        case "known_at_a": knownAtA = try AskedTime(name, value)
        case "differing_only": differingOnly = try QueryParameters.flag(name, value)
        case "factory": isAboutFactory = try QueryParameters.flag(name, value)
        case "created_from": createdFrom = try AskedTime(name, value)
        case "created_to": createdTo = try AskedTime(name, value)
        case "period": period = try QueryParameters.choice(name, value)
        case "within": within = try QueryParameters.within(name, value)
        case "worker_id": workers.append(try QueryParameters.identifier(name, value))
        case "workstation_id": workstations.append(try QueryParameters.identifier(name, value))
        case "camera_id": camera = try QueryParameters.identifier(name, value)
        case "reason": reason = try QueryParameters.reason(name, value)
        case "event_type": eventType = try QueryParameters.eventType(name, value)
        case "group_by": grouping = try QueryParameters.choice(name, value) as HealthGrouping
        case "of": subject = try AskedSubject(name, value, kind)
        case "bucket": bucket = try QueryParameters.choice(name, value, among: kind.bucketLengths)
        case "week":
            guard let asked = ISOWeek(value) else { throw Problem.query(name, ISOWeek.expectation) }
            week = asked
        case "format": format = try QueryParameters.choice(name, value) as AnswerFormat
        case "days": days = try QueryParameters.number(name, value, HealthTrend.daysMaximum)
        case "baseline_from": baselineFrom = try AskedTime(name, value)
        case "baseline_to": baselineTo = try AskedTime(name, value)
        case "merge": merges = try QueryParameters.flag(name, value)
        case "sort": sorting = try QueryParameters.sorting(name, value, kind.sortFields)
        case "limit": limit = try QueryParameters.number(name, value, kind.limitMaximum)
        case "cursor": cursor = value
        case "min_position":
            guard let position = RecordPosition(value) else {
                throw Problem.query(name, "must be a position partition:offset, e.g. 0:1234")
            }
            minPosition = position
        default: break  // site_id is read where keys are checked.
        }
    }

    private func judge(_ kind: QueryKind, _ partition: PartitionIndex) throws {
        if let minPosition, minPosition.partition != partition {
            throw Problem.query(
                "min_position", "names partition \(minPosition.partition.value); the site is in \(partition.value)")
        }
        if period != nil, from != nil || to != nil {
            throw Problem.query("period", "names the whole window: leave out from and to")
        }
        if (baselineFrom == nil) != (baselineTo == nil) {
            throw Problem.query("baseline_from", "goes with baseline_to: give both or none")
        }
        if kind == .heatMap, subject == nil { throw Problem.query("of", "missing: workers, workstations or cameras") }
        if kind == .explain, workers.isEmpty { throw Problem.query("worker_id", "missing") }
        if kind == .history, workers.count + workstations.count + (isAboutFactory ? 1 : 0) != 1 {
            throw Problem.query("worker_id", "a history is about one of worker_id, workstation_id and factory=true")
        }
    }

    static func identifier<Kind>(_ name: String, _ value: String) throws -> Identifier<Kind> {
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

    private static func reason(_ name: String, _ value: String) throws -> Mark {
        let reasons = Mark.allCases.filter { $0.eventClass == .quarantined }
        guard let reason = reasons.first(where: { $0.verdict.code == value }) else {
            throw Problem.query(name, "must be one of \(reasons.map(\.verdict.code).joined(separator: ", "))")
        }
        return reason
    }

    static func choice<Choice: CaseIterable & RawRepresentable<String> & Equatable>(
        _ name: String, _ value: String, among choices: [Choice] = Array(Choice.allCases)
    ) throws -> Choice {
        guard let choice = Choice(rawValue: value), choices.contains(choice) else {
            let names = choices.map(\.rawValue)
            throw Problem.query(name, "must be \(names.dropLast().joined(separator: ", ")) or \(names.last ?? "")")
        }
        return choice
    }

    private static func within(_ name: String, _ value: String) throws -> Within {
        switch value {
        case "all": return .all
        case "shifts": return .shifts
        default:
            guard value.hasPrefix("shift:"), value.utf8.count > 6 else {
                throw Problem.query(name, "must be all, shifts or shift:NAME")
            }
            return .shift(String(value.dropFirst(6)))
        }
    }

    private static func flag(_ name: String, _ value: String) throws -> Bool {
        guard value == "true" || value == "false" else { throw Problem.query(name, "must be true or false") }
        return value == "true"
    }

    private static func sorting(_ name: String, _ value: String, _ fields: [String]) throws -> Sorting {
        let isDescending = value.hasPrefix("-")
        let field = isDescending ? String(value.dropFirst()) : value
        guard fields.contains(field) else {
            throw Problem.query(
                name, "must be one of \(fields.joined(separator: ", ")); - before it: the largest first")
        }
        return Sorting(field: field, isDescending: isDescending)
    }

    static func number(_ name: String, _ value: String, _ maximum: Int) throws -> Int {
        guard value.utf8.allSatisfy({ (48...57).contains($0) }), let number = Int(value), 1...maximum ~= number else {
            throw Problem.query(name, "must be a whole number from 1 to \(maximum)")
        }
        return number
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

    /// Asked for something by an id that the site does not have.
    static func unknown(_ parameter: String, _ detail: String) -> Problem {
        Problem(404, detail: "\(parameter): \(detail)", extensions: [("parameter", .string(parameter))])
    }

    /// A question that may succeed a little later.
    static func busy(_ detail: String, retryAfterSeconds: Int) -> Problem {
        Problem(503, detail: detail, headers: [("Retry-After", String(retryAfterSeconds))])
    }
}
