/// Who may answer a request, and when: the life of one connection's requests, without any IO.
///
/// Every call is made under the connection's lock; the caller carries out what is returned.
struct AnswerMachine: Sendable {
    private enum State {
        /// Between requests. Leaves by `begin`.
        case idle
        /// The handler runs. Leaves by `finish`, `sleep`, `complete`, or `abandon`.
        case handling
        /// Completed before the handler returned. Leaves by `sleep`.
        case early(HTTPResponse)
        /// The connection sleeps. Leaves by `complete` or `abandon`.
        case asleep
        /// Woken with its answer. Leaves by `take`.
        case awake(HTTPResponse)
    }

    private var state = State.idle
    /// Tells an exchange of this request from one of an earlier request on the same connection.
    private var generation: UInt64 = 0

    /// A handler is about to run.
    /// - Returns: The generation that its exchange carries.
    mutating func begin() -> UInt64 {
        generation += 1
        state = .handling
        return generation
    }

    /// The handler answered at once, or the request is over for another reason.
    mutating func finish() { state = .idle }

    /// The handler returned `.suspended`.
    /// - Returns: The answer, where it came before; nil where the connection has to be put to sleep now.
    mutating func suspend() -> HTTPResponse? {
        if case .early(let response) = state {
            state = .idle
            return response
        }
        state = .asleep
        return nil
    }

    /// The holder of the exchange answers.
    /// - Returns: True where the connection has to be woken.
    mutating func complete(_ generation: UInt64, _ response: HTTPResponse) -> Bool {
        guard generation == self.generation else { return false }
        switch state {
        case .handling:
            state = .early(response)
            return false
        case .asleep:
            state = .awake(response)
            return true
        // The server gave up on the request before: the answer comes too late, and harms nobody.
        case .idle, .early, .awake: return false
        }
    }

    /// The server stops and answers in the holder's place.
    /// - Returns: True where the connection has to be woken.
    mutating func abandon(_ response: HTTPResponse) -> Bool {
        guard case .asleep = state else { return false }
        state = .awake(response)
        return true
    }

    /// The connection is awake again.
    mutating func take() -> HTTPResponse? {
        guard case .awake(let response) = state else { return nil }
        state = .idle
        return response
    }
}
