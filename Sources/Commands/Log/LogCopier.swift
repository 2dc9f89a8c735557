internal import EventLog
internal import EventModel

/// Copies the records of a log to another one unchanged: key, payload, headers and created_at, in order for each site.
///
/// It stores no state outside the two logs. An interrupted copy resumes at the end of the destination, after comparing
/// the destination's records with those that a copy would have written.
struct LogCopier {
    /// What a copy needs from its environment.
    struct Environment {
        var isStopping: () -> Bool
        /// Receives the progress: records of the source copied, their total, and events copied by this run.
        var progress: (_ done: Int64, _ total: Int64, _ events: Int64) -> Void
    }

    struct Outcome: Equatable {
        var isComplete = false
        /// Records that were already in the destination.
        var before: Int64 = 0
        var copied: Int64 = 0
        var events: Int64 = 0
        var definitions: [SiteID: NewestDefinitions.Place] = [:]
    }

    /// Size of one append: a group of commits on the embedded log, a few batches on Kafka.
    private static let groupRecordsMaximum = 1000
    private static let groupBytesMaximum = 4 << 20

    let source: any EventLog
    let destination: any EventLog
    /// The only site to copy; nil: all.
    let site: SiteID?
    let environment: Environment

    private var outcome = Outcome()
    private var definitions = NewestDefinitions()
    private var group: [NewRecord] = []
    private var groupBytes = 0
    private var done: Int64 = 0
    private var total: Int64 = 0

    init(from source: any EventLog, to destination: any EventLog, site: SiteID?, _ environment: Environment) {
        self.source = source
        self.destination = destination
        self.site = site
        self.environment = environment
    }

    /// Where copying a partition continues.
    private struct Resumption {
        var start: LogOffset
        /// Records after the start that the destination already has, by lane.
        var skipped: [CopyLane: Int64] = [:]
    }

    /// Copies the current contents of the source.
    /// - Throws: ``CommandFailure`` if the destination holds something else or has a record at a wrong position,
    ///   `LogError`.
    mutating func run() throws -> Outcome {
        guard source.epoch != destination.epoch else {
            throw CommandFailure(.usage, "source and destination are the same log", next: "andon log copy --help")
        }
        var ends: [PartitionIndex: LogOffset] = [:]
        for partition in source.partitions {
            ends[partition] = try source.endOffset(partition)
            total += try source.endOffset(partition).value - source.startOffset(partition).value
        }
        let survey = try CopySurvey(
            destination, from: source.partitionCount, site: site, isStopping: environment.isStopping)
        outcome.before = survey.records
        definitions = survey.definitions
        var resumptions: [PartitionIndex: Resumption] = [:]
        for (partition, end) in ends.sorted(by: { $0.key < $1.key }) {
            resumptions[partition] = try resumption(partition, before: end, survey)
        }
        for (partition, end) in ends.sorted(by: { $0.key < $1.key }) where !environment.isStopping() {
            guard let resumption = resumptions[partition] else { continue }
            try copy(partition, resumption, before: end)
        }
        outcome.isComplete = !environment.isStopping()
        outcome.definitions = definitions.places
        if outcome.isComplete { try checkCount() }
        return outcome
    }

    // MARK: Existing records

    /// Compares the destination's records of a partition with the beginning of that partition.
    private func resumption(
        _ partition: PartitionIndex, before end: LogOffset, _ survey: CopySurvey
    ) throws -> Resumption {
        let start = try source.startOffset(partition)
        let lanes = survey.lanes.filter { $0.key.source == partition }
        var missing = lanes.values.reduce(0) { $0 + $1.count }
        guard missing > 0 else { return Resumption(start: start) }
        var seen: [CopyLane: RecordChain] = [:]
        var resumption: Resumption?
        var next = start
        let walk = RecordWalk(log: source, isStopping: environment.isStopping)
        try walk.walk(partition, from: start, to: end) { offset, record in
            next = offset.next
            guard let lane = try lane(of: record, partition, offset) else { return true }
            var chain = seen[lane] ?? RecordChain()
            guard let expected = lanes[lane], chain.count < expected.count else {
                if resumption == nil {
                    let skipped = lanes.map { ($0.key, $0.value.count - (seen[$0.key]?.count ?? 0)) }
                    resumption = Resumption(start: offset, skipped: Dictionary(uniqueKeysWithValues: skipped))
                }
                return true
            }
            chain.add(record)
            seen[lane] = chain
            if chain.count == expected.count, chain != expected { throw Self.otherRecords }
            missing -= 1
            return missing > 0
        }
        guard missing == 0 || environment.isStopping() else { throw Self.otherRecords }
        return resumption ?? Resumption(start: next)
    }

    private static let otherRecords = CommandFailure(
        .failure, "the destination holds records that do not belong to this copy",
        why: "the destination has to be empty, or hold the beginning of a copy of the same source",
        next: "name another --to-data-dir, or a --to-topic-prefix with new topics")

    // MARK: Copying

    private mutating func copy(_ partition: PartitionIndex, _ from: Resumption, before end: LogOffset) throws {
        var skipped = from.skipped
        done += try from.start.value - source.startOffset(partition).value
        let walk = RecordWalk(log: source, isStopping: environment.isStopping)
        try walk.walk(partition, from: from.start, to: end) { offset, record in
            done += 1
            guard let lane = try lane(of: record, partition, offset) else { return true }
            if let count = skipped[lane], count > 0 {
                skipped[lane] = count - 1
                return true
            }
            group.append(record)
            groupBytes += record.byteCount
            if group.count >= Self.groupRecordsMaximum || groupBytes >= Self.groupBytesMaximum { try append() }
            return true
        }
        try append()
    }

    private mutating func append() throws {
        guard !group.isEmpty else { return }
        let positions: [RecordPosition]
        do throws(LogError) {
            positions = try destination.append(group)
        } catch {
            throw CommandFailure(
                error.isRetriable ? .unavailable : .failure, "the destination did not accept all records",
                why: error.message, next: "run the same command again: it continues where the destination ends")
        }
        for (record, position) in zip(group, positions) { outcome.events += Int64(definitions.note(record, position)) }
        outcome.copied += Int64(group.count)
        group.removeAll(keepingCapacity: true)
        groupBytes = 0
        environment.progress(done, total, outcome.events)
    }

    /// The lane of a record; nil for one that is not copied.
    private func lane(of record: NewRecord, _ partition: PartitionIndex, _ offset: LogOffset) throws -> CopyLane? {
        if let site, site.bytes != record.key { return nil }
        let lane = CopyLane(record.key, source.partitionCount, destination.partitionCount)
        guard lane.source == partition else {
            let site = printable(String(decoding: record.key, as: UTF8.self))
            throw CommandFailure(
                .badData,
                "the record at \(partition.value):\(offset.value) is not in the partition of its site '\(site)'",
                why: "another program has written it, or the topic was given more partitions",
                next: "andon log tail --from \(partition.value):\(offset.value) --limit 1")
        }
        return lane
    }

    /// Checks that the destination has exactly its earlier records and the copied ones.
    /// Not possible if only one site was copied, because other sites may be there as well.
    private func checkCount() throws {
        guard site == nil else { return }
        var count: Int64 = 0
        for partition in destination.partitions {
            count += try destination.endOffset(partition).value - destination.startOffset(partition).value
        }
        let expected = outcome.before + outcome.copied
        guard count == expected else {
            throw CommandFailure(
                .failure, "the destination holds \(grouped(count)) records in place of \(grouped(expected))",
                why: "another process writes it too", next: "stop that process and copy to an empty log")
        }
    }
}
