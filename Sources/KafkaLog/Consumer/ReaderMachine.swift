import EventLog
import EventModel

/// The state of reading one partition: which offset must come next, and whether librdkafka fetches it.
///
/// It only decides; the polling thread starts and stops fetching, the watch thread asks for ranges. Every run of offsets
/// is checked here (DESIGN 4). An offset that was seen is dropped. Where one is missing, fetching seeks there once more,
/// because records requested before a seek may still arrive after it. If it is still missing, the partition has failed,
/// unless exactly the missing offsets are declared as skipped (SPEC 7.4).
struct ReaderMachine {
    enum State {
        /// Nobody reads; nothing is fetched. Exit: `want` → asked.
        case idle
        /// Fetching must start at the offset; what arrives meanwhile is older and dropped.
        /// Exits: `start` → seeking; `want` → asked elsewhere; `forget` → idle; `fail` → failed.
        case asked(LogOffset)
        /// Fetching was started there, and nothing has arrived yet. Exits: those of fetching.
        case seeking(LogOffset)
        /// Records have arrived up to the offset, exclusive. Exits: a full buffer → paused; `want` elsewhere, `stalled` or the
        /// first gap → asked; an offset that does not exist → checking; the second gap, `fail` → failed; `forget` → idle.
        case fetching(LogOffset)
        /// The buffer is full; nothing is fetched. Exits: `drained`, `want` → asked; `forget` → idle.
        case paused(LogOffset)
        /// A broker says that the offset, or the topic, does not exist; the actual range must be requested.
        /// Exits: `rangeKnown` → asked or failed; `want` elsewhere → asked; `fail` → failed; `forget` → idle.
        case checking(LogOffset)
        /// Nothing is delivered until the reader has learned why. Exit: `takeFailure` → idle.
        case failed(LogError)
    }

    /// What to do with a fetched record.
    enum Verdict: Equatable {
        case keep, drop
        /// Records before it are missing: drop it and everything after it, and reconcile.
        case gap
    }

    /// What the polling thread has to do.
    enum Order: Equatable {
        case startAt(LogOffset)
        case stop
        case leave
    }

    /// How often a broker may deny an offset that lies within the range it reports: a new leader may lag.
    static let denialsMaximum = 10

    let partition: PartitionIndex
    /// The offsets that may be missing, in order.
    var skips: [LogSkip] = []
    private(set) var state = State.idle
    /// The offset that was sought again because records were missing before those that arrived.
    private var retriedOffset: LogOffset?
    /// Before which offset records are missing; nil where the failure concerns the whole partition.
    private var missingAt: LogOffset?
    private var denials = 0

    init(partition: PartitionIndex) { self.partition = partition }

    /// The offset that is fetched next, or would be; nil when nobody reads.
    var next: LogOffset? {
        switch state {
        case .asked(let next), .seeking(let next), .fetching(let next), .paused(let next), .checking(let next): next
        case .idle, .failed: nil
        }
    }

    /// A reader needs the record at `offset`, which is not buffered.
    /// - Returns: whether the polling thread has to reconcile. The buffer is useless when ``next`` was another offset.
    mutating func want(_ offset: LogOffset) -> Bool {
        switch state {
        case .failed: return false
        case .asked(let next), .seeking(let next), .fetching(let next), .checking(let next):
            if next == offset { return false }
        case .idle, .paused: break
        }
        ask(for: offset)
        return true
    }

    /// What fetching must look like now; the polling thread applies it before it hands over anything more.
    mutating func reconcile() -> Order {
        switch state {
        case .asked(let next):
            state = .seeking(next)
            return .startAt(next)
        case .seeking, .fetching: return .leave
        case .idle, .paused, .checking, .failed: return .stop
        }
    }

    mutating func fetched(_ offset: LogOffset) -> Verdict {
        guard let next = expected, offset >= next else { return .drop }
        guard offset == next || skips.cover(next..<offset) else { return missed(next, before: offset) }
        state = .fetching(offset.next)
        retriedOffset = nil
        denials = 0
        return .keep
    }

    /// The partition ends at `end` for now.
    /// - Returns: whether the polling thread has to reconcile.
    mutating func reachedEnd(_ end: LogOffset) -> Bool {
        guard let next = expected else { return false }
        if end > next, !skips.cover(next..<end) { return missed(next, before: end) == .gap }
        state = .fetching(max(next, end))
        return false
    }

    /// The buffer is full.
    /// - Returns: whether the polling thread has to reconcile.
    mutating func filled() -> Bool {
        guard let next = expected else { return false }
        state = .paused(next)
        return true
    }

    /// The buffer has room again.
    /// - Returns: whether the polling thread has to reconcile.
    mutating func drained() -> Bool {
        guard case .paused(let next) = state else { return false }
        state = .asked(next)
        return true
    }

    /// Nothing arrives, although there are records: fetching starts anew at the same offset.
    /// - Returns: whether the polling thread has to reconcile.
    mutating func stalled() -> Bool {
        guard let next = expected else { return false }
        state = .asked(next)
        return true
    }

    /// A broker says that the offset or the topic does not exist.
    /// - Returns: whether the range has to be requested.
    mutating func denied() -> Bool {
        guard let next = expected else { return false }
        state = .checking(next)
        return true
    }

    /// The answer to a doubt: the range that the partition really holds.
    /// - Returns: whether the polling thread has to reconcile.
    mutating func rangeKnown(start: LogOffset, end: LogOffset) -> Bool {
        guard case .checking(let next) = state else { return false }
        denials += 1
        if start <= next, next <= end, denials < Self.denialsMaximum {
            state = .asked(next)
        } else {
            state = .failed(
                LogError(
                    .outOfRange,
                    "offset \(next.value) of partition \(partition.value) is not in the log, which reaches from "
                        + "\(start.value) to \(end.value)",
                    hint: next < start
                        ? "retention or an operator removed records that were not folded yet: their figures are lost; "
                            + "fold the rest into a new store"
                        : "the topic was recreated or truncated, and the store belongs to the old one: fold into a new store"
                ))
        }
        return true
    }

    /// The answer to a doubt: no broker knows the topic. Right after a start, or while it is recreated, this passes.
    mutating func topicUnknown(_ topic: String) {
        guard case .checking = state else { return }
        denials += 1
        guard denials >= Self.denialsMaximum else { return }
        fail(
            LogError(
                .outOfRange, "the topic \(topic) does not exist any more",
                hint: "somebody deleted it; `andon topics create --brokers …` creates an empty one"))
    }

    /// Reading cannot go on.
    mutating func fail(_ error: LogError) {
        if case .failed = state { return }
        state = .failed(error)
    }

    /// Tells a reader at `offset` why nothing arrives; after that reading can be tried again. What is missing elsewhere is
    /// no reason.
    mutating func takeFailure(at offset: LogOffset) -> LogError? {
        guard case .failed(let error) = state else { return nil }
        let isElsewhere = missingAt.map { $0 != offset } ?? false
        state = .idle
        retriedOffset = nil
        missingAt = nil
        denials = 0
        return isElsewhere ? nil : error
    }

    /// Nobody has read for a while.
    /// - Returns: whether the polling thread has to reconcile.
    mutating func forget() -> Bool {
        switch state {
        case .idle, .failed: return false
        default:
            state = .idle
            retriedOffset = nil
            return true
        }
    }

    var isIdle: Bool { if case .idle = state { true } else { false } }
    var isChecking: Bool { if case .checking = state { true } else { false } }
    /// Whether records will arrive without anybody doing anything.
    var isFetching: Bool { expected != nil }

    private var expected: LogOffset? {
        switch state {
        case .seeking(let next), .fetching(let next): next
        default: nil
        }
    }

    private mutating func ask(for offset: LogOffset) {
        if next != offset {
            retriedOffset = nil
            denials = 0
        }
        state = .asked(offset)
    }

    private mutating func missed(_ next: LogOffset, before found: LogOffset) -> Verdict {
        if retriedOffset == next {
            missingAt = next
            state = .failed(
                LogError(
                    .recordsMissing,
                    "the records from \(next.value) to \(found.value - 1) of partition \(partition.value) are missing",
                    hint: "the events topic must have cleanup.policy=delete and be written by Andon alone, without "
                        + "transactions, whose markers take offsets too; to go on without them: "
                        + "`andon log skip \(partition.value):\(next.value) --brokers …`", missing: next..<found))
        } else {
            retriedOffset = next
            state = .asked(next)
        }
        return .gap
    }
}
