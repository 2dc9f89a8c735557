package import Clocks
package import EventLog
package import EventModel
package import Observability
package import Sites

/// Admission right after the start: combines the registry, the fold and the newest records of the log, and repairs the
/// registry where it lags behind the log (SPEC 2.5, 2.6; DESIGN 3).
package struct AdmissionStart {
    /// What a start reads, and from where.
    package struct Sources {
        package var log: any EventLog
        package var registry: any DefinitionRegistry
        /// The newest definition of each site known to a fold of this log in this process.
        package var folded: [PlacedDefinition] = []
        /// How far that fold is. What follows is read for definitions that neither it nor the registry knows.
        package var foldedTo: [PartitionIndex: LogOffset] = [:]
        /// Calls its argument with every source that the fold knows.
        package var foldedSources: @Sendable (_ body: (SiteID, SourceIDs) -> Void) -> Void = { _ in }
        /// Longest time for reading the log's newest records.
        package var tailMilliseconds = 10_000
        package var clock: any ProcessClock
        /// Where the process keeps answers to Idempotency-Keys; nil: in memory alone.
        package var answersPath: String?
        /// Where errors are recorded that do not keep a gateway from starting.
        package var journal = Journal.silent

        package init(log: any EventLog, registry: any DefinitionRegistry, clock: any ProcessClock) {
            self.log = log
            self.registry = registry
            self.clock = clock
        }
    }

    package let admission: Admission
    /// One for each partition, in order.
    package let sequencers: [StartingSequencer]

    /// A definition appended this shortly before the start is still on its way to the registry: the gateway that
    /// appended it writes it, with the names.
    private static let writingMicrosecondsMaximum = Microseconds.minute

    /// Blocks until the registry has been read to its end.
    ///
    /// - Parameters:
    ///   - gatewayID: Written to each record that this gateway appends.
    ///   - adopted: Called from now on with each definition that another gateway has appended, from the thread that
    ///     reads the registry. Pass it to ``Sequencer/adopt(_:)`` of its partition ahead of the waiting requests.
    /// - Throws: ``LogError``, or an error of a registry that cannot be read.
    package init(
        _ sources: Sources, gatewayID: [UInt8], adopted: @escaping @Sendable (SiteRoster) -> Void
    ) throws {
        let count = sources.log.partitionCount
        let now = sources.clock.now
        let windows = WindowBudget(keysMaximum: DuplicateWindow.keysMaximum, partitionCount: Int(count))
        let answers = AnswerKeeper(try Self.answerFile(sources), journal: sources.journal)
        var tail = try LogTail(
            sources.log, now: now, bounds: LogTail.Bounds(milliseconds: sources.tailMilliseconds), budget: windows,
            answers: answers, clock: sources.clock, journal: sources.journal)
        sources.foldedSources { site, source in tail.remember(source, of: site) }
        let admission = Admission(answers)
        self.admission = admission
        // After the tail, so that nothing appended in between is missed. From here on others' definitions arrive.
        let registered = try sources.registry.load { placed in admission.adopt(placed).map(adopted) }
        let compared = try RegistryComparison(registered, in: sources.registry, with: sources.log, sources.journal)
        var recovery = SiteRecovery(
            registry: compared.definitions, corrected: compared.corrected, folded: sources.folded)
        if !sources.registry.isShared { try Self.addUnfolded(sources, to: &recovery) }
        for found in tail.definitions { recovery.take(found.newest, at: found.position, after: found.earlier) }
        if !sources.registry.isShared { Self.tell(recovery, beyond: registered, sources.journal) }
        try recovery.repair(sources.registry, before: now - Self.writingMicrosecondsMaximum)
        let rosters = recovery.sites.values.map { SiteRoster($0) }
        for roster in rosters { admission.directory.publish(roster, again: false) }
        let byPartition = Dictionary(grouping: rosters) {
            Partitioner.partition(of: $0.siteID.bytes, partitionCount: count)
        }
        sequencers = tail.partitions.enumerated().map { number, newest in
            let partition = PartitionIndex(Int32(number))
            return StartingSequencer(
                partition: partition, partitionCount: count, definitions: byPartition[partition] ?? [],
                window: newest.window, newestStamp: newest.newestStamp, isSetBack: newest.isSetBack,
                gatewayID: gatewayID,
                refusal: newest.newerFormat.map { position in
                    "\(sources.log.name(of: position)) was written by a newer version of Andon, which may have changed what "
                        + "may be admitted; update this program"
                })
        }
    }

    /// A log that came without registry and projections has definitions of any age.
    private static func addUnfolded(_ sources: Sources, to recovery: inout SiteRecovery) throws {
        do {
            try DefinitionScan.read(sources.log, from: sources.foldedTo) { recovery.take($0, at: $1) }
        } catch let error as LogError where error.code == .recordsMissing {
            // The fold stands still there too, until an operator has decided.
        }
    }

    /// Of a shared registry nobody knows here what is still on its way to it.
    private static func tell(_ recovery: SiteRecovery, beyond registered: [PlacedDefinition], _ journal: Journal) {
        for site in Set(recovery.sites.keys).subtracting(registered.map(\.siteID)).sorted() {
            journal.record(.siteOnlyInLog(site))
        }
    }

    private static func answerFile(_ sources: Sources) throws -> AnswerFile? {
        guard let path = sources.answersPath else { return nil }
        let log = sources.log
        var ends: [PartitionIndex: LogOffset] = [:]
        // A partition that cannot be read now is taken for what the file says.
        for partition in (0..<log.partitionCount).map({ PartitionIndex($0) }) {
            ends[partition] = try? log.endOffset(partition)
        }
        return try AnswerFile(path: path, epoch: log.epoch, ends: ends)
    }
}

/// The initial state of a sequencer, until its owner creates it.
package struct StartingSequencer: Sendable {
    var partition: PartitionIndex
    var partitionCount: Int32
    var definitions: [SiteRoster]
    // Safe: nothing touches the window between the start of admission and the single call of `make()`.
    nonisolated(unsafe) var window: DuplicateWindow
    package let newestStamp: Timestamp
    /// Whether that is the newest since time was set back.
    package let isSetBack: Bool
    var gatewayID: [UInt8]
    /// Why nothing may be admitted to this partition; nil: it may.
    var refusal: String?

    /// Creates the sequencer for its one owner; call it once.
    package func make() -> sending Sequencer {
        Sequencer(
            partition: partition, partitionCount: partitionCount, definitions: definitions, window: window,
            newestStamp: newestStamp, gatewayID: gatewayID)
    }
}
