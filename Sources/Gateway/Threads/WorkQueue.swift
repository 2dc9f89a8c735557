internal import EventModel
internal import Locks

/// Requests on their way from the HTTP threads to the log thread of one partition; bounded, so that a slow log is seen by
/// the clients as 503 instead of by the machine as memory.
final class WorkQueue: Sendable {
    /// More requests than one group takes twice; each is a suspended connection.
    static let requestsMaximum = 4096
    static let bytesMaximum = 128 << 20
    /// Requests of one group. SQLite commits 89 thousand records a second in groups of 256, and no more in larger ones.
    static let groupMaximum = 512
    static let groupBytesMaximum = 16 << 20

    /// What the log thread takes at once.
    struct Group {
        /// Definitions of other gateways: they stand in the log already, before all that `works` will append.
        var adoptions: [SiteRoster] = []
        var works: [Work] = []
    }

    private struct State {
        var waiting: [Work] = []
        var bytes = 0
        /// The group that the log thread has taken and not finished.
        var takenRequests = 0
        var takenBytes = 0
        /// One of each site, so bounded by the number of sites; never refused.
        var adoptions: [SiteID: SiteRoster] = [:]
        var isClosed = false
    }

    private let state = Monitor(State())
    private let budget: QueueBudget?

    /// - Parameter budget: What all queues of a gateway share; nil where this is the only one.
    init(budget: QueueBudget? = nil) { self.budget = budget }

    /// - Returns: false when the queue is full or closed; then nothing happened.
    func submit(_ work: Work) -> Bool {
        let size = work.request.sizeBytes
        return state.update { state in
            guard !state.isClosed, state.waiting.count < Self.requestsMaximum,
                state.bytes == 0 || state.bytes + size <= Self.bytesMaximum
            else { return false }
            if let budget {
                let requests = state.waiting.count + state.takenRequests
                guard budget.take(size, heldRequests: requests, heldBytes: state.bytes + state.takenBytes) else {
                    return false
                }
            }
            state.waiting.append(work)
            state.bytes += size
            return true
        }
    }

    /// Hands a definition over that another gateway has appended.
    func adopt(_ roster: SiteRoster) {
        state.update { state in
            if let known = state.adoptions[roster.siteID], known.offset > roster.offset { return }
            state.adoptions[roster.siteID] = roster
        }
    }

    /// Waits for requests and takes as many as make one group, oldest first; nil once closed and empty.
    func takeGroup() -> Group? {
        state.wait { state -> Group?? in
            guard !state.waiting.isEmpty || !state.adoptions.isEmpty else { return state.isClosed ? .some(nil) : nil }
            var group = Group(adoptions: Array(state.adoptions.values))
            state.adoptions.removeAll()
            var count = 0
            var bytes = 0
            while count < min(state.waiting.count, Self.groupMaximum), bytes < Self.groupBytesMaximum {
                bytes += state.waiting[count].request.sizeBytes
                count += 1
            }
            state.bytes -= bytes
            state.takenRequests += count
            state.takenBytes += bytes
            if count == state.waiting.count {
                swap(&group.works, &state.waiting)
            } else {
                group.works = Array(state.waiting[..<count])
                state.waiting.removeFirst(count)
            }
            return group
        }
    }

    /// The group that was taken last is answered.
    func finishGroup() {
        state.withLock { state in
            budget?.give(requests: state.takenRequests, bytes: state.takenBytes)
            state.takenRequests = 0
            state.takenBytes = 0
        }
    }

    /// Takes no more requests; those that wait are still served.
    func close() { state.update { $0.isClosed = true } }
}
