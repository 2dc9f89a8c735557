internal import EventModel
internal import Figures
internal import HTTPServer
internal import JSON
internal import Projector
internal import Timeline

/// Answers for live streams: the values that questions have, at one position for all topics (SPEC 7.5).
extension QueryService {
    /// What a topic needs.
    struct LiveNeed: Sendable {
        var topic: LiveTopic
        /// Events that arrived in records from here on are told; nil: none are.
        var eventsSince: LogOffset?
        /// Whether a page of events is needed.
        var needsWhole: Bool
    }

    /// A question that was asked, and what it found.
    private struct Found {
        var need: LiveNeed
        var question: Question
        /// nil where nobody needs the page of events.
        var content: AnswerContent?
        var arrived: [EventItem]
        var newest: NewestArrival
    }

    /// - Returns: nil for a site that no folded record names.
    /// - Throws: ``Problem`` where the question cannot be answered; what reading the projections throws.
    func live(
        _ request: LiveRequest, _ needs: [LiveNeed], _ projections: any Projections
    ) throws -> [LiveTopic: LiveAnswer]? {
        let clock = parts.clock.now
        let answerClock = parts.answerClock()
        guard let snapshot = try projections.snapshot(of: request.question.site) else { return nil }
        defer { snapshot.close() }
        let registered = parts.registry(request.question.site)
        let remembered = remembered(snapshot, request.partition, answerClock)
        let found = try needs.compactMap { need -> Found? in
            guard let parameters = request.parameters[need.topic] else { return nil }
            let question = try Question(
                need.topic.kind, parameters, snapshot, clock: clock, zones: zones, registered: registered,
                remembered: remembered)
            let isNeeded = need.topic != .events || need.needsWhole
            return Found(
                need: need, question: question,
                content: isNeeded ? try question.content(rosters, request.partition, rejected: []) : nil,
                arrived: need.eventsSince.map { question.arrived(since: $0, request.partition) } ?? [],
                newest: try snapshot.site.newestArrival(question.view, snapshot.reader))
        }
        // Writing takes its time, too.
        snapshot.close()
        return Dictionary(uniqueKeysWithValues: found.map { ($0.need.topic, Self.answer($0, request.partition)) })
    }

    private static func answer(_ found: Found, _ partition: PartitionIndex) -> LiveAnswer {
        let (question, site) = (found.question, found.question.site)
        var writer = JSONWriter()
        writer.object { writer in
            AnswerMeta(question: question, partition: partition, isSettled: false, newest: found.newest)
                .write(to: &writer)
        }
        return LiveAnswer(
            body: body(found), offset: site.nextOffset, windowStart: question.from,
            id: Array("\(partition.value):\(site.nextOffset.value)".utf8), meta: inside(writer.bytes))
    }

    private static func body(_ found: Found) -> LiveAnswer.Body {
        switch (found.need.topic, found.content) {
        case (.events, let content):
            let question = found.question
            let events = found.arrived.map { event in
                LiveAnswer.NewEvents.Event(
                    offset: event.position.record.offset, item: event,
                    isAsked: (question.from?.microseconds ?? .min) <= event.time
                        && event.time < question.to?.microseconds ?? .max)
            }
            return .events(
                LiveAnswer.NewEvents(
                    recent: events, winners: question.site.ledger.winners, page: content.map { members($0) }))
        case (_, let content?): return content.liveItems.map { .list($0) } ?? .object(members(content))
        case (_, nil): return .object([])
        }
    }

    /// The members of the whole answer, with a comma behind them.
    private static func members(_ content: AnswerContent) -> [UInt8] {
        var writer = JSONWriter(reservedBytes: 4096)
        writer.object { writer in
            writer.content(content)
            if let next = content.nextCursor { writer.member("next_cursor", next) }
        }
        return inside(writer.bytes) + [UInt8(ascii: ",")]
    }

    /// The members of an object, without its braces.
    private static func inside(_ object: [UInt8]) -> [UInt8] { Array(object.dropFirst().dropLast()) }
}

extension AnswerContent {
    /// The items of a list that streams follow, with their ids; nil for anything else.
    ///
    /// An alert is known by `KIND SCOPE HOUR`, an instance of a shift by `START SHIFT`, as the members say them.
    fileprivate var liveItems: [LiveItem]? {
        switch self {
        case .workers(let items): items.map { item in LiveItem(Array(item.id)) { $0.worker(item) } }
        case .workstations(let items): items.map { item in LiveItem(Array(item.id)) { $0.workstation(item) } }
        case .alerts(let alerts):
            alerts.map { alert in
                LiveItem([Array(alert.kind.rawValue.utf8), Array(alert.scope.id), Self.time(alert.hour)]) {
                    $0.alert(alert)
                }
            }
        case .shifts(let shifts):
            shifts.map { shift in
                let start = Self.time(shift.instance.range.lowerBound)
                return LiveItem([start, Array(shift.instance.name.utf8)]) { $0.shift(shift) }
            }
        default: nil
        }
    }

    private static func time(_ microseconds: Int64) -> [UInt8] {
        Array(Timestamp(microseconds: microseconds).formatted.utf8)
    }
}

extension LiveItem {
    fileprivate init(_ id: [UInt8], _ members: (inout JSONWriter) -> Void) {
        var writer = JSONWriter(reservedBytes: 1024)
        writer.object { members(&$0) }
        self.init(id: id, json: writer.bytes)
    }

    fileprivate init(_ parts: [[UInt8]], _ members: (inout JSONWriter) -> Void) {
        self.init(Array(parts.joined(separator: [UInt8(ascii: " ")])), members)
    }
}
