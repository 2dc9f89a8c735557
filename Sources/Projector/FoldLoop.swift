internal import EventLog
internal import EventModel
internal import Foundation
internal import ProjectionStore
internal import Synchronization
internal import Timeline

extension Projector {
    /// Reads, decodes and folds until it is told to stop, or fails for good.
    func foldLoop() {
        do {
            var worker = try FoldWorker(self)
            while state.withLock({ !$0.isStopping && $0.failure == nil }) {
                let next = state.withLock { $0.fold.nextOffset }
                let found = try worker.foldAvailable(from: next)
                answerWaiters(passedTo: state.withLock { $0.fold.nextOffset })
                try worker.rederive()
                worker.commitIfDue()
                switch found {
                case .records: break
                case .nothing: waitForRecord(at: next)
                case .trouble: commits.pause(milliseconds: ProjectorConfiguration.logRetryMilliseconds)
                }
            }
            if state.withLock({ $0.failure == nil }) { worker.commitLast() }
        } catch {
            let isRetriable =
                (error as? LogError)?.isRetriable ?? (error as? StoreError)?.isRetriable
                ?? (error as? ProjectorError)?.isRetriable ?? false
            fail("the fold of partition \(partition.value) stopped: \(error)", isRetriable: isRetriable)
        }
        answerWaiters(passedTo: state.withLock { $0.failure == nil ? $0.fold.nextOffset : nil })
        commits.finish()
    }

    private func waitForRecord(at next: LogOffset) {
        let isBusy = state.withLock { !$0.waiters.isEmpty || $0.fold.isRederiving }
        let timeout =
            isBusy ? ProjectorConfiguration.busyWaitMilliseconds : ProjectorConfiguration.waitMilliseconds
        _ = log.waitForRecord(partition, at: next, timeoutMilliseconds: timeout)
    }

    /// Commits what is handed over, again and again while the disk is full.
    func commitLoop() {
        while let set = commits.take() {
            guard commit(set) else { return }
            state.withLock { state in
                state.fold.finishCommit(set)
                state.fold.evict(configuration.memory(state.share))
                state.statistics.commits += 1
                state.statistics.committedPages += Int64(set.sites.reduce(0) { $0 + $1.pages.count })
            }
            commits.done()
        }
    }

    /// - Returns: false when the committer gives up.
    private func commit(_ set: CommitSet) -> Bool {
        while true {
            do {
                try store.commit(set)
                return true
            } catch {
                let isRetriable = (error as? StoreError)?.isRetriable ?? false
                if !isRetriable || state.withLock({ $0.isStopping }) {
                    commits.fail()
                    fail("\(error)", isRetriable: isRetriable)
                    return false
                }
                configuration.report("\(error)")
                commits.pause(milliseconds: ProjectorConfiguration.retryMilliseconds)
            }
        }
    }
}

/// What the fold thread owns alone.
private struct FoldWorker {
    private let projector: Projector
    private let pages: StoreReader
    private var batch = EventBatch(siteID: SiteID(bytes: []))
    private var lastCommit = ContinuousClock.now
    private var zones: [String: TimeZone] = [:]
    private var trouble = Trouble()

    init(_ projector: Projector) throws {
        self.projector = projector
        pages = try projector.store.reader()
    }

    /// What one look at the log brought.
    enum Found {
        case records, nothing
        /// The log is not there at the moment; it is worth trying again after a while.
        case trouble
    }

    /// Folds what one call of the log hands out.
    /// - Throws: what ends the fold.
    mutating func foldAvailable(from next: LogOffset) throws -> Found {
        do {
            if trouble.isDoubtful { try verify(next) }
            let after = try read(from: next)
            trouble.isDenied = false
            if after > next {
                trouble.lastRecord = .now
                return .records
            }
            lookForShorterLog(next)
            return .nothing
        } catch let error as LogError {
            try note(error)
            return .trouble
        }
    }

    private mutating func read(from offset: LogOffset) throws -> LogOffset {
        var records = 0
        return try projector.log.read(
            projector.partition, from: offset, byteLimit: projector.configuration.readBytes
        ) { record in
            try fold(record)
            records += 1
            if records % ProjectorConfiguration.recordsPerCheck == 0 { commitIfDue() }
        }
    }

    /// A log that could not be read may be another one when it is back.
    private mutating func verify(_ next: LogOffset) throws {
        let fingerprint = projector.state.withLock { $0.fold.fingerprint }
        _ = try AnchorCheck.run(projector.log, projector.partition, next: next, fingerprint: fingerprint)
        trouble.isDoubtful = false
        if trouble.isReported { projector.configuration.report("the log of partition \(name) can be read again") }
        trouble.isReported = false
    }

    /// An end before what was folded, seen after it was folded, is not this log's.
    private mutating func lookForShorterLog(_ next: LogOffset) {
        guard let sight = projector.lookAtEnd() else { return }
        if sight.offset < next, sight.seenAt > trouble.lastRecord { trouble.isDoubtful = true }
    }

    /// Decides whether the fold can go on after an error of the log.
    private mutating func note(_ error: LogError) throws {
        if error.code == .outOfRange, !trouble.isDenied {
            // Whether the log is another one, or shorter, is told by its records.
            trouble.isDenied = true
        } else if !error.isRetriable {
            throw error
        }
        trouble.isDoubtful = true
        guard !trouble.isReported else { return }
        trouble.isReported = true
        projector.configuration.report("the fold of partition \(name) waits for the log: \(error)")
    }

    private var name: String { String(projector.partition.value) }

    /// What the fold thinks of its log.
    private struct Trouble {
        /// The log has to be compared with what was folded before anything more is.
        var isDoubtful = false
        /// The log said that the next offset is not there, and nothing was read since.
        var isDenied = false
        var isReported = false
        var lastRecord = ContinuousClock.now
    }

    private mutating func fold(_ record: LogRecord) throws {
        let kind = try RecordCodec.decode(record.payload, into: &batch)
        var hourOffset: Int64 = 0
        if case .definition(let definition) = kind { hourOffset = self.hourOffset(definition) }
        let fingerprint = RecordFingerprint(record)
        let isAwaited = try projector.state.withLock { state in
            do { try apply(kind, at: record.offset, hourOffset: hourOffset, to: &state.fold) } catch {
                // A gap is found before anything is touched.
                state.isTorn = (error as? TimelineError)?.code != .gap
                throw error
            }
            if state.fold.nextOffset == record.offset.next { state.fold.fingerprint = fingerprint }
            if case .events = kind { state.statistics.events += Int64(batch.count) }
            state.statistics.records += 1
            return !state.waiters.isEmpty
        }
        if isAwaited { projector.answerWaiters(passedTo: record.offset.next) }
    }

    private func apply(
        _ kind: RecordCodec.Kind, at offset: LogOffset, hourOffset: Int64, to fold: inout PartitionFold
    ) throws {
        switch kind {
        case .events: try fold.apply(batch, offset: offset, pages: pages)
        case .definition(let definition):
            try fold.apply(definition, offset: offset, hourOffset: hourOffset, pages: pages)
        }
    }

    /// The zone's offset modulo one hour: where its hours begin (DESIGN 1.7). Decides what is quick, never what is true.
    private mutating func hourOffset(_ record: DefinitionRecord) -> Int64 {
        let name = record.definition.timeZone
        guard let zone = zones[name] ?? TimeZone(identifier: name) else { return 0 }
        zones[name] = zone
        let date = Date(timeIntervalSince1970: Double(record.createdAt.microseconds) / 1e6)
        let seconds = Int64(zone.secondsFromGMT(for: date))
        return ((seconds % 3600) + 3600) % 3600 * Microseconds.second
    }

    func rederive() throws {
        try projector.state.withLock { state in
            guard state.fold.isRederiving else { return }
            do { try state.fold.rederive(pageLimit: projector.configuration.rederivePages, pages: pages) } catch {
                state.isTorn = true
                throw error
            }
        }
    }

    /// Hands a commit over when it is time; waits for the one before when too much is dirty.
    mutating func commitIfDue() {
        let configuration = projector.configuration
        let isFull = projector.state.withLock { configuration.isFull($0.fold.backlog, $0.share) }
        let isLate = ContinuousClock.now - lastCommit >= .milliseconds(configuration.commitMilliseconds)
        guard isFull || isLate else { return }
        if isFull {
            let start = ContinuousClock.now
            projector.commits.waitUntilIdle()
            let waited = (ContinuousClock.now - start).microseconds
            projector.state.withLock { $0.statistics.waitedMicroseconds += waited }
        }
        if projector.commits.isIdle { handOver() }
    }

    private mutating func handOver() {
        lastCommit = ContinuousClock.now
        let set = projector.state.withLock { $0.fold.takeCommit() }
        if !set.isEmpty { projector.commits.give(set) }
    }

    /// Everything folded becomes durable before the fold ends.
    mutating func commitLast() {
        projector.commits.waitUntilIdle()
        handOver()
        projector.commits.waitUntilIdle()
    }
}

extension Duration {
    var microseconds: Int64 {
        components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000
    }
}
