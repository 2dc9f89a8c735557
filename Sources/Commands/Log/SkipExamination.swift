internal import EventLog
internal import EventModel

/// What stands at offsets that an operator wants to pass over. Whatever can be read is refused (SPEC 7.4).
struct SkipExamination {
    /// One record that cannot be decoded, or offsets at which there is nothing.
    struct Item: Equatable {
        var first: LogOffset
        var next: LogOffset
        /// What was found, for the operator.
        var text: String
    }

    /// In order and without a gap between them.
    private(set) var items: [Item] = []
    let partition: PartitionIndex

    var first: LogOffset { items.first?.first ?? .zero }
    var next: LogOffset { items.last?.next ?? .zero }

    /// - Parameter last: the last offset to pass over; nil: what stops the fold at `position`, one record or all that is
    ///   missing.
    /// - Throws: ``CommandFailure`` for a record that can be decoded, also by a newer version only; `LogError`.
    init(_ log: any SkippableLog, _ position: RecordPosition, through last: LogOffset?) throws {
        partition = position.partition
        let start = try log.startOffset(position.partition)
        if position.offset < start {
            items = [try Self.gone(position, through: last, start: start)]
            return
        }
        var batch = EventBatch(siteID: SiteID(bytes: []))
        var offset = position.offset
        repeat {
            let place = RecordPosition(partition: partition, offset: offset)
            switch try log.look(at: place) {
            case .record(let record):
                let text = try Self.describe(record, place, &batch)
                items.append(Item(first: offset, next: offset.next, text: text))
            case .nothing(let until):
                let next = last.map { min(until, $0.next) } ?? until
                let text = "no record: it is gone, or the brokers' own mark of a transaction"
                items.append(Item(first: offset, next: next, text: text))
            }
            offset = next
        } while offset <= last ?? .zero
        guard next.value - first.value <= LogSkip.offsetsMaximum else {
            throw CommandFailure(
                .failure, "nothing is at \(grouped(next.value - first.value)) offsets from \(position) on",
                why: "at most \(grouped(LogSkip.offsetsMaximum)) are passed over at once",
                next: "andon log skip \(position) --through \(position.offset.value + LogSkip.offsetsMaximum - 1)")
        }
    }

    /// What the log has lost at its beginning: there is nothing to look at, so it may be any number of offsets.
    private static func gone(
        _ position: RecordPosition, through last: LogOffset?, start: LogOffset
    ) throws(CommandFailure) -> Item {
        if let last, last >= start {
            throw CommandFailure(
                .failure, "offset \(last.value) is not gone", why: "the log begins at offset \(start.value)",
                next: "andon log skip \(position) without --through passes over all that is gone")
        }
        return Item(
            first: position.offset, next: last?.next ?? start,
            text: "gone: the log begins at offset \(start.value), retention has removed what was before")
    }

    private static func describe(
        _ record: NewRecord, _ place: RecordPosition, _ batch: inout EventBatch
    ) throws(CommandFailure) -> String {
        let key = printable(String(decoding: record.key, as: UTF8.self))
        let kind: RecordCodec.Kind
        do throws(CodecError) {
            kind = try RecordCodec.decode(record.payload, into: &batch)
        } catch {
            guard error.code == .unknownFormat else {
                return
                    "a record of \(record.payload.count) bytes under the key '\(key)' that cannot be decoded: \(error)"
            }
            throw CommandFailure(
                .failure, "the record at \(place) is not passed over",
                why: "its format is one that this version does not know: a newer Andon has written it",
                next: "run the newer version")
        }
        let content =
            switch kind {
            case .events: "a record of site '\(key)': \(batch.count) events"
            case .definition: "a definition of site '\(key)'"
            case .clockSetBack: "the record that time was set back in this partition"
            }
        throw CommandFailure(
            .failure, "the record at \(place) can be read and is not passed over", why: "it is \(content)",
            next: "andon log tail --from \(place) --limit 1")
    }
}
