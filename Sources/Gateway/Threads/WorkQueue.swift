internal import EventModel
internal import Locks

/// Requests on their way from the HTTP threads to the log thread of one partition. Bounded, so that a slow log shows up
/// as 503 for clients and not as memory growth.
final class WorkQueue: Sendable {
    /// Several groups of requests; each request is a suspended connection.
    static let requestsMaximum = 4096
    static let bytesMaximum = 128 << 20
    /// Requests per group. SQLite commits 89 thousand records a second in groups of 256, and no more in larger ones.
    static let groupMaximum = 512
    static let groupBytesMaximum = 16 << 20

    /// What the log thread takes at once.
    struct Group {
        /// Definitions of other gateways: already in the log, ahead of everything that `works` will append.
        var adoptions: [SiteRoster] = []
        var works: [Work] = []
    }

    private struct State {
        var waiting: [Work] = []
        var bytes = 0
        /// The group that the log thread has taken and not finished.
        var takenRequests = 0
        var takenBytes = 0
        /// At most one per site, so bounded by the number of sites; never refused.
        var adoptions: [SiteID: SiteRoster] = [:]
        /// Whether the log thread has something to do besides requests.
        var isNudged = false
        var isClosed = false
    }

    private let state = Monitor(State())
    private let budget: QueueBudget?

    /// - Parameter budget: Shared by all queues of a gateway; nil if this is the only one.
    init(budget: QueueBudget? = nil) { self.budget = budget }

    /// - Returns: false if the queue is full or closed; then nothing happened.
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

    /// Adds a definition that another gateway has appended.
    func adopt(_ roster: SiteRoster) {
        state.update { state in
            if let known = state.adoptions[roster.siteID], known.offset > roster.offset { return }
            state.adoptions[roster.siteID] = roster
        }
    }

    /// Makes the log thread look at the clock, without any request.
    func nudge() { state.update { $0.isNudged = true } }

    /// Waits for requests and takes as many as fit in one group, oldest first; nil once closed and empty.
    func takeGroup() -> Group? {
        state.wait { state -> Group?? in
            guard !state.waiting.isEmpty || !state.adoptions.isEmpty || state.isNudged else {
                return state.isClosed ? .some(nil) : nil
            }
            state.isNudged = false
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

    /// Marks the last group taken as answered.
    func finishGroup() {
        state.withLock { state in
            budget?.give(requests: state.takenRequests, bytes: state.takenBytes)
            state.takenRequests = 0
            state.takenBytes = 0
        }
    }

    /// Accepts no more requests; waiting ones are still served.
    func close() { state.update { $0.isClosed = true } }
}
