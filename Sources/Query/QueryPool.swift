internal import Dispatch
internal import Foundation
internal import Locks

/// The threads that compute answers: few, and separate from the server's, so that questions never delay ingest.
final class QueryPool: Sendable {
    private struct State {
        var jobs: [@Sendable () -> Void] = []
        var isStopped = false
    }

    private let state = Guarded(State())
    private let waiting = DispatchSemaphore(value: 0)
    private let jobsMaximum: Int

    /// At 10 ms each, 128 questions on two threads wait 0.6 s: beyond that a retry serves better than a longer queue.
    static let jobsMaximumDefault = 128

    init(threadCount: Int, jobsMaximum: Int = QueryPool.jobsMaximumDefault) {
        self.jobsMaximum = jobsMaximum
        for number in 0..<threadCount {
            let thread = Thread { [self] in run() }
            thread.name = "query-\(number)"
            thread.start()
        }
    }

    /// Whether the job will run; false if too many wait, or after ``stop()``.
    func submit(_ job: @escaping @Sendable () -> Void) -> Bool {
        let isTaken = state.withLock { state in
            guard !state.isStopped, state.jobs.count < jobsMaximum else { return false }
            state.jobs.append(job)
            return true
        }
        if isTaken { waiting.signal() }
        return isTaken
    }

    /// Accepts no more jobs; the threads end when the accepted ones are done.
    func stop() {
        state.withLock { $0.isStopped = true }
        waiting.signal()
    }

    private func run() {
        while true {
            waiting.wait()
            let (job, isStopped) = state.withLock { state in
                (state.jobs.isEmpty ? nil : state.jobs.removeFirst(), state.isStopped)
            }
            if let job {
                job()
            } else if isStopped {
                waiting.signal()  // For the next thread.
                return
            }
        }
    }
}
