/// A partition of the log. All records of a site are in the same partition (DESIGN 1.3).
public struct PartitionIndex: Hashable, Comparable, Sendable {
    public var value: Int32
    @inlinable public init(_ value: Int32) { self.value = value }
    @inlinable public static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}

/// The position of a record in its partition; increases by one from record to record.
public struct LogOffset: Hashable, Comparable, Sendable {
    public var value: Int64
    @inlinable public init(_ value: Int64) { self.value = value }
    @inlinable public static func < (left: Self, right: Self) -> Bool { left.value < right.value }
    @inlinable public var next: Self { Self(value + 1) }
    public static let zero = LogOffset(0)
}

/// The position of a record in the log: `partition:offset` as text (SPEC 8.3).
public struct RecordPosition: Hashable, Sendable, CustomStringConvertible {
    public var partition: PartitionIndex
    public var offset: LogOffset

    @inlinable
    public init(partition: PartitionIndex, offset: LogOffset) {
        self.partition = partition
        self.offset = offset
    }

    public var description: String { "\(partition.value):\(offset.value)" }

    /// Parses `partition:offset`; nil for any other text.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ $0.utf8.allSatisfy { (48...57).contains($0) } }),
            let partition = Int32(parts[0]), let offset = Int64(parts[1])
        else { return nil }
        self.init(partition: PartitionIndex(partition), offset: LogOffset(offset))
    }
}

/// The position of an event in the log: `partition:offset:index` with the index inside its record (SPEC 1).
public struct Position: Hashable, Sendable, CustomStringConvertible {
    public var record: RecordPosition
    public var index: Int

    @inlinable
    public init(record: RecordPosition, index: Int) {
        self.record = record
        self.index = index
    }

    public var description: String { "\(record):\(index)" }
}
