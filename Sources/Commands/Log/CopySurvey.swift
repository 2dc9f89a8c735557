internal import Crypto
internal import EventLog
internal import EventModel

/// The path of a record in a copy: from a partition of the source to one of the destination.
struct CopyLane: Hashable {
    var source: PartitionIndex
    var destination: PartitionIndex

    init(_ key: [UInt8], _ source: Int32, _ destination: Int32) {
        self.source = Partitioner.partition(of: key, partitionCount: source)
        self.destination = Partitioner.partition(of: key, partitionCount: destination)
    }
}

/// The number of records on a lane and one hash over them in order: logs with equal chains hold the same records.
struct RecordChain: Equatable {
    private(set) var count: Int64 = 0
    private var hash: [UInt8] = []

    mutating func add(_ record: NewRecord) {
        var hasher = SHA256Hasher()
        hasher.update(hash)
        Self.add(record.key, to: &hasher)
        Self.add(record.payload, to: &hasher)
        Self.add(number: record.createdAt.microseconds, to: &hasher)
        for header in record.headers {
            Self.add(Array(header.name.utf8), to: &hasher)
            Self.add(header.value, to: &hasher)
        }
        hash = hasher.finish().bytes
        count += 1
    }

    private static func add(_ bytes: [UInt8], to hasher: inout SHA256Hasher) {
        add(number: Int64(bytes.count), to: &hasher)
        hasher.update(bytes)
    }

    private static func add(number: Int64, to hasher: inout SHA256Hasher) {
        withUnsafeBytes(of: number.littleEndian) { hasher.update($0) }
    }
}

extension NewRecord {
    /// A record as read, ready to append elsewhere.
    init(_ record: LogRecord) {
        self.init(
            key: Array(record.key), createdAt: record.createdAt, headers: record.headers(),
            payload: Array(record.payload))
    }
}

/// Reads partitions of a log up to given ends, record by record.
struct RecordWalk {
    private static let turnBytes = 4 << 20
    /// Maximum number of reads in a row that bring nothing; each waits ten seconds for records that the log knows of.
    private static let idleReadsMaximum = 3

    let log: any EventLog
    let isStopping: () -> Bool

    /// - Parameter body: returns false to end the walk.
    func walk(
        _ partition: PartitionIndex, from start: LogOffset, to end: LogOffset,
        _ body: (LogOffset, NewRecord) throws -> Bool
    ) throws {
        var (next, idleReads, goesOn) = (start, 0, true)
        while next < end, goesOn, !isStopping() {
            // Copies the records out first: a log may block its other readers while its records are in use.
            var records: [(LogOffset, NewRecord)] = []
            let from = next
            next = try log.read(partition, from: from, byteLimit: Self.turnBytes) { record in
                if record.offset < end { records.append((record.offset, NewRecord(record))) }
            }
            for (offset, record) in records where goesOn { goesOn = try body(offset, record) }
            idleReads = next > from ? 0 : idleReads + 1
            guard idleReads < Self.idleReadsMaximum else {
                throw LogError(
                    .unavailable, "records that should be there do not come",
                    hint: "check that all brokers are up, and run the same command again")
            }
        }
    }
}

/// What a destination already holds, by lane.
struct CopySurvey {
    private(set) var lanes: [CopyLane: RecordChain] = [:]
    private(set) var definitions = NewestDefinitions()
    private(set) var records: Int64 = 0

    /// Reads the whole destination.
    /// - Parameter site: counts only its records; nil: all.
    init(_ destination: any EventLog, from sourceCount: Int32, site: SiteID?, isStopping: @escaping () -> Bool) throws {
        let walk = RecordWalk(log: destination, isStopping: isStopping)
        for partition in destination.partitions {
            let (start, end) = (try destination.startOffset(partition), try destination.endOffset(partition))
            try walk.walk(partition, from: start, to: end) { offset, record in
                if let site, site.bytes != record.key { return true }
                lanes[CopyLane(record.key, sourceCount, destination.partitionCount), default: RecordChain()].add(record)
                definitions.note(record, RecordPosition(partition: partition, offset: offset))
                records += 1
                return true
            }
        }
    }
}

/// Position of each site's newest definition in the destination: its revision there.
struct NewestDefinitions {
    struct Place: Equatable {
        var position: RecordPosition
        var createdAt: Timestamp
    }

    private(set) var places: [SiteID: Place] = [:]
    private var batch = EventBatch(siteID: SiteID(bytes: []))

    /// - Returns: number of events in the record. A record of a newer format counts as none, but is copied too.
    @discardableResult
    mutating func note(_ record: NewRecord, _ position: RecordPosition) -> Int {
        guard let kind = try? RecordCodec.decode(record.payload, into: &batch) else { return 0 }
        switch kind {
        case .events: return batch.count
        case .definition:
            places[SiteID(bytes: record.key)] = Place(position: position, createdAt: record.createdAt)
        case .clockSetBack: break
        }
        return 0
    }
}
