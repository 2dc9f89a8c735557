// Layer: machine. What readers lack, by the version that they have.
import EventModel
import Testing

@testable import Query

@Suite("What readers of a live stream lack (SPEC 7.5)") struct LiveContentTests {
    private func answer(_ body: LiveAnswer.Body, offset: Int64 = 1, from: Int64? = nil) -> LiveAnswer {
        LiveAnswer(
            body: body, offset: LogOffset(offset), windowStart: from.map { Timestamp(microseconds: $0) },
            id: Array("0:\(offset)".utf8), meta: Array(#""meta":{}"#.utf8))
    }

    private func list(_ items: [String: Int], offset: Int64 = 1, from: Int64? = nil) -> LiveAnswer {
        let items = items.sorted { $0.key < $1.key }.map { id, value in
            LiveItem(id: Array(id.utf8), json: Array(#"{"id":"\#(id)","n":\#(value)}"#.utf8))
        }
        return answer(.list(items), offset: offset, from: from)
    }

    /// The data of a frame; nil where there is none.
    private func data(_ content: inout LiveContent, from base: Int) throws -> String? {
        guard case .bytes(let bytes) = content.frame(from: base) else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(text.hasSuffix("\n\n") && text.hasPrefix("event: \(content.topic.rawValue)\nid: 0:"))
        return try #require(text.split(separator: "\n").last).dropFirst(6).description
    }

    @Test("a list is told whole first, then item by item as its bytes change, and what was removed by id")
    func items() throws {
        var content = LiveContent(.workers)
        #expect(content.frame(from: 0) == .nothing)
        content.take(list(["a": 1, "b": 1, "c": 1]))
        #expect(
            try data(&content, from: 0)
                == #"{"kind":"snapshot","items":[{"id":"a","n":1},{"id":"b","n":1},{"id":"c","n":1}],"meta":{}}"#)
        #expect(content.frame(from: content.version) == .nothing)
        let first = content.version
        content.take(list(["a": 1, "b": 2, "c": 1]))
        let second = content.version
        content.take(list(["a": 1, "c": 3, "d": 1]))
        #expect(
            try data(&content, from: second)
                == #"{"kind":"change","items":[{"id":"c","n":3},{"id":"d","n":1}],"removed":["b"],"meta":{}}"#)
        // Who skipped the one before gets both.
        #expect(try data(&content, from: first) == (try data(&content, from: second)))
        let third = content.version
        content.take(list(["a": 1, "b": 2, "c": 3, "d": 1]))
        #expect(
            try data(&content, from: third) == #"{"kind":"change","items":[{"id":"b","n":2}],"removed":[],"meta":{}}"#)
        content.take(list(["a": 1, "b": 2, "c": 3, "d": 1], offset: 9))
        #expect(content.frame(from: content.version) == .nothing && content.version == third + 1)
    }

    @Test("an empty list is an answer, too")
    func empty() throws {
        var content = LiveContent(.alerts)
        content.take(list([:]))
        #expect(try data(&content, from: 0) == #"{"kind":"snapshot","items":[],"meta":{}}"#)
        #expect(content.frame(from: content.version) == .nothing)
    }

    @Test("an object is told whole again when it has changed")
    func object() throws {
        var content = LiveContent(.factory)
        content.take(answer(.object(Array(#""n":1,"#.utf8))))
        #expect(try data(&content, from: 0) == #"{"kind":"snapshot","n":1,"meta":{}}"#)
        let first = content.version
        content.take(answer(.object(Array(#""n":1,"#.utf8)), offset: 2))
        #expect(content.version == first)
        content.take(answer(.object(Array(#""n":2,"#.utf8)), offset: 3))
        #expect(try data(&content, from: first) == #"{"kind":"change","n":2,"meta":{}}"#)
    }

    @Test("another window begins with a snapshot again")
    func window() throws {
        var content = LiveContent(.workers)
        content.take(list(["a": 1], from: 0))
        let before = content.version
        content.take(list(["a": 1], from: 10))
        #expect(content.firstVersion > before)
        #expect(try data(&content, from: before) == #"{"kind":"snapshot","items":[{"id":"a","n":1}],"meta":{}}"#)
    }

    // MARK: Events

    private func event(_ offset: Int64, time: Int64, isAsked: Bool = true) -> LiveAnswer.NewEvents.Event {
        LiveAnswer.NewEvents.Event(
            offset: LogOffset(offset),
            item: EventItem(
                time: time, worker: [87], workstation: [83], type: .working, confidence: .init(scaled: 1, decimals: 0),
                isLowConfidence: false,
                position: Position(
                    record: RecordPosition(partition: PartitionIndex(0), offset: LogOffset(offset)), index: 0),
                createdAt: 0), isAsked: isAsked)
    }

    private func events(
        _ new: [LiveAnswer.NewEvents.Event], winners: Int64, offset: Int64, page: String? = nil
    ) -> LiveAnswer {
        answer(
            .events(LiveAnswer.NewEvents(recent: new, winners: winners, page: page.map { Array($0.utf8) })),
            offset: offset)
    }

    /// Offsets of the events told, and how many were skipped.
    private func told(_ content: inout LiveContent, from base: Int) throws -> (offsets: [String], skipped: String?)? {
        guard let text = try data(&content, from: base) else { return nil }
        let json = try JSONText(Array(text.utf8))
        #expect(json["kind"] == .string("change"))
        return ((json["items"]?.elements ?? []).compactMap { $0["position"]?.text }, json["skipped"]?.text)
    }

    @Test("events are told as they arrive, newest event time first, then by position")
    func arrivals() throws {
        var content = LiveContent(.events)
        content.take(events([], winners: 5, offset: 3, page: #""items":[],"#))
        #expect(try data(&content, from: 0) == #"{"kind":"snapshot","items":[],"meta":{}}"#)
        let first = content.version
        #expect(content.eventsKnownTo == LogOffset(3))
        content.take(events([event(3, time: 10), event(4, time: 30)], winners: 7, offset: 5))
        content.take(events([event(5, time: 30), event(6, time: 20)], winners: 9, offset: 7))
        let all = try #require(try told(&content, from: first))
        #expect(all.offsets == ["0:4:0", "0:5:0", "0:6:0", "0:3:0"] && all.skipped == "0")
        let newest = try #require(try told(&content, from: first + 1))
        #expect(newest.offsets == ["0:5:0", "0:6:0"])
        #expect(content.frame(from: 0) == .missing, "nobody has asked for the page")
    }

    @Test("at most 200 events are told at once, the newest that arrived; the others are counted")
    func skipped() throws {
        var content = LiveContent(.events)
        content.take(events([], winners: 0, offset: 0, page: ""))
        let first = content.version
        content.take(events((0..<200).map { event(100 + $0, time: 500 - $0) }, winners: 300, offset: 300))
        let told = try #require(try told(&content, from: first))
        #expect(told.offsets.count == 200 && told.skipped == "100")
        #expect(told.offsets.first == "0:100:0")
    }

    @Test("what lies outside the window is not told, and is no reason for a frame")
    func outside() throws {
        var content = LiveContent(.events)
        content.take(events([], winners: 0, offset: 0, page: ""))
        let first = content.version
        content.take(events([event(0, time: 1, isAsked: false)], winners: 1, offset: 1))
        #expect(content.frame(from: first) == .nothing)
        content.take(events([event(1, time: 2)], winners: 2, offset: 2))
        #expect(try told(&content, from: first)?.offsets == ["0:1:0"])
    }

    @Test("duplicates move no version; who is too far behind begins with a snapshot again")
    func behind() throws {
        var content = LiveContent(.events)
        content.take(events([], winners: 1, offset: 1, page: ""))
        let first = content.version
        content.take(events([], winners: 1, offset: 2))
        #expect(content.version == first && content.eventsKnownTo == LogOffset(2))
        for step in 0..<LiveEvents.versionsMaximum {
            let offset = Int64(step) + 2
            content.take(events([event(offset, time: 1)], winners: offset, offset: offset + 1))
        }
        #expect(content.firstVersion > first)
        #expect(content.frame(from: first) == .missing)
        content.take(events([], winners: 65, offset: 66, page: #""items":[7],"#))
        #expect(try data(&content, from: first) == #"{"kind":"snapshot","items":[7],"meta":{}}"#)
    }
}
