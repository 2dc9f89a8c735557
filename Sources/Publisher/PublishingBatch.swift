internal import EventModel
internal import ProjectionStore

/// Records that are sent together, and what is done when all are delivered.
struct PublishingBatch {
    enum Content: Sendable {
        case metric(MetricRecord)
        case quarantined(ChangeFeed.Quarantined)
    }

    /// One record, with what is needed when its report arrives.
    struct Item: Sendable {
        var content: Content
        /// Index of its hour in the batch; nil for a quarantined event.
        var hour: Int?
        var topic = ""
        /// How far the topic had been read when the record was sent: the record's offset is after that.
        var topicEnd: Int64 = 0
        /// `ce_id`; empty for a quarantined event, because nobody follows those.
        var id: [UInt8] = []
    }

    private(set) var hours: [(hour: DueHour, isComplete: Bool)] = []
    private var items: [Item] = []
    private var nextIndex = 0
    /// Whether every report so far confirmed its record.
    private(set) var isWhole = true
    private var quarantinedEnd: (offset: LogOffset, index: Int)?

    var isEmpty: Bool { hours.isEmpty && items.isEmpty }
    /// Records not yet passed to the topics.
    var unsent: Int { items.count - nextIndex }
    var next: Item? { nextIndex < items.count ? items[nextIndex] : nil }

    mutating func removeNext() { nextIndex += 1 }

    mutating func add(_ hour: DueHour, _ outcome: HourSheet.Outcome) {
        for record in outcome.records { items.append(Item(content: .metric(record), hour: hours.count)) }
        hours.append((hour, outcome.isComplete))
    }

    mutating func add(_ events: [ChangeFeed.Quarantined]) {
        for event in events { items.append(Item(content: .quarantined(event))) }
        quarantinedEnd = events.last.map { ($0.event.entry.offset, $0.event.entry.index) }
    }

    /// A record was not delivered.
    mutating func fail(_ item: Item) {
        isWhole = false
        if let hour = item.hour, hours.indices.contains(hour) { hours[hour].isComplete = false }
    }

    /// Hours whose records have all arrived.
    var doneHours: [DueHour] { hours.filter(\.isComplete).map(\.hour) }

    /// The last event of a batch of quarantined ones that arrived completely.
    var lastQuarantined: (offset: LogOffset, index: Int)? { isWhole ? quarantinedEnd : nil }
}
