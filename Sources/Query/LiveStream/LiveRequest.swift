internal import EventModel
internal import HTTPServer
internal import Observability

/// What streams ask that share their answers: a site and a window, as it was given.
struct LiveQuestion: Hashable, Sendable {
    let site: SiteID
    /// Values of ``windowNames``; nil where the parameter is absent.
    fileprivate let window: [String?]

    fileprivate static let windowNames = ["from", "to", "period", "within"]

    /// - Parameter query: of the request.
    init(site: SiteID, _ query: [(name: String, value: String)] = []) {
        self.site = site
        window = Self.windowNames.map { name in query.first { $0.name == name }?.value }
    }

    /// What of the window a question takes.
    fileprivate func pairs(of kind: QueryKind) -> [(name: String, value: String)] {
        zip(Self.windowNames, window).compactMap { name, value in
            guard let value, kind.parameters.contains(where: { $0.name == name }) else { return nil }
            return (name, value)
        }
    }
}

/// A request for a live stream, parsed and checked (SPEC 7.5).
struct LiveRequest: Sendable {
    let question: LiveQuestion
    let partition: PartitionIndex
    /// Without repetition, in the order of ``LiveTopic``.
    let topics: [LiveTopic]
    let intervalMilliseconds: Int
    /// What each topic asks.
    let parameters: [LiveTopic: QueryParameters]
    let minPosition: RecordPosition?

    static let intervals = 250...60_000
    static let intervalDefault = 1000

    /// The window alone is that of other questions; what is known at another time does not change.
    static let parameters: [HTTPQueryParameter] = [
        "topics", "interval_ms", "from", "to", "period", "within", "site_id", "min_position",
    ]

    /// - Throws: ``Problem``, 400.
    init(_ query: [(name: String, value: String)], site: SiteID, partition: PartitionIndex) throws {
        func value(_ name: String) -> String? { query.first { $0.name == name }?.value }
        question = LiveQuestion(site: site, query)
        self.partition = partition
        topics = try Self.topics(value("topics"))
        intervalMilliseconds = try Self.interval(value("interval_ms"))
        let position = query.filter { $0.name == "min_position" }
        minPosition = try QueryParameters(position, of: .factory, partition: partition).minPosition
        var parameters: [LiveTopic: QueryParameters] = [:]
        for topic in LiveTopic.allCases {
            parameters[topic] = try QueryParameters(
                question.pairs(of: topic.kind), of: topic.kind, partition: partition)
        }
        self.parameters = parameters
    }

    private static func topics(_ text: String?) throws -> [LiveTopic] {
        guard let text else { return LiveTopic.allCases }
        let names = LiveTopic.allCases.map(\.rawValue)
        var asked: Set<LiveTopic> = []
        for name in text.split(separator: ",", omittingEmptySubsequences: false).map(String.init) {
            guard let topic = LiveTopic(rawValue: name) else {
                let guess = Suggestion.nearest(to: name, among: names).map { ", did you mean \($0)?" } ?? ";"
                throw Problem.query(
                    "topics", "there is no topic '\(name)'\(guess) topics are \(names.joined(separator: ", "))")
            }
            asked.insert(topic)
        }
        return LiveTopic.allCases.filter { asked.contains($0) }
    }

    private static func interval(_ text: String?) throws -> Int {
        guard let text else { return intervalDefault }
        guard text.utf8.allSatisfy({ (48...57).contains($0) }), let number = Int(text), intervals.contains(number)
        else {
            throw Problem.query(
                "interval_ms", "must be a whole number from \(intervals.lowerBound) to \(intervals.upperBound)")
        }
        return number
    }
}
