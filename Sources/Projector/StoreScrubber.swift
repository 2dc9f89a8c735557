internal import Clocks
internal import EventModel
internal import Locks
internal import ProjectionStore

/// Reads a projector's store from end to end for damage while its fold has nothing to do, a little at a time, so that a
/// pass takes the configured hours.
final class StoreScrubber: Sendable {
    private let ticker: Ticker
    private let passMilliseconds: Int
    private let store: @Sendable () -> ProjectionStore?
    private let progress = Guarded(Progress())

    /// What the thread keeps between two ticks.
    private final class Progress {
        var store: ProjectionStore?
        var scrub: StoreScrub?
    }

    /// - Parameter store: the store to read now; nil while the fold is busy.
    init(_ configuration: ProjectorConfiguration, _ store: @escaping @Sendable () -> ProjectionStore?) {
        ticker = Ticker(milliseconds: ProjectorConfiguration.scrubTickMilliseconds, clock: configuration.clock)
        passMilliseconds = configuration.scrubHours * 3_600_000
        self.store = store
    }

    /// Starts the thread, which is named by the partition, unless no pass is wanted.
    func start(_ partition: PartitionIndex) {
        guard passMilliseconds > 0 else { return }
        ticker.start("scrub-\(partition.value)") { [self] in progress.withLock { tick($0) } }
    }

    func stop() { ticker.stop() }

    private func tick(_ progress: Progress) {
        guard let store = store(), store.condition.damage == nil else { return }
        do {
            if progress.store !== store {
                progress.scrub = try StoreScrub(store)
                progress.store = store
            }
            guard let scrub = progress.scrub else { return }
            let pages = try Int(scrub.pageCount()) * ProjectorConfiguration.scrubTickMilliseconds / passMilliseconds
            try scrub.step(
                pages: min(
                    ProjectorConfiguration.pagesScrubbedPerTick.upperBound,
                    max(ProjectorConfiguration.pagesScrubbedPerTick.lowerBound, pages + 1)))
        } catch {
            // Damage stands in the store's condition; any other trouble meets the fold and the questions, too.
            progress.store = nil
            progress.scrub = nil
        }
    }
}
