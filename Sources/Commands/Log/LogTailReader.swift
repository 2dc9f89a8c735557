internal import EventLog
internal import EventModel

/// Reads partitions of a log in turn and outputs lines, up to an end fixed at the start or forever.
struct LogTailReader {
    struct Plan {
        /// The only partition to read; nil: all.
        var partition: PartitionIndex?
        /// The only site to show; nil: all.
        var site: SiteID?
        var start: LogStart
        var follows: Bool
        /// Maximum number of lines; nil: no limit.
        var limit: Int?
    }

    /// Size of one read before the next partition has its turn.
    private static let turnBytes = 1 << 20
    /// A new record appears within this time: it is the length of one round of waits over all partitions.
    private static let roundMilliseconds = 100

    /// Maximum number of rounds in a row that bring nothing; a read waits ten seconds for known records.
    private static let idleRoundsMaximum = 3

    let log: any EventLog
    let plan: Plan
    let isStopping: () -> Bool
    let write: ([UInt8]) throws -> Void
    private var lines = RecordLines()
    /// Number of lines so far.
    private(set) var written = 0
    /// Sites of the records that were passed over, for a message; not all where there are many.
    private(set) var otherSites: Set<SiteID> = []
    private static let otherSitesMaximum = 1_000

    init(
        _ log: any EventLog, _ plan: Plan, isStopping: @escaping () -> Bool, write: @escaping ([UInt8]) throws -> Void
    ) {
        self.log = log
        self.plan = plan
        self.isStopping = isStopping
        self.write = write
    }

    /// - Returns: number of records that could not be read; each has a line of its own.
    mutating func run() throws -> Int {
        let partitions = self.partitions
        var places = try plan.start.offsets(log, partitions).sorted { $0.key < $1.key }
        let ends = try plan.follows ? [:] : ends(of: places.map(\.key))
        var idleRounds = 0
        while !isDone {
            places.removeAll { place in ends[place.key].map { place.value >= $0 } ?? false }
            if places.isEmpty { break }
            var hasMoved = false
            for index in places.indices where !isDone {
                let (partition, offset) = places[index]
                if !plan.follows || log.waitForRecord(partition, at: offset, timeoutMilliseconds: 0) {
                    places[index].value = try read(partition, from: offset, before: ends[partition])
                    hasMoved = hasMoved || places[index].value != offset
                }
            }
            if plan.follows {
                if !hasMoved { wait(places) }
            } else {
                idleRounds = hasMoved ? 0 : idleRounds + 1
                guard idleRounds < Self.idleRoundsMaximum || isStopping() else {
                    throw LogError(
                        .unavailable, "records that should be there do not come",
                        hint: "check that all brokers are up, and try again")
                }
            }
        }
        return lines.unreadable
    }

    private var isDone: Bool { isStopping() || plan.limit.map { written >= $0 } ?? false }

    private var partitions: [PartitionIndex] {
        if let partition = plan.partition { return [partition] }
        guard let site = plan.site else { return log.partitions }
        return [Partitioner.partition(of: site.bytes, partitionCount: log.partitionCount)]
    }

    private func ends(of partitions: [PartitionIndex]) throws -> [PartitionIndex: LogOffset] {
        var ends: [PartitionIndex: LogOffset] = [:]
        for partition in partitions { ends[partition] = try log.endOffset(partition) }
        return ends
    }

    private mutating func read(
        _ partition: PartitionIndex, from offset: LogOffset, before end: LogOffset?
    ) throws -> LogOffset {
        if let end, offset >= end { return offset }
        return try log.read(partition, from: offset, byteLimit: Self.turnBytes) { record in
            if let end, record.offset >= end { return }
            guard !isDone else { return }
            guard isWanted(record) else { return note(record) }
            try lines.lines(of: record, in: partition, from: firstIndex(record)) { line in
                guard plan.limit.map({ written < $0 }) ?? true else { return }
                try write(line)
                written += 1
            }
        }
    }

    private mutating func note(_ record: LogRecord) {
        guard let site = plan.site, otherSites.count < Self.otherSitesMaximum, !site.bytes.elementsEqual(record.key)
        else { return }
        otherSites.insert(SiteID(bytes: Array(record.key)))
    }

    private func isWanted(_ record: LogRecord) -> Bool {
        if let site = plan.site, !site.bytes.elementsEqual(record.key) { return false }
        if case .time(let time) = plan.start { return record.createdAt >= time }
        return true
    }

    private func firstIndex(_ record: LogRecord) -> Int {
        guard case .position(let position, let index) = plan.start, record.offset == position.offset else { return 0 }
        return index
    }

    private func wait(_ places: [(key: PartitionIndex, value: LogOffset)]) {
        let each = max(1, Self.roundMilliseconds / places.count)
        for (partition, offset) in places where !isStopping() {
            if log.waitForRecord(partition, at: offset, timeoutMilliseconds: each) { return }
        }
    }
}
