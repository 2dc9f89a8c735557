public import EventModel

/// The spans over which the gateways of a partition have set time back (SPEC 2.9).
///
/// A span begins at the time with which they went on, and ends at the newest created_at before. What is known at a time
/// inside it is in doubt: records that were admitted before the span may carry a later created_at, and an answer that was
/// called settled while the clock was ahead may have changed since.
public struct ClockDisputes: Sendable, Hashable {
    /// A span, half-open.
    public struct Span: Sendable, Hashable {
        public var from: Timestamp
        public var to: Timestamp

        public init(from: Timestamp, to: Timestamp) {
            self.from = from
            self.to = to
        }

        func contains(_ time: Timestamp) -> Bool { from <= time && time < to }
    }

    /// Most spans kept; beyond that the two with the shortest time between them become one.
    public static let spansMaximum = 64

    /// In order of time; they do not touch.
    public private(set) var spans: [Span] = []

    public init() {}

    /// The span that holds a time; nil where time was not set back.
    public func span(holding time: Timestamp) -> Span? { spans.first { $0.contains(time) } }

    /// Adds the span of a record.
    mutating func add(_ record: ClockSetBack) {
        add(Span(from: record.createdAt, to: record.newestCreatedAt))
    }

    private mutating func add(_ span: Span) {
        var merged = span
        let apart = spans.filter { other in
            guard other.from <= merged.to, merged.from <= other.to else { return true }
            merged = Span(from: min(merged.from, other.from), to: max(merged.to, other.to))
            return false
        }
        spans = (apart + [merged]).sorted { $0.from < $1.from }
        guard spans.count > Self.spansMaximum else { return }
        let gaps = spans.indices.dropLast().map { spans[$0 + 1].from - spans[$0].to }
        guard let closest = gaps.indices.min(by: { gaps[$0] < gaps[$1] }) else { return }
        let next = spans.remove(at: closest + 1)
        spans[closest].to = next.to
    }
}

// Stored as pairs of integers: 16 bytes a span, in order.
extension ClockDisputes {
    public var stored: [UInt8] {
        spans.flatMap { span in
            [span.from, span.to].flatMap { time in
                (0..<8).map { UInt8(truncatingIfNeeded: time.microseconds >> Int64($0 * 8)) }
            }
        }
    }

    /// - Returns: nil for bytes that ``stored`` would not have written.
    public init?(stored bytes: [UInt8]) {
        guard bytes.count % 16 == 0, bytes.count / 16 <= Self.spansMaximum else { return nil }
        let numbers = stride(from: 0, to: bytes.count, by: 8).map { start in
            (0..<8).reduce(Int64(0)) { $0 | Int64(bytes[start + $1]) << Int64($1 * 8) }
        }
        for index in stride(from: 0, to: numbers.count, by: 2) {
            let before = index == 0 ? Int64.min : numbers[index - 1]
            guard before < numbers[index], numbers[index] < numbers[index + 1] else { return nil }
            spans.append(
                Span(from: Timestamp(microseconds: numbers[index]), to: Timestamp(microseconds: numbers[index + 1])))
        }
    }
}
