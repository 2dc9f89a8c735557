public import EventModel
package import JSON

/// How a rebuild, or its part in one partition, is.
public enum RebuildState: String, Sendable, CaseIterable {
    /// Its holder has not begun.
    case waiting
    case building
    case paused
    /// It holds everything that the live generation holds, and follows the log.
    case level
    /// Questions are answered from it.
    case promoted
    case rolledBack = "rolled_back"
    case cancelled
    /// It does not go on; it is tried again every ten seconds.
    case failed
}

/// What the holder of a partition says about a rebuild.
public struct RebuildReport: Sendable, Equatable {
    public var partition: PartitionIndex
    /// The revision of the job that the holder knows.
    public var revision: Int64
    /// Whether what that revision wants is so.
    public var hasActed: Bool
    public var state: RebuildState
    public var generation: Int64?
    /// Records folded, and in the log.
    public var recordsDone: Int64 = 0
    public var recordsTotal: Int64 = 0
    public var events: Int64 = 0
    public var eventsPerSecond: Int64 = 0
    /// Until it is level; nil while nobody knows.
    public var secondsLeft: Int64?
    public var startedAt: Timestamp?
    /// Why it does not go on: it has failed, or is held up for now.
    public var failure: String?

    init(
        _ job: RebuildJob, _ partition: PartitionIndex, _ progress: BuildProgress?, hasActed: Bool, failure: String?,
        secondsLeft: Int64?
    ) {
        self.partition = partition
        (revision, self.hasActed) = (job.revision, hasActed)
        let found = progress?.isLive == true ? nil : progress
        self.failure = failure ?? found?.failure ?? found?.hindrance
        state = .of(job, progress, isFailed: (failure ?? found?.failure) != nil)
        guard let progress else { return }
        generation = progress.generation
        (recordsDone, recordsTotal) = (progress.next.value, max(progress.next, progress.end).value)
        events = progress.events
        eventsPerSecond = progress.eventsPerSecond
        self.secondsLeft = progress.isLevel || progress.isLive ? 0 : secondsLeft
        startedAt = progress.startedAt
    }
}

extension RebuildState {
    /// In one partition.
    fileprivate static func of(_ job: RebuildJob, _ progress: BuildProgress?, isFailed: Bool) -> RebuildState {
        if isFailed { return .failed }
        if progress?.isLive == true { return .promoted }
        switch job.wanted {
        case .cancelled: return .cancelled
        case .rolledBack: return .rolledBack
        case .paused: return .paused
        case .running, .promoted:
            guard let progress else { return .waiting }
            return progress.isRetired ? .rolledBack : progress.isLevel ? .level : .building
        }
    }

    /// Of the whole rebuild, by what the holders say.
    static func of(_ job: RebuildJob, _ reports: [RebuildReport], isComplete: Bool) -> RebuildState {
        switch job.wanted {
        case .cancelled: return .cancelled
        case .rolledBack: return .rolledBack
        case .promoted: return .promoted
        case .running, .paused:
            if reports.contains(where: { $0.state == .failed }) { return .failed }
            if job.wanted == .paused { return .paused }
            return isComplete && !reports.isEmpty && reports.allSatisfy { $0.state == .level } ? .level : .building
        }
    }
}

// MARK: JSON

extension RebuildReport {
    /// As the holder answers, and as part of the whole answer.
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("partition", Int64(partition.value))
            json.member("revision", revision)
            json.member("acted", hasActed)
            json.member("state", state.rawValue)
            json.key("generation")
            json.integer(orNull: generation)
            json.member("records_done", recordsDone)
            json.member("records_total", recordsTotal)
            json.member("events", events)
            json.member("events_per_second", eventsPerSecond)
            json.key("eta_seconds")
            json.integer(orNull: secondsLeft)
            json.key("started_at")
            json.string(orNull: startedAt?.formatted)
            json.key("failure")
            json.string(orNull: failure)
        }
    }

    /// Reads what another holder answers; nil if it is something else.
    package init?(_ json: JSONValue) {
        func number(_ name: String) -> Int64? { json[name]?.text.flatMap { Int64($0) } }
        guard let partition = number("partition").flatMap({ Int32(exactly: $0) }), let revision = number("revision"),
            case .bool(let hasActed)? = json["acted"], let state = json["state"]?.text.flatMap(RebuildState.init),
            let done = number("records_done"), let total = number("records_total"), let events = number("events"),
            let speed = number("events_per_second")
        else { return nil }
        self.partition = PartitionIndex(partition)
        (self.revision, self.hasActed, self.state) = (revision, hasActed, state)
        (recordsDone, recordsTotal, self.events, eventsPerSecond) = (done, total, events, speed)
        generation = number("generation")
        secondsLeft = number("eta_seconds")
        startedAt = json["started_at"]?.text.flatMap { Timestamp(rfc3339: $0) }
        failure = json["failure"]?.text
    }
}
