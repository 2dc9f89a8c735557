internal import Clocks
internal import Cluster
internal import EventLog
internal import EventModel
internal import Foundation
internal import KafkaLog
internal import Locks
internal import Observability
internal import Projector
internal import Publisher
internal import Query

/// A worker's membership in its cluster: the partitions assigned to it, its announcements, and what it publishes.
///
/// States: created → ``begin(_:_:)`` → assigned partitions, again and again → ``end()`` → ``farewell()``.
final class Membership: Sendable {
    private struct State: Sendable {
        var group: WorkerGroup?
        var announcer: HolderAnnouncer?
        var publishers: [PartitionIndex: MetricPublisher] = [:]
        var hasBeenAssigned = false
        /// When the group last gave it partitions; at first, when it was made.
        var assignedAt = SystemClock().uptime
        /// Why the group dropped this worker; nil once it has partitions again.
        var expelled: LogError?
        var failure: LogError?
    }

    private let options: WorkerService.Options
    private let parts: ClusterParts
    private let journal: StructuredLog
    private let state = Guarded(State())

    init(_ options: WorkerService.Options, _ parts: ClusterParts, _ journal: StructuredLog) {
        (self.options, self.parts, self.journal) = (options, parts, journal)
    }

    /// How partitions are folded, announced and published.
    var folding: WorkerPartitionsConfiguration {
        var folding = WorkerPartitionsConfiguration(folder: options.directory.path)
        folding.projector.scrubHours = options.scrubHours
        folding.projector.keepGenerationsHours = options.keepGenerationsHours
        folding.projector.separateLog = { [settings = parts.settings] in
            let log = try KafkaLog.open(settings, role: .readOnly)
            return SeparateLog(log) { log.close() }
        }
        folding.journal = journal.journal
        folding.keepsFeed = !options.isReplica
        folding.projector.restore = options.snapshots?.restoring(
            parts.log, needsFeed: folding.keepsFeed, journal.journal)
        let role: HolderRole = options.isReplica ? .replica : .owner
        folding.announceHolder = { [self] in state.withLock { $0.announcer }?.announce($0, role) }
        folding.withdrawHolder = { [self] in state.withLock { $0.announcer }?.withdraw($0) }
        if !options.isReplica {
            folding.startPublishing = { [self] in publish($0) }
            folding.stopPublishing = { [self] in stopPublishing($0) }
        }
        if options.partitions == nil {
            folding.pollAgeMilliseconds = { [self] in
                Int((state.withLock { $0.group }?.lastPollAgeMicroseconds ?? 0) / 1000)
            }
            folding.pollAgeMaximumMilliseconds = options.sessionSeconds * 1000 / 2
        }
        return folding
    }

    /// Accepts partitions from now on.
    /// - Throws: ``CommandFailure``
    func begin(_ partitions: WorkerPartitions, _ announcer: HolderAnnouncer) throws {
        state.withLock { $0.announcer = announcer }
        if let fixed = options.partitions {
            let count = parts.log.partitionCount
            if let wrong = fixed.first(where: { $0.value >= count }) {
                throw CommandFailure(
                    .usage, "there is no partition \(wrong.value)", why: "the log has \(count), numbered from 0",
                    next: "andon topics verify")
            }
            state.withLock { $0.hasBeenAssigned = true }
            return partitions.assign(fixed)
        }
        do throws(LogError) {
            let group = try WorkerGroup.join(
                parts.settings,
                GroupOptions(
                    instanceID: options.instanceID, sessionTimeoutMilliseconds: options.sessionSeconds * 1000),
                isDisplaced: { [self] in isDisplaced }, handler: { [self] in changed($0, partitions) })
            state.withLock { $0.group = group }
        } catch {
            throw CommandFailure("cannot join the group \(parts.names.foldGroup)", because: error)
        }
    }

    private func changed(_ change: GroupChange, _ partitions: WorkerPartitions) {
        switch change {
        case .assigned(let all):
            // The group shares out whatever the topic has, also what was added to it.
            let given = all.filter { $0.value < parts.log.partitionCount }
            if given != all { journal.write(.partitionsUnused(all.filter { !given.contains($0) })) }
            journal.write(.partitionsAssigned(given))
            partitions.assign(given)
            state.withLock { state in
                state.hasBeenAssigned = true
                state.assignedAt = SystemClock().uptime
                state.expelled = nil
            }
        case .revoked(let taken):
            journal.write(.partitionsRevoked(taken))
            partitions.revoke(taken)
        case .lost(let lost):
            journal.write(.partitionsLost(lost))
            partitions.lose(lost)
        case .expelled(let error):
            journal.write(.expelledFromGroup(error))
            state.withLock { $0.expelled = error }
        case .failed(let error): state.withLock { $0.failure = error }
        }
    }

    /// Whether another process with this worker's name has announced partitions lately, since the group gave this one its
    /// own: it holds them now, and joining again would take them away from it. Not since this one was dropped, because it
    /// hears of that later.
    private var isDisplaced: Bool {
        let lately = SystemClock().uptime.microseconds - HolderTable.silenceMicrosecondsMaximum
        let assignedAt = state.withLock { $0.assignedAt }
        return parts.holders.hasRival(since: max(assignedAt, MonotonicTime(microseconds: lately)))
    }

    // MARK: Publishing

    private func publish(_ held: HeldPartition) {
        do {
            var configuration = PublisherConfiguration()
            configuration.journal = journal.journal
            configuration.webhooks = options.webhooks
            configuration.webhooks.externalURL = options.advertisedURL ?? ""
            let publisher = try MetricPublisher(
                projector: held.projector, epoch: parts.log.epoch, topics: parts.topics,
                names: parts.names, path: options.directory.published(held.partition), configuration: configuration,
                isStillOwner: held.mayPublish)
            state.withLock { $0.publishers[held.partition] = publisher }
            publisher.start()
        } catch {
            journal.write(.notPublished(held.partition, error.forOperator))
        }
    }

    private func stopPublishing(_ partition: PartitionIndex) {
        state.withLock { $0.publishers.removeValue(forKey: partition) }?.stop()
    }

    /// What targets were told of alerts of a partition.
    func webhooks(of partition: PartitionIndex) -> [Freshness.Webhook] {
        state.withLock { $0.publishers[partition] }.map { [Freshness.Webhook](of: $0) } ?? []
    }

    // MARK: Status

    /// What keeps the worker from being ready.
    var notReady: [String] {
        state.withLock { state in
            if let failure = state.failure { return ["no longer in the group: \(failure.message)"] }
            if let expelled = state.expelled { return ["joining the group again: \(expelled.message)"] }
            return state.hasBeenAssigned ? [] : ["the group has not said yet which partitions to fold"]
        }
    }

    /// Why the worker cannot go on; nil while it can.
    var failure: CommandFailure? {
        state.withLock { $0.failure }.map {
            CommandFailure("this worker has left the group \(parts.names.foldGroup)", because: $0)
        }
    }

    /// Commits the fold's progress to the group, for tools that show the lag.
    func commit(_ positions: [PartitionIndex: LogOffset]) { state.withLock { $0.group }?.commit(positions) }

    /// Leaves the group, which revokes all partitions.
    func end() {
        let group = state.withLock { state in
            defer { state.group = nil }
            return state.group
        }
        group?.leave()
    }

    /// Announces that this worker holds nothing any more.
    func farewell() { state.withLock { $0.announcer }?.stop() }
}
