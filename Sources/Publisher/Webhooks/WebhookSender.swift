internal import Crypto
internal import HTTPClient
internal import Locks

/// Makes the requests to one target, one at a time, on a thread of its own: it may take as long as it likes.
final class WebhookSender: Sendable {
    private struct State: Sendable {
        var body: [UInt8]?
        var isBusy = false
        var outcome: WebhookMachine.Outcome?
        var isStopping = false
    }

    private let target: String
    private let configuration: WebhookConfiguration
    private let answered: @Sendable () -> Void
    private let state = Monitor(State())

    /// - Parameters:
    ///   - number: of the target, from 1.
    ///   - answered: called from the thread when an outcome can be taken.
    init(
        _ target: String, number: Int, _ configuration: WebhookConfiguration, answered: @escaping @Sendable () -> Void
    ) {
        (self.target, self.configuration, self.answered) = (target, configuration, answered)
        BackgroundThread.start("webhook-\(number)") { [self] in run() }
    }

    func send(_ body: [UInt8]) {
        state.update { state in
            state.body = body
            state.isBusy = true
        }
    }

    /// What the last request came to; once.
    func takeOutcome() -> WebhookMachine.Outcome? { state.update { $0.outcome.take() } }

    /// Ends it; a request under way may still be answered, if that does not take long.
    func stop(milliseconds: Int) -> WebhookMachine.Outcome? {
        state.update { state in
            state.isStopping = true
            // Its thread has not seen it yet, and will not.
            if state.body.take() != nil { state.isBusy = false }
        }
        return state.wait(milliseconds: milliseconds) { state -> WebhookMachine.Outcome?? in
            state.isBusy ? nil : .some(state.outcome.take())
        } ?? nil
    }

    private func run() {
        var http = HTTPClientConfiguration()
        http.connectTimeoutSeconds = configuration.timeoutSeconds / 2
        http.timeoutSeconds = configuration.timeoutSeconds
        http.answerBytesMaximum = WebhookConfiguration.answerBytesMaximum
        let client = HTTPClient(http)
        while let body = next() {
            let outcome = post(body, client)
            state.update { state in
                state.outcome = outcome
                state.isBusy = false
            }
            answered()
        }
    }

    private func next() -> [UInt8]? {
        state.wait { state -> [UInt8]?? in
            if state.isStopping { return .some(nil) }
            return state.body.take().map { .some($0) }
        }
    }

    private func post(_ body: [UInt8], _ client: HTTPClient) -> WebhookMachine.Outcome {
        var headers = [(name: "Content-Type", value: "application/json")]
        // The same content is sent under the same key, however often.
        headers.append((name: "Idempotency-Key", value: String(SHA256Digest.of(body).hex.prefix(32))))
        if let secret = configuration.secret {
            headers.append((name: "X-Andon-Signature", value: "sha256=\(HMACSHA256.of(body, key: secret).hex)"))
        }
        do throws(HTTPClientError) {
            let answer = try client.send("POST", target, headers: headers, body: body)
            return WebhookMachine.Outcome(
                status: answer.status, retryAfter: answer.header("Retry-After"), location: answer.header("Location"))
        } catch {
            // An answer is one, however long.
            if error.code == .answerTooLarge { return .failed("its answer is too long", retryAfterSeconds: nil) }
            return .failed(
                error.code == .timeout ? "it does not answer in time" : "it cannot be reached", retryAfterSeconds: nil)
        }
    }
}
