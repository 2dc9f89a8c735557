package import HTTPClient
internal import Locks

/// Reads streams of holders. A port, so that tests need no sockets (DESIGN 1.10); implementations: ``HTTPStreaming``,
/// ``InMemoryStreaming``.
package protocol StreamingClient: AnyObject, Sendable {
    /// Asks, and returns at once.
    /// - Parameter handler: Called in order, never twice at once.
    func open(_ question: ForwardingQuestion, _ handler: @escaping StreamingHandler) -> UInt64

    /// Offers a part again that was to come later.
    func resume(_ id: UInt64)

    /// Ends a stream; what is under way may still be told.
    func cancel(_ id: UInt64)

    /// Takes no more; ends all streams.
    func stop()
}

/// What a holder's stream does. The result counts for parts: whether it was taken, or is to come again later.
package typealias StreamingHandler = @Sendable (StreamingEvent) -> Bool

package enum StreamingEvent: Sendable {
    case head(status: Int, headers: [(name: String, value: String)])
    case part([UInt8])
    /// The reason is nil where the holder has ended it in good order.
    case end(String?)
}

/// Streams over HTTP, all on one thread.
package final class HTTPStreaming: StreamingClient {
    private let client: HTTPStreamClient

    /// - Parameter configuration: TLS.
    package init(configuration: HTTPClientConfiguration = HTTPClientConfiguration()) {
        var settings = configuration
        settings.connectTimeoutSeconds = 1
        settings.userAgent = "andon-relay"
        settings.acceptsCompressed = false
        client = HTTPStreamClient(settings)
    }

    package func open(_ question: ForwardingQuestion, _ handler: @escaping StreamingHandler) -> UInt64 {
        client.open(question.url + question.target, headers: question.headers) { event in
            let told: StreamingEvent =
                switch event {
                case .head(let status, let headers): .head(status: status, headers: headers)
                case .part(let bytes): .part(bytes)
                case .end(let error): .end(error?.message)
                }
            return handler(told) ? .taken : .later
        }
    }

    package func resume(_ id: UInt64) { client.resume(id) }
    package func cancel(_ id: UInt64) { client.cancel(id) }
    package func stop() { client.stop() }
}

/// The twin in memory: the test is the holder.
package final class InMemoryStreaming: StreamingClient {
    private struct State: Sendable {
        var asked: [ForwardingQuestion] = []
        var handlers: [StreamingHandler] = []
        var resumed: [UInt64] = []
        var cancelled: [UInt64] = []
    }

    private let state = Monitor(State())

    package init() {}

    package func open(_ question: ForwardingQuestion, _ handler: @escaping StreamingHandler) -> UInt64 {
        state.update { state in
            state.asked.append(question)
            state.handlers.append(handler)
            return UInt64(state.handlers.count - 1)
        }
    }

    package func resume(_ id: UInt64) { state.update { $0.resumed.append(id) } }
    package func cancel(_ id: UInt64) { state.update { $0.cancelled.append(id) } }
    package func stop() {}

    // MARK: For tests

    package var asked: [ForwardingQuestion] { state.withLock { $0.asked } }
    package var resumed: [UInt64] { state.withLock { $0.resumed } }
    package var cancelled: [UInt64] { state.withLock { $0.cancelled } }

    /// What the holder that was asked as `number`-th does.
    @discardableResult
    package func tell(_ number: Int, _ event: StreamingEvent) -> Bool {
        let handler = state.withLock { $0.handlers[number] }
        return handler(event)
    }
}
