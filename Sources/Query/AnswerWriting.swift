package import EventModel
internal import Figures
package import JSON

extension JSONWriter {
    /// An exact number in its shortest form, or null where there is none (SPEC 5.1).
    mutating func member(_ name: StaticString, _ value: FixedPoint?) {
        key(name)
        guard let value else { return null() }
        let number = value.shortest
        if let scaled = Int64(exactly: number.scaled) {
            fixed(scaled, decimals: number.decimals)
        } else {
            raw(number.text.utf8)
        }
    }

    /// A sum that 64 bits might not hold.
    mutating func member(_ name: StaticString, _ value: Int128) {
        key(name)
        raw(String(value).utf8)
    }

    package mutating func member(_ name: StaticString, _ time: Timestamp?) {
        key(name)
        if let time { self.time(time) } else { null() }
    }

    package mutating func member(_ name: StaticString, microseconds: Int64?) {
        member(name, microseconds.map(Timestamp.init(microseconds:)))
    }

    /// An id, or null where there is none.
    package mutating func member(_ name: StaticString, id: ArraySlice<UInt8>?) {
        key(name)
        if let id { string(utf8: id) } else { null() }
    }

    mutating func member(_ name: StaticString, orNull text: String?) {
        key(name)
        string(orNull: text)
    }

    /// 27 bytes that need no escape.
    private mutating func time(_ time: Timestamp) {
        var text: [UInt8] = [UInt8(ascii: "\"")]
        text.reserveCapacity(29)
        time.appendFormatted(to: &text)
        text.append(UInt8(ascii: "\""))
        raw(text)
    }
}

extension EventType {
    /// The name in JSON.
    package var text: String { "\(name)" }
}

/// What every answer says about itself (SPEC 5.8).
struct AnswerMeta {
    let question: Question
    let partition: PartitionIndex
    let isSettled: Bool

    /// The version of SPEC whose figures these are.
    static let spec = 1

    func write(to writer: inout JSONWriter) {
        let progress = question.snapshot.progress
        writer.key("meta")
        writer.object { writer in
            writer.key("site_id")
            writer.string(utf8: question.site.siteID.bytes)
            writer.member("from", question.from)
            writer.member("to", question.to)
            writer.member("known_at", question.parameters.knownAt)
            writer.member("spec", AnswerMeta.spec)
            writer.key("definition")
            writer.integer(orNull: question.view.definition.map { Int64($0) + 1 })
            writer.member("settled", isSettled)
            writer.key("positions")
            writer.object { $0.member(String(partition.value), progress.nextOffset.value) }
            writer.member(
                "freshness_seconds",
                progress.newestCreatedAt.flatMap { FixedPoint.seconds(question.clock.microseconds - $0) })
            if question.isRederiving { writer.member("rederiving", true) }
        }
    }
}

extension Question {
    /// Whether hours are being made anew, so that figures are derived from events alone meanwhile (DESIGN 1.7).
    var isRederiving: Bool { site.isRederiving }
}

extension JSONWriter {
    fileprivate mutating func member(_ name: String, _ value: Int64) {
        key(name)
        integer(value)
    }
}
