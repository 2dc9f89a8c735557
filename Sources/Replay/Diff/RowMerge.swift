internal import ProjectionStore

/// Two streams of rows side by side, group by group: as much memory as one group takes, e.g. the rows of one hour.
///
/// The rows of a group stand in the order of their generation's numbers. Where the common numbers have another order, the
/// group is sorted.
struct RowMerge<Row> {
    /// One stream.
    private struct Stream {
        let rows: StoredRows<Row>
        let number: (Row) throws -> UInt32
        var next: Row?
        var taken: [(number: UInt32, row: Row)] = []

        /// Takes all rows of one group.
        mutating func take(_ group: Int64, _ groupOf: (Row) -> Int64) throws {
            taken.removeAll(keepingCapacity: true)
            var isAscending = true
            while let row = next, groupOf(row) == group {
                let number = try number(row)
                if let last = taken.last, last.number >= number { isAscending = false }
                taken.append((number, row))
                next = try rows.next()
            }
            if !isAscending { taken.sort { $0.number < $1.number } }
        }
    }

    private var live: Stream
    private var new: Stream
    private let group: (Row) -> Int64

    /// - Parameters:
    ///   - group: ascends in both streams.
    ///   - liveNumber, newNumber: common number of a row.
    init(
        _ live: StoredRows<Row>, _ new: StoredRows<Row>, group: @escaping (Row) -> Int64,
        liveNumber: @escaping (Row) throws -> UInt32, newNumber: @escaping (Row) throws -> UInt32
    ) throws {
        self.live = Stream(rows: live, number: liveNumber, next: try live.next())
        self.new = Stream(rows: new, number: newNumber, next: try new.next())
        self.group = group
    }

    /// Calls `body` with every row of either stream, and with that of the same group and number in the other one.
    mutating func forEachPair(_ body: (_ number: UInt32, _ live: Row?, _ new: Row?) throws -> Void) throws {
        while let next = [live.next, new.next].compactMap({ $0 }).map(group).min() {
            try live.take(next, group)
            try new.take(next, group)
            var (left, right) = (0, 0)
            while left < live.taken.count || right < new.taken.count {
                let one = left < live.taken.count ? live.taken[left] : nil
                let other = right < new.taken.count ? new.taken[right] : nil
                let number = min(one?.number ?? .max, other?.number ?? .max)
                let (hasLive, hasNew) = (one?.number == number, other?.number == number)
                try body(number, hasLive ? one?.row : nil, hasNew ? other?.row : nil)
                left += hasLive ? 1 : 0
                right += hasNew ? 1 : 0
            }
        }
    }
}
