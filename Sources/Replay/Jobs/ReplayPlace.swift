public import EventModel

/// Where a replay begins (SPEC 7.3).
public enum ReplayStart: Sendable, Equatable {
    /// At the first record that the log has.
    case earliest
    /// At an offset of one partition; nil for the only one. The replay holds just what followed.
    case offset(PartitionIndex?, LogOffset)
    /// With the records created at or after this time, wherever they stand.
    case time(Timestamp)
    /// With what a snapshot holds.
    case snapshot(String)
    /// With the newest snapshot of each partition that holds nothing beyond the end; at the first record where there is
    /// none.
    case nearestSnapshot

    /// Reads `earliest`, `PARTITION:OFFSET`, `OFFSET`, a time with its offset, `snapshot` or `snapshot:ID`; nil for
    /// anything else.
    public init?(_ text: String) {
        if text == "earliest" {
            self = .earliest
        } else if text == "snapshot" {
            self = .nearestSnapshot
        } else if text.hasPrefix("snapshot:"), text.count > 9 {
            self = .snapshot(String(text.dropFirst(9)))
        } else if let place = ReplayPlace(text) {
            switch place {
            case .offset(let partition, let offset): self = .offset(partition, offset)
            case .time(let time): self = .time(time)
            }
        } else {
            return nil
        }
    }

    /// As an operator writes it.
    public var text: String {
        switch self {
        case .earliest: "earliest"
        case .offset(let partition, let offset): ReplayPlace.offset(partition, offset).text
        case .time(let time): ReplayPlace.time(time).text
        case .snapshot(let id): "snapshot:\(id)"
        case .nearestSnapshot: "snapshot"
        }
    }
}

/// Where a replay ends (SPEC 7.3).
public enum ReplayEnd: Sendable, Equatable {
    /// Where the log ends when the replay is planned.
    case end
    /// Before an offset of one partition; nil for the only one. The record there is the first that is not folded.
    case offset(PartitionIndex?, LogOffset)
    /// With everything that was known at this time: the records created at or before it, wherever they stand.
    case time(Timestamp)

    /// Reads `end`, `PARTITION:OFFSET`, `OFFSET` or a time with its offset; nil for anything else.
    public init?(_ text: String) {
        guard text != "end" else {
            self = .end
            return
        }
        switch ReplayPlace(text) {
        case .offset(let partition, let offset): self = .offset(partition, offset)
        case .time(let time): self = .time(time)
        case nil: return nil
        }
    }

    /// As an operator writes it.
    public var text: String {
        switch self {
        case .end: "end"
        case .offset(let partition, let offset): ReplayPlace.offset(partition, offset).text
        case .time(let time): ReplayPlace.time(time).text
        }
    }
}

/// What both ends of a replay can be.
private enum ReplayPlace {
    case offset(PartitionIndex?, LogOffset)
    case time(Timestamp)

    init?(_ text: String) {
        if let time = Timestamp(rfc3339: text) {
            self = .time(time)
        } else if let position = RecordPosition(text) {
            self = .offset(position.partition, position.offset)
        } else if text.utf8.allSatisfy({ (48...57).contains($0) }), let offset = Int64(text) {
            self = .offset(nil, LogOffset(offset))
        } else {
            return nil
        }
    }

    var text: String {
        switch self {
        case .offset(let partition, let offset): (partition.map { "\($0.value):" } ?? "") + "\(offset.value)"
        case .time(let time): time.formatted
        }
    }
}

/// What an operator asks of a replay.
public struct ReplayRequest: Sendable, Equatable {
    public var start = ReplayStart.earliest
    public var end = ReplayEnd.end
    /// Empty for all.
    public var sites: Set<SiteID> = []
    /// Empty for all that the other members leave.
    public var partitions: Set<PartitionIndex> = []
    /// Goes on with what is added to the log, until it is stopped.
    public var follows = false

    public init() {}

    /// Which records are folded.
    var createdAt: ClosedRange<Timestamp>? {
        var range = Timestamp(microseconds: .min)...Timestamp(microseconds: .max)
        if case .time(let time) = start { range = time...range.upperBound }
        if case .time(let time) = end { range = min(range.lowerBound, time)...time }
        return range == Timestamp(microseconds: .min)...Timestamp(microseconds: .max) ? nil : range
    }
}
