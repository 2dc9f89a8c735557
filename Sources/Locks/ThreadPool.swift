/// A few threads that run jobs in the order in which they were submitted, with a limit on those that wait.
///
/// A thread starts when a job finds none idle, up to the limit, and stays until the end.
package final class ThreadPool<Job: Sendable>: Sendable {
    private struct State {
        var jobs: [Job] = []
        var threads: [BackgroundThread] = []
        /// Threads that wait for a job.
        var idle = 0
        var isClosed = false
    }

    private let name: String
    private let threadsMaximum: Int
    private let waitingMaximum: Int
    private let makeHandler: @Sendable () -> (Job) -> Void
    private let state = Monitor(State())

    /// - Parameters:
    ///   - name: of the threads; a number is appended.
    ///   - waitingMaximum: jobs that wait while every thread is busy.
    ///   - makeHandler: called once on every new thread; what it returns runs the jobs of that thread.
    package init(
        _ name: String, threadsMaximum: Int, waitingMaximum: Int,
        makeHandler: @escaping @Sendable () -> (Job) -> Void
    ) {
        self.name = name
        self.threadsMaximum = threadsMaximum
        self.waitingMaximum = waitingMaximum
        self.makeHandler = makeHandler
    }

    /// Hands a job over and returns at once.
    /// - Returns: whether it will run; false when too many wait, or after ``close()``.
    package func submit(_ job: Job) -> Bool {
        // Idle threads are the only ones that wait for the state, so one wake-up is enough.
        state.updateWakingOne { state in
            guard !state.isClosed else { return false }
            let canStart = state.jobs.count >= state.idle && state.threads.count < threadsMaximum
            guard canStart || state.jobs.count < waitingMaximum + state.idle else { return false }
            state.jobs.append(job)
            if canStart {
                // Its first act is to take the lock, so it sees this state as a whole.
                state.threads.append(.start("\(name)-\(state.threads.count)") { [self] in run() })
            }
            return true
        }
    }

    /// Takes no more jobs; those that wait still run. Returns at once; see ``join()``.
    package func close() { state.update { $0.isClosed = true } }

    /// Takes no more jobs and gives back those that wait. Returns at once; see ``join()``.
    package func cancel() -> [Job] {
        state.update { state in
            state.isClosed = true
            defer { state.jobs = [] }
            return state.jobs
        }
    }

    /// Waits for the end of every thread, after ``close()`` or ``cancel()``. Not from inside a job.
    package func join() {
        for thread in state.withLock({ $0.threads }) { thread.join() }
    }

    private func run() {
        let handle = makeHandler()
        while let job = next() { handle(job) }
    }

    private func next() -> Job? {
        state.withLock { $0.idle += 1 }
        return state.wait { state -> Job?? in
            guard !state.jobs.isEmpty || state.isClosed else { return nil }
            state.idle -= 1
            return .some(state.jobs.isEmpty ? nil : state.jobs.removeFirst())
        }
    }
}
