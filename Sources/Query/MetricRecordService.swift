public import EventLog
public import EventModel
public import HTTPServer
internal import JSON
internal import Locks
public import Observability

/// Answers what is published for other systems: `GET /api/metric-records`, for those that read no Kafka (SPEC 8.11).
///
/// A thread of its own reads the file.
public final class MetricRecordService: Sendable {
    public struct Parts: Sendable {
        /// Names of the topics that can be read.
        public var topics: [String]
        /// From an offset on, so many records, of these sites; nil for all.
        public var page: @Sendable (String, LogOffset, Int, [SiteID]?) throws -> TopicPage
        public var authorize: @Sendable (HTTPRequest) -> SitesPermission
        public var journal: Journal

        public init(
            topics: [String], page: @escaping @Sendable (String, LogOffset, Int, [SiteID]?) throws -> TopicPage,
            authorize: @escaping @Sendable (HTTPRequest) -> SitesPermission, journal: Journal = .silent
        ) {
            self.topics = topics
            self.page = page
            self.authorize = authorize
            self.journal = journal
        }
    }

    static let path = "/api/metric-records"
    static let limitDefault = 100
    static let limitMaximum = 1000
    /// Questions that wait: each may be a megabyte.
    private static let waitingMaximum = 16

    private let parts: Parts
    private let pool: ThreadPool<@Sendable () -> Void>

    public init(_ parts: Parts) {
        self.parts = parts
        pool = ThreadPool("records", threadsMaximum: 1, waitingMaximum: Self.waitingMaximum) { { $0() } }
    }

    /// Accepts no more questions; accepted ones are still answered.
    public func stop() { pool.close() }

    public var routes: [HTTPRoute] {
        [
            HTTPRoute(.get, Self.path, parameters: ["topic", "after", "limit", "site_id"]) { [self] request in
                switch parts.authorize(request) {
                case .refused(let response): .refused(response)
                case .everything: .admitted { [self] request, exchange in answer(request, nil, exchange) }
                case .sites(let sites): .admitted { [self] request, exchange in answer(request, sites, exchange) }
                }
            }
        ]
    }

    private func answer(_ request: HTTPRequest, _ sites: [SiteID]?, _ exchange: any HTTPExchange) -> HTTPOutcome {
        do throws(Problem) {
            let question = try RecordQuestion(request, topics: parts.topics)
            let isTaken = pool.submit { [self] in exchange.complete(answer(question, sites)) }
            guard isTaken else { throw .busy("too many questions are waiting", retryAfterSeconds: 1) }
            return .suspended
        } catch {
            return .respond(error.response)
        }
    }

    private func answer(_ question: RecordQuestion, _ sites: [SiteID]?) -> HTTPResponse {
        do {
            let start = question.cursor?.offset ?? .zero
            let page = try parts.page(question.topic, start, question.limit, sites)
            if let source = question.cursor?.source, source != page.source {
                return RecordQuestion.malformed(
                    "after", "the records were published anew since; begin without it, every record is absolute"
                ).response
            }
            var writer = JSONWriter(reservedBytes: 1024 * (1 + page.records.count))
            writer.page(page, of: question.topic)
            return .json(200, writer.bytes, headers: [("Cache-Control", "private, no-cache")])
        } catch {
            parts.journal.record(.metricRecordsFailed(error.forOperator))
            return Problem.busy("the records cannot be read at the moment", retryAfterSeconds: 5).response
        }
    }
}

/// What is asked for.
private struct RecordQuestion: Sendable {
    struct Cursor: Sendable {
        var source: String
        var offset: LogOffset
    }

    var topic: String
    var cursor: Cursor?
    var limit: Int

    init(_ request: HTTPRequest, topics: [String]) throws(Problem) {
        let names = topics.joined(separator: ", ")
        guard let topic = request.queryValue("topic") else {
            throw Self.malformed("topic", "missing; it is one of \(names)")
        }
        guard topics.contains(where: { $0.utf8.elementsEqual(topic.utf8) }) else {
            throw Problem(
                404, detail: "topic: there is none of this name; it is one of \(names)",
                extensions: [("parameter", .string("topic"))])
        }
        self.topic = topic
        cursor = try request.queryValue("after").map { text throws(Problem) in try Self.cursor(text) }
        limit =
            try request.queryValue("limit").map { text throws(Problem) in try Self.limit(text) }
            ?? MetricRecordService.limitDefault
    }

    private static func cursor(_ text: String) throws(Problem) -> Cursor {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, let offset = Int64(parts[1]), offset >= 0 else {
            throw malformed("after", "not a cursor; take next_cursor of an earlier answer")
        }
        return Cursor(source: String(parts[0]), offset: LogOffset(offset))
    }

    private static func limit(_ text: String) throws(Problem) -> Int {
        guard let limit = Int(text), 1...MetricRecordService.limitMaximum ~= limit else {
            throw malformed("limit", "a number from 1 to \(MetricRecordService.limitMaximum)")
        }
        return limit
    }

    static func malformed(_ parameter: String, _ detail: String) -> Problem {
        Problem(400, detail: "\(parameter): \(detail)", extensions: [("parameter", .string(parameter))])
    }
}

extension JSONWriter {
    fileprivate mutating func page(_ page: TopicPage, of topic: String) {
        object { writer in
            writer.key("items")
            writer.array { writer in for record in page.records { writer.record(record, of: topic) } }
            writer.member("next_cursor", "\(page.source)-\(page.next.value)")
            writer.key("meta")
            writer.object { writer in
                writer.member("topic", topic)
                writer.member("at_end", page.isAtEnd)
            }
        }
    }

    private mutating func record(_ record: FollowedRecord, of topic: String) {
        object { writer in
            writer.member("topic", topic)
            writer.key("key")
            writer.string(utf8: record.key)
            for (name, header) in [("id", "ce_id"), ("type", "ce_type"), ("time", "ce_time")] {
                writer.key(name)
                writer.string(
                    orNull: record.headers.first { $0.name == header }.map { String(decoding: $0.value, as: UTF8.self) }
                )
            }
            writer.key("revision")
            if let revision = record.value.flatMap({ JSONValue($0) })?["revision"] {
                writer.value(revision)
            } else {
                writer.null()
            }
            writer.key("value")
            if let value = record.value { writer.raw(value) } else { writer.null() }
        }
    }
}
