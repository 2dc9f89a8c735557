internal import EventModel
internal import JSON
internal import Timeline

/// What one topic last looked like, and which of its items changed when: so every reader is told what it lacks, whatever it
/// was told before, and readers who lack the same share one frame (SPEC 7.5).
///
/// Versions count the answers that differed from the one before. A reader keeps the version that it has: 0 for none.
struct LiveContent: Sendable {
    enum Frame: Equatable, Sendable {
        case bytes([UInt8])
        /// The reader has everything.
        case nothing
        /// It needs the whole answer, which nobody has asked for yet.
        case missing
    }

    private enum Body: Sendable {
        case empty
        case object([UInt8])
        case list(LiveList)
        case events(LiveEvents)
    }

    let topic: LiveTopic
    private(set) var version = 0
    /// Readers of an older version need the whole answer again.
    private(set) var firstVersion = 1
    private var body = Body.empty
    private var windowStart: Timestamp?
    private var id: [UInt8] = []
    private var meta: [UInt8] = []
    /// By the version that readers have.
    private var frames: [Int: Frame] = [:]

    init(_ topic: LiveTopic) { self.topic = topic }

    /// After which offset recent events are needed; nil where nothing is known yet.
    var eventsKnownTo: LogOffset? { if case .events(let events) = body { events.offset } else { nil } }

    /// Compares with the answer before.
    mutating func take(_ answer: LiveAnswer) {
        if version > 0, answer.windowStart != windowStart {
            firstVersion = version + 1
            body = .empty
        }
        (windowStart, id, meta, frames) = (answer.windowStart, answer.id, answer.meta, [:])
        switch answer.body {
        case .object(let members):
            if case .object(members) = body { return }
            version += 1
            body = .object(members)
        case .list(let items): take(items)
        case .events(let new): take(new, upTo: answer.offset)
        }
    }

    private mutating func take(_ items: [LiveItem]) {
        let known: LiveList? = if case .list(let list) = body { list } else { nil }
        var list = known ?? LiveList()
        let hasChanged = list.take(items, as: version + 1)
        if hasChanged || known == nil { version += 1 }
        body = .list(list)
    }

    private mutating func take(_ new: LiveAnswer.NewEvents, upTo offset: LogOffset) {
        let known: LiveEvents? = if case .events(let events) = body { events } else { nil }
        var events = known ?? LiveEvents()
        if events.take(new, upTo: offset, as: version + 1) { version += 1 }
        if let page = new.page { events.setPage(page, of: version) }
        firstVersion = max(firstVersion, events.firstVersion)
        body = .events(events)
    }

    /// What a reader of a version is to be told.
    mutating func frame(from base: Int) -> Frame {
        if let frame = frames[base] { return frame }
        let frame = make(from: base)
        frames[base] = frame
        return frame
    }

    private func make(from base: Int) -> Frame {
        guard base < version else { return .nothing }
        let isWhole = base < firstVersion
        let members: [UInt8]?
        switch body {
        case .empty: return .nothing
        case .object(let object): members = object
        case .list(let list): members = isWhole ? list.whole : list.change(from: base)
        case .events(let events):
            if isWhole {
                guard let page = events.page(of: version) else { return .missing }
                members = page
            } else {
                members = events.change(from: base)
            }
        }
        guard let members else { return .nothing }
        return .bytes(LiveFrame.event(topic, id: id, isWhole ? .snapshot : .change, members, meta: meta))
    }
}

/// The items of a list, each with the version since which it looks as it does.
struct LiveList: Sendable {
    private var items: [(item: LiveItem, version: Int)] = []
    /// Those that left the list, and when.
    private var removed: [[UInt8]: Int] = [:]

    /// - Returns: Whether anything changed.
    mutating func take(_ new: [LiveItem], as version: Int) -> Bool {
        var before: [[UInt8]: Int] = [:]
        for (index, old) in items.enumerated() { before[old.item.id] = index }
        var hasChanged = false
        let next = new.map { item -> (item: LiveItem, version: Int) in
            removed[item.id] = nil
            if let index = before.removeValue(forKey: item.id), items[index].item == item {
                return (item, items[index].version)
            }
            hasChanged = true
            return (item, version)
        }
        for id in before.keys {
            removed[id] = version
            hasChanged = true
        }
        items = next
        return hasChanged
    }

    var whole: [UInt8] { LiveFrame.list("items", items.map(\.item.json)) }

    /// What changed after a version; ids that were removed by bytes.
    func change(from base: Int) -> [UInt8] {
        let gone = removed.filter { $0.value > base }.keys.sorted { $0.lexicographicallyPrecedes($1) }
        return LiveFrame.list("items", items.filter { $0.version > base }.map(\.item.json))
            + LiveFrame.list(
                "removed",
                gone.map { id in
                    var writer = JSONWriter()
                    writer.string(utf8: id)
                    return writer.bytes
                })
    }
}

/// The newest events that readers have been told, or are to be told.
struct LiveEvents: Sendable {
    private struct Mark {
        var version: Int
        var offset: LogOffset
        var winners: Int64
    }

    private struct Told {
        var event: LiveAnswer.NewEvents.Event
        var json: [UInt8]
    }

    /// Readers that are further behind begin with a snapshot again.
    static let versionsMaximum = 64

    private var marks: [Mark] = []
    private var newest: [Told] = []
    private var page: (version: Int, members: [UInt8])?

    /// Where the records end of which the readers may know.
    var offset: LogOffset? { marks.last?.offset }

    var firstVersion: Int { marks.first?.version ?? 0 }

    /// - Returns: Whether there are new winners, or these are the first that is known.
    mutating func take(_ new: LiveAnswer.NewEvents, upTo offset: LogOffset, as version: Int) -> Bool {
        let known = marks.last
        guard known == nil || known?.winners != new.winners || !new.recent.isEmpty else {
            marks[marks.count - 1].offset = offset
            return false
        }
        for event in new.recent {
            var writer = JSONWriter()
            writer.object { $0.listed(event.item) }
            newest.append(Told(event: event, json: writer.bytes))
        }
        newest.removeFirst(max(0, newest.count - RecentWinners.countMaximum))
        marks.append(Mark(version: version, offset: offset, winners: new.winners))
        marks.removeFirst(max(0, marks.count - Self.versionsMaximum))
        return true
    }

    mutating func setPage(_ members: [UInt8], of version: Int) { page = (version, members) }

    func page(of version: Int) -> [UInt8]? { page?.version == version ? page?.members : nil }

    /// Newest event time first, then by position, as in the listing; nil where nothing is to be told.
    func change(from base: Int) -> [UInt8]? {
        guard let mark = marks.first(where: { $0.version == base }), let last = marks.last else { return nil }
        let arrived = newest.filter { $0.event.offset >= mark.offset }
        let skipped = max(0, last.winners - mark.winners - Int64(arrived.count))
        let shown = arrived.filter(\.event.isAsked).sorted { left, right in
            let (left, right) = (left.event.item, right.event.item)
            if left.time != right.time { return left.time > right.time }
            return (left.position.record.offset, left.position.index)
                < (right.position.record.offset, right.position.index)
        }
        guard !shown.isEmpty || skipped > 0 else { return nil }
        return LiveFrame.list("items", shown.map(\.json)) + Array("\"skipped\":\(skipped),".utf8)
    }
}
