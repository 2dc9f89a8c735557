internal import Dispatch
internal import Foundation
package import HTTPClient
internal import Locks

/// Asks holders over HTTP: a few threads, each with a client of its own that keeps its connections.
///
/// Threads start when they are needed, up to the limit; then questions wait, up to a limit too.
package final class HTTPForwarding: ForwardingClient {
    /// How many questions at a time, and how long one may take.
    package struct Limits: Sendable {
        /// Each question that waits at the holder for the fold (SPEC 8.3: up to 5 s) holds one thread, which costs
        /// little more than its stack.
        package var threadsMaximum = 32
        /// Four per thread: a longer queue would only answer those who have gone.
        package var waitingMaximum = 128
        /// Hosts on one network answer within milliseconds or not at all.
        package var connectTimeoutSeconds = 1.0
        /// The 5 s of SPEC 8.3 and as much again for the answer itself.
        package var timeoutSeconds = 10.0
        /// Lists are whole (SPEC 8.5): 100 000 workers of 600 bytes each.
        package var answerBytesMaximum = 64 * 1024 * 1024

        package init() {}
    }

    private struct Job: Sendable {
        let question: ForwardingQuestion
        let done: @Sendable (ForwardingReply) -> Void
    }

    private struct State {
        var jobs: [Job] = []
        var threads = 0
        var idle = 0
        var isStopped = false
    }

    private let limits: Limits
    private let configuration: HTTPClientConfiguration
    private let state = Monitor(State())
    /// One for each job; wakes one thread, where the monitor would wake all.
    private let arrivals = DispatchSemaphore(value: 0)

    /// - Parameter configuration: TLS; its limits are replaced by `limits`.
    package init(
        limits: Limits = Limits(), configuration: HTTPClientConfiguration = HTTPClientConfiguration()
    ) {
        var configuration = configuration
        configuration.connectTimeoutSeconds = limits.connectTimeoutSeconds
        configuration.timeoutSeconds = limits.timeoutSeconds
        configuration.answerBytesMaximum = limits.answerBytesMaximum
        configuration.userAgent = "andon-forwarder"
        self.configuration = configuration
        self.limits = limits
    }

    package func ask(_ question: ForwardingQuestion, _ done: @escaping @Sendable (ForwardingReply) -> Void) {
        let job = Job(question: question, done: done)
        let (isTaken, newThread): (Bool, Int?) = state.withLock { state in
            guard !state.isStopped else { return (false, nil) }
            let needsThread = state.jobs.count >= state.idle
            let canStart = needsThread && state.threads < limits.threadsMaximum
            guard canStart || state.jobs.count < limits.waitingMaximum + state.idle else { return (false, nil) }
            state.jobs.append(job)
            guard canStart else { return (true, nil) }
            state.threads += 1
            return (true, state.threads)
        }
        guard isTaken else { return done(.busy) }
        arrivals.signal()
        if let newThread { start(newThread) }
    }

    package func stop() {
        let dropped = state.withLock { state in
            state.isStopped = true
            defer { state.jobs = [] }
            return state.jobs
        }
        arrivals.signal()
        for job in dropped { job.done(.busy) }
        state.wait { $0.threads == 0 ? () : nil }
    }

    // MARK: Threads

    private func start(_ number: Int) {
        let thread = Thread { [self] in run() }
        thread.name = "forward-\(number)"
        thread.start()
    }

    private func run() {
        let client = HTTPClient(configuration)
        while let job = next() { job.done(Self.ask(job.question, client)) }
        state.update { $0.threads -= 1 }
    }

    private func next() -> Job? {
        state.withLock { $0.idle += 1 }
        arrivals.wait()
        let job = state.withLock { state in
            state.idle -= 1
            return state.jobs.isEmpty ? nil : state.jobs.removeFirst()
        }
        // Only a stop wakes a thread without a job: the next one is to hear of it too.
        if job == nil { arrivals.signal() }
        return job
    }

    private static func ask(_ question: ForwardingQuestion, _ client: HTTPClient) -> ForwardingReply {
        do throws(HTTPClientError) {
            let answer = try client.send("GET", question.url + question.target, headers: question.headers)
            return .answer(ForwardingAnswer(status: answer.status, headers: answer.headers, body: answer.body))
        } catch {
            return .unreachable(error.message)
        }
    }
}
