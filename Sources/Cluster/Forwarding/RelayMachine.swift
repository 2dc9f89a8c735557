internal import Clocks

/// The life of one relayed stream, without any IO (SPEC 7.5).
///
/// A holder's stream that ends, or says nothing any more, is looked for at the next holder, for a while: its first event is
/// a snapshot again, so nothing is lost. Then the client's stream ends, and the client connects again. Meanwhile the client
/// knows that its figures stand still.
struct RelayMachine: Sendable {
    enum State: Sendable {
        /// A holder was asked and has not answered; if it does not in time the next one is asked. → open, waiting, ended
        case asking(ForwardingMachine, until: MonotonicTime)
        /// The holder's stream is passed on, as long as it says something. → waiting, ended
        case open(until: MonotonicTime)
        /// No holder has the stream. → asking, ended
        case waiting(until: MonotonicTime)
        /// No exit.
        case ended
    }

    enum Input: Sendable {
        /// The holders are known; at the start, and after ``Action/look``.
        case holders([Holder])
        /// The holder streams.
        case opened
        /// The holder has said something.
        case heard
        /// The holder has answered something else, or not at all.
        case replied(ForwardingReply)
        /// The holder's stream has ended.
        case lost
        case tick
        /// The client is gone, or may not read on.
        case close
    }

    enum Action: Sendable {
        case ask(Holder)
        /// Answer the client's request with the stream.
        case open
        /// Answer the client's request with this instead.
        case answer(ForwardingAnswer)
        case refuse(ForwardingMachine.Refusal)
        /// Give up the holder that was asked or streams.
        case cancel
        /// Tell the client that nobody answers at the moment.
        case away
        /// Look who holds the partition now.
        case look
        /// End the client's stream.
        case end
    }

    /// A holder that computes takes a moment; one that waits for its fold takes 5 s (SPEC 8.3).
    static let answerMilliseconds = 10_000
    static let retryMilliseconds = 1000
    /// A holder says something every 15 s.
    static let silenceMilliseconds = 25_000
    /// A partition that is handed over is open again within some seconds.
    static let searchMilliseconds = 30_000

    private(set) var state: State
    /// The client's request was answered.
    private var isOpen = false
    /// When the search for another holder ends; nil while there is none.
    private var searchEnds: MonotonicTime?

    init(at now: MonotonicTime) { state = .waiting(until: now) }

    mutating func step(_ now: MonotonicTime, _ input: Input) -> [Action] {
        switch (state, input) {
        case (.ended, _): return []
        case (_, .close):
            defer { state = .ended }
            if case .waiting = state { return [.end] }
            return [.cancel, .end]
        case (.waiting, .holders(let holders)):
            var asking = ForwardingMachine(holders: holders, now: now)
            let action = asking.start()
            return perform(action, asking, now)
        case (.asking(var asking, _), .replied(let reply)):
            let action = asking.replied(reply, now: now)
            return perform(action, asking, now)
        case (.asking(var asking, let until), .tick) where until <= now:
            let action = asking.replied(.unreachable("it does not answer"), now: now)
            return [.cancel] + perform(action, asking, now)
        case (.asking, .opened):
            listen(now)
            searchEnds = nil
            defer { isOpen = true }
            return isOpen ? [] : [.open]
        case (.open, .heard):
            listen(now)
            return []
        case (.open, .lost): return search(now)
        case (.open(let until), .tick) where until <= now: return [.cancel] + search(now)
        case (.waiting(let until), .tick) where until <= now: return [.look]
        case (.asking, _), (.open, _), (.waiting, _): return []
        }
    }

    private mutating func perform(
        _ action: ForwardingMachine.Action, _ asking: ForwardingMachine, _ now: MonotonicTime
    ) -> [Action] {
        switch action {
        case .ask(let holder):
            state = .asking(asking, until: now.advanced(milliseconds: Self.answerMilliseconds))
            return [.ask(holder)]
        case .answer(let answer):
            state = .ended
            return [isOpen ? .end : .answer(answer)]
        case .refuse(let refusal):
            if isOpen { return wait(now) }
            state = .ended
            return [.refuse(refusal)]
        }
    }

    private mutating func listen(_ now: MonotonicTime) {
        state = .open(until: now.advanced(milliseconds: Self.silenceMilliseconds))
    }

    private mutating func search(_ now: MonotonicTime) -> [Action] {
        searchEnds = now.advanced(milliseconds: Self.searchMilliseconds)
        return [.away] + wait(now)
    }

    private mutating func wait(_ now: MonotonicTime) -> [Action] {
        if let searchEnds, searchEnds <= now {
            state = .ended
            return [.end]
        }
        state = .waiting(until: now.advanced(milliseconds: Self.retryMilliseconds))
        return []
    }
}
