/// The life cycle of a publisher, without any IO: inputs in, actions out.
///
/// It works in rounds. Each one first reads the own partitions of the metric topics to their end, so that nothing is
/// published, not even for the first time, before the topics' contents are known (DESIGN 3).
struct PublishingMachine: Sendable {
    enum Job: Sendable, Equatable {
        case hours
        case quarantine
    }

    enum State: Sendable, Equatable {
        /// Until the next round; nil: it begins at once. → reading, ended
        case resting(until: Int64?)
        /// Reading the topics. → noting, resting, ended
        case reading
        /// Making due what commits changed. → taking, resting, ended
        case noting
        /// Creating the next records of a job. → publishing, taking (the next job), resting, ended
        case taking(Job)
        /// Sending records and awaiting their reports. → taking, resting, ended
        case publishing(Job, refusedUntil: Int64?)
        /// For good.
        case ended
    }

    /// Times in microseconds.
    enum Input: Sendable, Equatable {
        /// Time passed, or something arrived.
        case tick(isOwner: Bool, unsent: Int, inFlight: Int)
        case read(isAtEnd: Bool)
        case noted
        case taken(isEmpty: Bool)
        /// The queue of the topics was full.
        case refused
        /// - Parameter isWhole: whether every record was delivered.
        case settled(isWhole: Bool)
        /// A store or the fold could not be read or written.
        case failed
        case stop
    }

    enum Action: Sendable, Equatable {
        case read
        case note
        case take(Job)
        case send
        case settle
        case end
    }

    private(set) var state = State.resting(until: nil)
    private let configuration: PublisherConfiguration
    /// nil before the first round.
    private var roundStart: Int64?

    init(_ configuration: PublisherConfiguration) { self.configuration = configuration }

    var isEnded: Bool { state == .ended }

    /// When to send the next tick if nothing happens before; nil if it has ended.
    func wakeTime(now: Int64) -> Int64? {
        switch state {
        case .resting(let until): min(until ?? now, now + configuration.retry)
        case .publishing(_, let refusedUntil?): refusedUntil
        case .reading, .noting, .taking, .publishing: now + configuration.retry
        case .ended: nil
        }
    }

    mutating func step(_ now: Int64, _ input: Input) -> [Action] {
        switch (state, input) {
        case (.ended, _): return []
        case (_, .stop):
            state = .ended
            return [.end]
        // Perhaps only briefly, e.g. after a pause: then a new round starts with reading.
        case (_, .tick(isOwner: false, _, _)): return rest(until: now + configuration.retry)
        case (_, .failed): return rest(until: now + configuration.retry)

        case (.resting(let until), .tick(_, _, let inFlight)):
            // Records in flight count as part of the topics' contents.
            guard now >= until ?? now, inFlight == 0 else { return [] }
            roundStart = now
            state = .reading
            return [.read]
        case (.reading, .read(let isAtEnd)):
            guard isAtEnd else { return rest(until: now + configuration.retry) }
            state = .noting
            return [.note]
        case (.noting, .noted):
            return take(.hours)

        case (.taking(let job), .taken(isEmpty: false)):
            state = .publishing(job, refusedUntil: nil)
            return [.send]
        case (.taking(.hours), .taken(isEmpty: true)):
            return take(.quarantine)
        case (.taking(.quarantine), .taken(isEmpty: true)):
            return rest(until: max(now, (roundStart ?? now) + configuration.round))

        case (.publishing(let job, _), .refused):
            state = .publishing(job, refusedUntil: now + configuration.retry)
            return []
        case (.publishing(let job, let refusedUntil), .tick(_, let unsent, let inFlight)):
            if unsent == 0, inFlight == 0 { return [.settle] }
            let isOpen = refusedUntil.map { now >= $0 } ?? true
            guard isOpen, unsent > 0, inFlight < configuration.recordsInFlightMaximum else { return [] }
            state = .publishing(job, refusedUntil: nil)
            return [.send]
        case (.publishing(let job, _), .settled(let isWhole)):
            return isWhole ? take(job) : rest(until: now + configuration.retry)

        default: return []
        }
    }

    private mutating func take(_ job: Job) -> [Action] {
        state = .taking(job)
        return [.take(job)]
    }

    private mutating func rest(until: Int64) -> [Action] {
        state = .resting(until: until)
        return []
    }
}
