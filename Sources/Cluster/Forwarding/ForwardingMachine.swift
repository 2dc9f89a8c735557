/// What became of one try to ask a holder.
package enum ForwardingReply: Sendable {
    /// The holder's answer, whatever it says.
    case answer(ForwardingAnswer)
    /// No answer: not connected, too late, broken off.
    case unreachable(String)
    /// This process has too many questions under way, or stops; another holder would not help.
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

    /// Whether the holder speaks about itself and not about the question, so that another one may answer.
    ///
    /// A 401 means that the token is of a process that is no more. A 503 without either mark is an answer: the fold has
    /// not come so far, and the next holder would let the client wait once more.
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
        /// The time for further tries is over.
        case tooLate
        /// This process has too many questions under way.
        case busy
    }

    enum Action: Sendable {
        case ask(Holder)
        case answer(ForwardingAnswer)
        case refuse(Refusal)
    }

    /// Holders asked for one question: an owner, its predecessor, and two replicas.
    static let triesMaximum = 4
    /// A try begins no later than this after the question came: with its own limit of 10 s no client waits longer than
    /// 22 s.
    static let lastTryMilliseconds: Int64 = 12_000

    private var waiting: ArraySlice<Holder>
    private let lastTryAt: Int64
    /// Who is being asked.
    private(set) var asked: Holder?

    /// - Parameters:
    ///   - holders: Best first.
    ///   - suspects: Those that failed lately: asked last.
    ///   - now: Milliseconds of a monotonic clock.
    init(holders: [Holder], suspects: Set<ForwardingToken> = [], now: Int64) {
        let isSuspect = { (holder: Holder) in suspects.contains(holder.token) }
        waiting = (holders.filter { !isSuspect($0) } + holders.filter(isSuspect)).prefix(Self.triesMaximum)
        lastTryAt = now + Self.lastTryMilliseconds
    }

    mutating func start() -> Action {
        guard let first = waiting.popFirst() else { return .refuse(.nobody) }
        asked = first
        return .ask(first)
    }

    /// The holder that was asked last has answered, or not.
    mutating func replied(_ reply: ForwardingReply, now: Int64) -> Action {
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
