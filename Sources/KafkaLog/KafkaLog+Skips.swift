public import EventLog
public import EventModel
internal import Observability

extension KafkaLog {
    public func look(at position: RecordPosition) throws(LogError) -> LogFinding {
        do {
            return try find(at: position)
        } catch {
            // Nothing that looks throws anything else.
            throw error as? LogError ?? LogError(.unavailable, error.forOperator.message)
        }
    }

    private func find(at position: RecordPosition) throws -> LogFinding {
        let (partition, offset) = (position.partition, position.offset)
        let end = try endOffset(partition)
        guard offset < end else { throw LogError.noOffset(offset, start: try startOffset(partition), end: end) }
        var found: (offset: LogOffset, record: NewRecord)?
        do {
            let next = try reader.read(partition, from: offset, byteLimit: 1, passesOver: false) { record in
                guard found == nil else { return }
                let copy = NewRecord(
                    key: Array(record.key), createdAt: record.createdAt, payload: Array(record.payload))
                found = (record.offset, copy)
            }
            if let found { return found.offset == offset ? .record(found.record) : .nothing(until: found.offset) }
            guard next > offset else { throw LogError.noAnswer(partition) }
            return .nothing(until: next)
        } catch let error as LogError where error.code == .recordsMissing {
            guard let missing = error.missing, missing.contains(offset) else { throw error }
            return .nothing(until: missing.upperBound)
        }
    }

    public func skips(_ partition: PartitionIndex) throws(LogError) -> [LogSkip] {
        guard (0..<partitionCount).contains(partition.value) else { throw .noPartition(partition, of: partitionCount) }
        return book?.skips(partition) ?? []
    }

    /// Records the skip in the ``LogBook``, with what stands there now. What the log has lost at its beginning may be
    /// declared in one step, however much it is.
    public func declare(_ skip: LogSkip, in partition: PartitionIndex) throws(LogError) {
        guard let book else {
            throw LogError(
                .unavailable, "there is no topic \(settings.names.keys), which keeps what is skipped",
                hint: "run `andon topics create`")
        }
        // Refuses what is empty or overlaps before anything is looked at.
        var known = try skips(partition)
        try known.add(skip)
        let start = try startOffset(partition)
        if skip.next <= start { return try record(KafkaSkip(skip: skip, found: []), in: partition, book) }
        try skip.check(start: start, end: endOffset(partition))
        guard skip.next.value - skip.first.value <= LogSkip.offsetsMaximum else {
            throw LogError(
                .invalidRecord, "at most \(LogSkip.offsetsMaximum) offsets can be skipped at once",
                hint: "skip them in several steps")
        }
        try record(KafkaSkip(skip: skip, found: checksums(skip, partition)), in: partition, book)
    }

    private func record(_ skip: KafkaSkip, in partition: PartitionIndex, _ book: LogBook) throws(LogError) {
        let topics = try KafkaTopics(settings)
        defer { topics.close() }
        try book.record(skip, in: partition, topics)
    }

    /// Where reading begins: behind what the log had lost when it was declared as skipped, for a broker refuses such an
    /// offset. A topic that was made again has other records there: those are read.
    func passingGone(_ offset: LogOffset, of partition: PartitionIndex) -> LogOffset {
        let found = book?.found(partition) ?? []
        guard !found.isEmpty else { return offset }
        let passed = found.filter(\.isGone).map(\.skip).passing(offset)
        // Asked only here, so that a read that goes on costs no request. Unknown: then the read itself fails.
        guard passed > offset, let start = try? startOffset(partition) else { return offset }
        return max(offset, min(start, passed))
    }

    private func checksums(_ skip: LogSkip, _ partition: PartitionIndex) throws(LogError) -> [UInt32?] {
        var found: [UInt32?] = []
        var offset = skip.first
        while offset < skip.next {
            switch try look(at: RecordPosition(partition: partition, offset: offset)) {
            case .record(let record):
                found.append(
                    record.key.withUnsafeBytes { key in
                        record.payload.withUnsafeBytes { KafkaSkip.checksum(key: key, payload: $0) }
                    })
                offset = offset.next
            case .nothing(let until):
                let end = min(until, skip.next)
                found += Array(repeating: nil, count: Int(end.value - offset.value))
                offset = end
            }
        }
        return found
    }

    public func name(of position: RecordPosition) -> String {
        "offset \(position.offset.value) of partition \(position.partition.value) of the topic \(settings.names.events)"
    }

    public func skipCommand(at position: RecordPosition) -> String? {
        let prefix = settings.names == TopicNames() ? "" : " --topic-prefix \(settings.names.prefix)"
        return "andon log skip \(position) --brokers \(settings.brokers)\(prefix)"
    }
}

extension LogError {
    static func partitionsAreGone(_ topic: String, found: Int32, recorded: Int32) -> LogError {
        LogError(
            .outOfRange, "the topic \(topic) has \(found) partitions, but was made with \(recorded)",
            hint: "it was made again by hand: bring the former one back, or delete it and run "
                + "`andon topics create --partitions \(recorded)` for an empty log")
    }
}
