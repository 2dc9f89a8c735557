package import HTTPClient
internal import Locks

/// Asks holders over HTTP: a few threads, each with a client of its own that keeps its connections.
///
/// Threads start when they are needed, up to the limit; then questions wait, up to a limit too.
package final class HTTPForwarding: ForwardingClient {
    /// How many questions at a time, and how long one may take.
    package struct Limits: Sendable {
        /// Each question that waits at the holder for the fold (SPEC 8.3: up to 5 s) occupies one thread, which costs
        /// little more than its stack.
        package var threadsMaximum = 32
        /// Four per thread: the clients behind a longer queue would be gone before their answers come.
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

    private let pool: ThreadPool<Job>

    /// - Parameter configuration: TLS; its limits are replaced by `limits`.
    package init(
        limits: Limits = Limits(), configuration: HTTPClientConfiguration = HTTPClientConfiguration()
    ) {
        var settings = configuration
        settings.connectTimeoutSeconds = limits.connectTimeoutSeconds
        settings.timeoutSeconds = limits.timeoutSeconds
        settings.answerBytesMaximum = limits.answerBytesMaximum
        settings.userAgent = "andon-forwarder"
        // The answer goes on to a client with a coding and a tag of its own.
        settings.acceptsCompressed = false
        pool = ThreadPool(
            "forward", threadsMaximum: limits.threadsMaximum, waitingMaximum: limits.waitingMaximum
        ) { [settings] in
            let client = HTTPClient(settings)
            return { job in job.done(Self.ask(job.question, client)) }
        }
    }

    package func ask(_ question: ForwardingQuestion, _ done: @escaping @Sendable (ForwardingReply) -> Void) {
        if !pool.submit(Job(question: question, done: done)) { done(.busy) }
    }

    package func stop() {
        for job in pool.cancel() { job.done(.busy) }
        pool.join()
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
