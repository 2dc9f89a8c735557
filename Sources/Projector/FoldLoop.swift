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
            while !state.withLock({ $0.isStopping }) {
                let next = state.withLock { $0.fold.nextOffset }
                let isIdle = try worker.foldAvailable(from: next)
                answerWaiters(passedTo: state.withLock { $0.fold.nextOffset })
                try worker.rederive()
                worker.commitIfDue()
                if isIdle { waitForRecord(at: next) }
            }
            worker.commitLast()
        } catch {
            let message = "the fold of partition \(partition.value) stopped: \(error)"
            state.withLock { $0.failure = message }
            configuration.report(message)
            answerWaiters(passedTo: nil)
        }
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
                state.fold.evict(configuration.memory)
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
                configuration.report("\(error)")
                let isRetriable = (error as? StoreError)?.isRetriable ?? false
                if !isRetriable || state.withLock({ $0.isStopping }) {
                    state.withLock { if $0.failure == nil { $0.failure = "\(error)" } }
                    commits.fail()
                    return false
                }
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

    init(_ projector: Projector) throws {
        self.projector = projector
        pages = try projector.store.reader()
    }

    /// Folds what one call of the log hands out.
    /// - Returns: whether nothing was there.
    mutating func foldAvailable(from offset: LogOffset) throws -> Bool {
        var records = 0
        let next = try projector.log.read(
            projector.partition, from: offset, byteLimit: projector.configuration.readBytes
        ) { record in
            try fold(record)
            records += 1
            if records % ProjectorConfiguration.recordsPerCheck == 0 { commitIfDue() }
        }
        return next == offset
    }

    private mutating func fold(_ record: LogRecord) throws {
        let kind = try RecordCodec.decode(record.payload, into: &batch)
        var anchor: Int64 = 0
        if case .definition(let definition) = kind { anchor = self.anchor(definition) }
        let isAwaited = try projector.state.withLock { state in
            switch kind {
            case .events:
                try state.fold.apply(batch, offset: record.offset, pages: pages)
                state.statistics.events += Int64(batch.count)
            case .definition(let definition):
                try state.fold.apply(definition, offset: record.offset, anchor: anchor, pages: pages)
            }
            state.statistics.records += 1
            return !state.waiters.isEmpty
        }
        if isAwaited { projector.answerWaiters(passedTo: record.offset.next) }
    }

    /// The zone's offset modulo one hour: where its hours begin (DESIGN 1.7). Decides what is quick, never what is true.
    private mutating func anchor(_ record: DefinitionRecord) -> Int64 {
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
            try state.fold.rederive(pageLimit: projector.configuration.rederivePages, pages: pages)
        }
    }

    /// Hands a commit over when it is time; waits for the one before when too much is dirty.
    mutating func commitIfDue() {
        let isFull = projector.configuration.isFull(projector.state.withLock { $0.fold.backlog })
        let isLate = ContinuousClock.now - lastCommit >= .milliseconds(projector.configuration.commitMilliseconds)
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
    fileprivate var microseconds: Int64 {
        components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000
    }
}
