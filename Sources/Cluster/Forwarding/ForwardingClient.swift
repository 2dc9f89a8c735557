internal import Locks

/// A question on its way to a holder.
package struct ForwardingQuestion: Sendable {
    /// Where the holder answers, without a slash at its end.
    package var url: String
    /// Path and query as the client sent them, byte for byte.
    package var target: String
    package var headers: [(name: String, value: String)]

    package init(url: String, target: String, headers: [(name: String, value: String)] = []) {
        self.url = url
        self.target = target
        self.headers = headers
    }
}

/// Asks holders. A port, so that tests need no sockets (DESIGN 1.10); implementations: ``InMemoryForwarding``,
/// ``HTTPForwarding``.
package protocol ForwardingClient: AnyObject, Sendable {
    /// Asks, and returns at once.
    /// - Parameter done: Called once, from any thread, perhaps before this returns.
    func ask(_ question: ForwardingQuestion, _ done: @escaping @Sendable (ForwardingReply) -> Void)

    /// Takes no more questions; those under way are ended or answered when it returns.
    func stop()
}

/// The forwarding client's twin in memory: holders are functions, and those that are not there cannot be reached.
package final class InMemoryForwarding: ForwardingClient {
    package typealias HolderFunction = @Sendable (ForwardingQuestion) -> ForwardingReply

    private struct State {
        var holders: [String: HolderFunction] = [:]
        var asked: [ForwardingQuestion] = []
        var isStopped = false
    }

    private let state = Guarded(State())

    package init() {}

    /// Puts a holder under a URL; nil takes it away, as a kill does.
    package func set(_ url: String, _ holder: HolderFunction?) { state.withLock { $0.holders[url] = holder } }

    /// All that was asked, in order.
    package var asked: [ForwardingQuestion] { state.withLock { $0.asked } }

    package func ask(_ question: ForwardingQuestion, _ done: @escaping @Sendable (ForwardingReply) -> Void) {
        let (holder, isStopped) = state.withLock { state in
            state.asked.append(question)
            return (state.holders[question.url], state.isStopped)
        }
        done(isStopped ? .busy : holder?(question) ?? .unreachable("nobody listens at \(question.url)"))
    }

    package func stop() { state.withLock { $0.isStopped = true } }
}
