internal import Clocks

/// The outcome of one attempt to ask a holder.
package enum ForwardingReply: Sendable {
    /// The holder's answer, whatever it says.
    case answer(ForwardingAnswer)
    /// No answer: not connected, too late, or the connection broke.
    case unreachable(String)
    /// This process has too many questions in progress, or is stopping; another holder would not help.
    case busy
}

/// An answer of a holder.
package struct ForwardingAnswer: Sendable {
    package var status: Int
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]

    package init(status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    package func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    /// Whether the answer is about the holder and not about the question, so that another holder may answer.
    ///
    /// A 401 means that the token belongs to a process that has ended. A 503 without either header is an answer: the fold
    /// is not that far yet, and the next holder would only make the client wait once more.
    var isAboutHolder: Bool {
        switch status {
        case 401, 500, 502, 504: true
        case 503: header(ForwardingHeader.notHolder) != nil || header("Connection")?.lowercased() == "close"
        default: false
        }
    }
}

/// The order in which the holders of a partition are asked, without any IO.
///
/// States: new → asking, refused, by `start`; asking → asking the next, answered, refused, by `replied`.
struct ForwardingMachine: Sendable {
    enum Refusal: Sendable, Equatable {
        /// Nobody is known to hold the partition.
        case nobody
        /// All that were asked failed.
        case allFailed
        /// It is too late for another attempt.
        case tooLate
        /// This process has too many questions in progress.
        case busy
    }

    enum Action: Sendable {
        case ask(Holder)
        case answer(ForwardingAnswer)
        case refuse(Refusal)
    }

    /// Holders asked for one question: an owner, its predecessor, and two replicas.
    static let triesMaximum = 4
    /// No attempt begins later than this after the question came: with its own limit of 10 s no client waits longer
    /// than 22 s.
    static let lastTryMilliseconds = 12_000

    private var waiting: ArraySlice<Holder>
    private let lastTryAt: MonotonicTime
    /// Who is being asked.
    private(set) var asked: Holder?

    /// - Parameters:
    ///   - holders: Best first.
    ///   - suspects: Those that failed recently: asked last.
    init(holders: [Holder], suspects: Set<ForwardingToken> = [], now: MonotonicTime) {
        let isSuspect = { (holder: Holder) in suspects.contains(holder.token) }
        waiting = (holders.filter { !isSuspect($0) } + holders.filter(isSuspect)).prefix(Self.triesMaximum)
        lastTryAt = now.advanced(milliseconds: Self.lastTryMilliseconds)
    }

    mutating func start() -> Action {
        guard let first = waiting.popFirst() else { return .refuse(.nobody) }
        asked = first
        return .ask(first)
    }

    /// The holder that was asked last has answered, or failed to.
    mutating func replied(_ reply: ForwardingReply, now: MonotonicTime) -> Action {
        asked = nil
        switch reply {
        case .busy: return .refuse(.busy)
        case .answer(let answer) where !answer.isAboutHolder: return .answer(answer)
        case .answer, .unreachable:
            guard let next = waiting.popFirst() else { return .refuse(.allFailed) }
            guard now <= lastTryAt else { return .refuse(.tooLate) }
            asked = next
            return .ask(next)
        }
    }
}
