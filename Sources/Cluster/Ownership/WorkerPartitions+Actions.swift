internal import Clocks
internal import EventLog
internal import EventModel
internal import Locks
internal import Observability
internal import ProjectionStore
internal import Projector

// Carries out what the machines decide: nothing but decisions under the lock; slow work has a thread of its own.
extension WorkerPartitions {
    /// Passes an event to a partition's machine and performs its actions, unless another thread is already doing so: that
    /// thread then performs these too, so that actions keep the order of their events.
    func handle(_ partition: PartitionIndex, _ event: (inout Slot) -> [PartitionOwnership.Action]) {
        let (isMine, isNewShare) = state.update { state in
            var slot = state.slots[partition] ?? Slot()
            slot.actions += event(&slot)
            let isMine = !slot.isActing && !slot.actions.isEmpty
            if isMine { slot.isActing = true }
            state.slots[partition] = slot
            let shares = max(1, state.slots.values.count { $0.machine.state != .closed })
            defer { state.shares = shares }
            return (isMine, shares != state.shares)
        }
        if isNewShare { divideMemory() }
        if isMine { while let action = nextAction(partition) { perform(action, partition) } }
    }

    private func nextAction(_ partition: PartitionIndex) -> PartitionOwnership.Action? {
        state.update { state in
            guard var slot = state.slots[partition] else { return nil }
            defer { state.slots[partition] = slot }
            if slot.actions.isEmpty {
                slot.isActing = false
                return nil
            }
            return slot.actions.removeFirst()
        }
    }

    /// Divides the memory of the process among the partitions that are open or opening. Repeats until nothing changed
    /// meanwhile.
    private func divideMemory() {
        while true {
            let (shares, projectors) = state.withLock { ($0.shares, $0.slots.values.compactMap(\.projector)) }
            for projector in projectors { projector.share(FoldShare(of: shares)) }
            if state.withLock({ $0.shares }) == shares { return }
        }
    }

    private func perform(_ action: PartitionOwnership.Action, _ partition: PartitionIndex) {
        let slot = state.withLock { $0.slots[partition] ?? Slot() }
        switch action {
        case .openStore: begin("open", partition) { [self] in open(partition) }
        case .startFold: slot.projector?.start()
        case .startPublishing:
            guard let projector = slot.projector else { return }
            configuration.startPublishing(
                HeldPartition(
                    partition: partition, projector: projector,
                    mayPublish: { [weak self] in self?.mayPublish(partition) ?? false }))
        case .stopPublishing: configuration.stopPublishing(partition)
        case .announceHolder: configuration.announceHolder(partition)
        case .withdrawHolder: configuration.withdrawHolder(partition)
        case .stopFold: begin("stop", partition) { [self] in stopFold(partition) }
        case .closeStore: state.withLock { $0.slots[partition]?.projector = nil }
        case .retryLater:
            let due = configuration.clock.uptime.advanced(milliseconds: configuration.retryMilliseconds)
            state.withLock { $0.slots[partition]?.retryAt = due }
        }
    }

    /// At most one such thread per partition: while one runs, the machine waits for its event.
    private func begin(_ what: String, _ partition: PartitionIndex, _ body: @escaping @Sendable () -> Void) {
        BackgroundThread.start("\(what)-\(partition.value)", body)
    }

    private func open(_ partition: PartitionIndex) {
        let opening = state.withLock { state in
            state.slots[partition]?.opening += 1
            return state.slots[partition]?.opening ?? 0
        }
        do {
            let generations = GenerationDirectory(
                path: configuration.folder + "/partition-\(partition.value).sqlite")
            var folding = configuration.projector
            folding.failed = { [weak self] in self?.foldFailed(partition, opening) }
            folding.journal = configuration.journal
            let projector = try Projector(
                log: log, partition: partition, generations: generations, keepsFeed: configuration.keepsFeed,
                configuration: folding)
            state.withLock { $0.slots[partition]?.projector = projector }
            divideMemory()
            handle(partition) { slot in
                slot.failure = nil
                return slot.machine.opened()
            }
        } catch {
            let message = "partition \(partition.value) cannot be opened: \(error)"
            note(
                PartitionFailure(
                    message: message, isRetriable: error.mayPassByReopening,
                    lost: (error as? ProjectorError)?.lost), of: partition)
        }
    }

    private func foldFailed(_ partition: PartitionIndex, _ opening: Int) {
        let projector = state.withLock { state in
            state.slots[partition].flatMap { $0.opening == opening ? $0.projector : nil }
        }
        guard let projector, let message = projector.failure else { return }
        note(
            PartitionFailure(message: message, isRetriable: projector.isFailureRetriable, lost: projector.lost),
            of: partition, isReported: true)
    }

    /// - Parameter isReported: whether the journal has it already.
    private func note(_ failure: PartitionFailure, of partition: PartitionIndex, isReported: Bool = false) {
        let isNews = state.withLock { $0.slots[partition]?.failure != failure }
        if isNews && !isReported { configuration.journal.record(.partitionFailed(partition, failure)) }
        handle(partition) { slot in
            slot.failure = failure
            return slot.machine.failed(isRetriable: failure.isRetriable)
        }
    }

    private func stopFold(_ partition: PartitionIndex) {
        let projector = state.withLock { $0.slots[partition]?.projector }
        projector?.stop()
        handle(partition) { slot in
            slot.projector = nil
            return slot.machine.drained()
        }
    }
}
