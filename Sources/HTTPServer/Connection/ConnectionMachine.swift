/// The life of one connection and of the requests on it, one after the other, without any IO.
///
/// Methods are what happens: the library has brought something, the handler has returned, an exchange was completed, time
/// is up, the client is gone. They return what is to be done. Every call is made under the connection's lock. What is
/// returned is carried out after the lock was released, but for putting the connection to sleep and waking it: that
/// happens under the lock, so that nobody sees a state that the library is not in yet.
///
/// `ended` leads from every state but `late` and `cut` to `waiting`: the library may lose a connection at any time.
struct ConnectionMachine: Sendable {
    enum State: Sendable {
        /// Between requests, or before the first. → head, cut
        case waiting(until: CoarseTime)
        /// The request line is there, the rest of the head is on its way or being judged.
        /// → body, refused, lingering, answering, late
        case head(until: CoarseTime)
        /// The head was accepted, the body is on its way. → handling, lingering, answering, late
        case body(until: CoarseTime)
        /// The answer is known, but the library takes it only at the body's end, which is near.
        /// → answering, lingering, late
        case refused(HTTPResponse, leftBytes: Int, until: CoarseTime)
        /// The answer was sent past the library. What still arrives is discarded for a while, so that the client reads the
        /// answer instead of failing to write. → cut
        case lingering(leftBytes: Int, until: CoarseTime)
        /// The client was told that its request came too late, or not before the server's end. What still arrives is
        /// discarded, because closing at once could lose the answer. → cut
        case late(HTTPResponse, until: CoarseTime)
        /// A handler runs. → early, settled, answering
        case handling
        /// Completed before the connection was put to sleep. → answering
        case early(HTTPResponse)
        /// The handler waits for its exchange to be completed; the library is about to call once more. Only then it stops
        /// reading, so that it does not find the end of what a client sends before it has sent the answer.
        /// → early, asleep
        case settled
        /// Suspended until somebody completes the exchange. → awake
        case asleep
        /// Woken with its answer. → answering
        case awake(HTTPResponse)
        /// The library sends the answer. → streaming
        case answering
        /// The library sends what the stream holds, and sleeps in between (``StreamMachine``). → cut
        case streaming(ResponseStream)
        /// To be closed without an answer. No exit.
        case cut(told: HTTPResponse?)
    }

    /// What the thread of a connection does next.
    enum Step {
        /// Nothing: the library goes on.
        case goOn
        /// Gives the answer to the library.
        case answer(HTTPResponse)
        /// Sends the answer past the library, which takes none in the middle of a body.
        case answerAtOnce(HTTPResponse)
        /// Puts the connection to sleep, still under the lock.
        case sleep
        /// Has the library close the connection at once.
        case close
    }

    /// What the library has brought.
    enum Arrival {
        /// The whole head: ``acceptHead()`` or ``refuse(_:before:)`` follows.
        case head
        /// A part of the body.
        case bodyPart
        /// The end of an accepted body: ``beginHandling()`` or ``refuse(_:before:)`` follows.
        case bodyEnd
        /// Something that needs no action.
        case step(Step)
    }

    /// What is still to arrive of a refused request.
    enum Remainder {
        /// Nothing, or nothing that has to be waited for.
        case nothing
        /// A body short enough to be read to its end; the connection can be used again.
        case shortBody
        /// A body that is too long or too odd for that.
        case longBody
    }

    /// The outcome of completing an exchange.
    enum Completion: Equatable {
        /// Wake the connection, still under the lock.
        case wake
        /// The connection is not asleep yet; the answer is kept until its thread asks for it.
        case kept
        /// The request is over: nobody needs the answer any more.
        case tooLate
    }

    /// What to do about a connection whose time is up.
    enum Expiry {
        /// Say why, past the library.
        case tell(HTTPResponse)
        /// Close without an answer.
        case shutDown
    }

    /// A refused body of up to this many bytes is read to its end, and the connection can be used again.
    static let refusedBytesMaximum = 64 * 1024
    /// Bytes discarded after a refusal that was sent in the middle of a body.
    static let lingeringBytesMaximum = 32 * 1024 * 1024
    /// How long a client has to read the 408.
    static let farewellMilliseconds: UInt64 = 1000
    static let tooLate = HTTPResponse.problem(408, "the request did not arrive in time")

    private(set) var state: State
    private var isFirstRequest = true
    /// Tells an exchange of this request from one of an earlier request on the same connection.
    private var generation: UInt64 = 0

    /// - Parameter deadline: By when the first request's head and body must be there.
    init(until deadline: CoarseTime) { state = .waiting(until: deadline) }

    // MARK: What the library brings, on the connection's thread

    /// A request line has arrived. A first request shares its deadline with the connection, so that an idle start buys no
    /// time.
    mutating func requestLine(until deadline: CoarseTime) {
        switch state {
        case .late, .cut: return
        case .waiting(let first) where isFirstRequest: state = .head(until: first)
        default: state = .head(until: deadline)
        }
        isFirstRequest = false
    }

    /// The library calls: the head is there, a part of the body, or, with no bytes, the body's end, or the connection is
    /// awake again.
    mutating func arrived(bytes: Int) -> Arrival {
        switch state {
        case .head: return .head
        case .body: return bytes == 0 ? .bodyEnd : .bodyPart
        case .refused(let response, let left, let deadline):
            if bytes == 0 { return .step(answer(response)) }
            guard bytes <= left else { return .step(answerAtOnce(response, until: deadline)) }
            state = .refused(response, leftBytes: left - bytes, until: deadline)
            return .step(.goOn)
        case .lingering(let left, let deadline):
            state = .lingering(leftBytes: left - bytes, until: deadline)
            return .step(bytes > 0 && left > bytes ? .goOn : .close)
        case .late: return .step(bytes > 0 ? .goOn : .close)
        case .awake(let response), .early(let response): return .step(answer(response))
        case .settled:
            state = .asleep
            return .step(.sleep)
        case .handling, .asleep, .answering, .streaming: return .step(.goOn)
        case .waiting, .cut: return .step(.close)
        }
    }

    /// The head is in order: its body may come.
    mutating func acceptHead() -> Step {
        if case .head(let deadline) = state { state = .body(until: deadline) }
        return .goOn
    }

    /// The request is answered without a handler.
    mutating func refuse(_ response: HTTPResponse, before remainder: Remainder) -> Step {
        switch (state, remainder) {
        case (.head, .nothing), (.body, .nothing): return answer(response)
        case (.head(let deadline), .longBody), (.body(let deadline), .longBody):
            return answerAtOnce(response, until: deadline)
        case (.head(let deadline), .shortBody), (.body(let deadline), .shortBody):
            state = .refused(response, leftBytes: Self.refusedBytesMaximum, until: deadline)
            return .goOn
        // Late meanwhile, and answered with 408.
        default: return remainder == .nothing ? .close : .goOn
        }
    }

    // MARK: Handler

    /// The whole request is there, and a handler is about to run.
    /// - Returns: The generation that its exchange carries; nil where the connection has to be closed.
    mutating func beginHandling() -> UInt64? {
        guard case .body = state else { return nil }
        generation += 1
        state = .handling
        return generation
    }

    /// The handler returned an answer.
    mutating func respond(_ response: HTTPResponse) -> Step {
        guard case .handling = state else { return .close }
        return answer(response)
    }

    /// The handler returned `.suspended`.
    mutating func suspend() -> Step {
        if case .early(let response) = state { return answer(response) }
        state = .settled
        return .goOn
    }

    /// The holder of an exchange answers, from any thread.
    mutating func complete(_ generation: UInt64, _ response: HTTPResponse) -> Completion {
        guard generation == self.generation else { return .tooLate }
        switch state {
        case .handling, .settled:
            state = .early(response)
            return .kept
        case .asleep:
            state = .awake(response)
            return .wake
        default: return .tooLate
        }
    }

    /// The server stops and answers in the holder's place.
    /// - Returns: Whether to wake the connection, still under the lock.
    mutating func abandon(_ response: HTTPResponse) -> Bool {
        switch state {
        case .settled: state = .early(response)
        case .asleep:
            state = .awake(response)
            return true
        default: break
        }
        return false
    }

    /// The server stops, and does not wait for a request that is still on its way.
    /// - Returns: What to do about it; nil where nothing is on its way.
    mutating func endArrival(_ response: HTTPResponse, at now: CoarseTime) -> Expiry? {
        switch state {
        case .head, .body, .refused:
            state = .late(response, until: now + Self.farewellMilliseconds)
            return .tell(response)
        default: return nil
        }
    }

    // MARK: Answer

    /// The library has taken an answer whose body is a stream.
    mutating func startStreaming(_ stream: ResponseStream) {
        if case .answering = state { state = .streaming(stream) }
    }

    /// The answer is sent, or the connection was lost.
    /// - Parameter deadline: Until when the next request must be there.
    /// - Returns: The stream of an answer that was on its way, for whoever writes it to be told.
    mutating func ended(nextUntil deadline: CoarseTime) -> ResponseStream? {
        defer {
            switch state {
            case .late, .cut: break
            default: state = .waiting(until: deadline)
            }
        }
        switch state {
        case .streaming(let stream): return stream
        case .early(let response), .awake(let response): return response.stream
        default: return nil
        }
    }

    // MARK: Time and loss, on the watchman's thread

    /// Checks whether the client has missed its deadline. Handlers, sleep and answers have no deadline; a stream has a limit
    /// of its own.
    /// - Returns: nil where the connection may go on.
    mutating func expire(at now: CoarseTime) -> Expiry? {
        switch state {
        case .head(let deadline) where deadline <= now, .body(let deadline) where deadline <= now,
            .refused(_, _, let deadline) where deadline <= now:
            state = .late(Self.tooLate, until: now + Self.farewellMilliseconds)
            return .tell(Self.tooLate)
        case .waiting(let deadline) where deadline <= now, .lingering(_, let deadline) where deadline <= now:
            state = .cut(told: nil)
            return .shutDown
        case .late(let response, let deadline) where deadline <= now:
            state = .cut(told: response)
            return .shutDown
        default: return nil
        }
    }

    /// The client reads nothing more of its stream, or is gone.
    mutating func cutStream() {
        if case .streaming = state { state = .cut(told: nil) }
    }

    // MARK: Helpers

    private mutating func answer(_ response: HTTPResponse) -> Step {
        state = .answering
        return .answer(response)
    }

    private mutating func answerAtOnce(_ response: HTTPResponse, until deadline: CoarseTime) -> Step {
        state = .lingering(leftBytes: Self.lingeringBytesMaximum, until: deadline)
        return .answerAtOnce(response)
    }
}
