internal import Clocks

/// The life of one relayed stream, without any IO (SPEC 7.5).
///
/// A holder's stream that ends is looked for at the next holder, for a while: its first event is a snapshot again, so
/// nothing is lost. Then the client's stream ends, and the client connects again.
struct RelayMachine: Sendable {
    enum State: Sendable {
        /// A holder was asked and has not answered; if it does not in time the next one is asked. → open, waiting, ended
        case asking(ForwardingMachine, until: MonotonicTime)
        /// The holder's stream is passed on. → waiting, ended
        case open
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
        /// Look who holds the partition now.
        case look
        /// End the client's stream.
        case end
    }

    /// A holder that computes takes a moment; one that waits for its fold takes 5 s (SPEC 8.3).
    static let answerMilliseconds = 10_000
    static let retryMilliseconds = 1000
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
            state = .open
            searchEnds = nil
            defer { isOpen = true }
            return isOpen ? [] : [.open]
        case (.open, .lost):
            searchEnds = now.advanced(milliseconds: Self.searchMilliseconds)
            return wait(now)
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

    private mutating func wait(_ now: MonotonicTime) -> [Action] {
        if let searchEnds, searchEnds <= now {
            state = .ended
            return [.end]
        }
        state = .waiting(until: now.advanced(milliseconds: Self.retryMilliseconds))
        return []
    }
}
