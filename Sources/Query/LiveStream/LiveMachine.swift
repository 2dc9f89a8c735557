internal import Clocks
internal import EventModel

/// Decides when the readers of live streams are told what, without any IO (DESIGN 8).
///
/// Readers are told at multiples of their interval, so those with the same interval share frames. When that is due, the
/// shell asks the question behind them once, unless the fold has no new record of the site: then only every
/// ``clockMilliseconds``, because figures move with the clock, too. Of every topic a reader has a version
/// (``LiveContent``); one that takes no frame keeps its version, and is told the newest state when it reads again.
struct LiveMachine: Sendable {
    typealias ReaderID = UInt64

    enum Input: Sendable {
        case joined(ReaderID, LiveQuestion, [LiveTopic], intervalMilliseconds: Int)
        case left(ReaderID)
        /// Time has passed.
        case tick
        /// The topics that were asked again, and where they stand now; `microseconds`: what it cost.
        case answered(LiveQuestion, [LiveTopic: Standing], microseconds: Int64)
        /// There is no answer. `isFinal`: nor will there be one.
        case failed(LiveQuestion, isFinal: Bool)
        /// A reader has no room for a frame that was to be sent to it, or there was no such frame.
        case notTaken(ReaderID, LiveTopic, base: Int)
    }

    /// How far a topic is known.
    struct Standing: Equatable, Sendable {
        /// The offset after the site's last record.
        var offset: LogOffset
        /// See ``LiveContent``.
        var version: Int
        var firstVersion: Int
    }

    /// A topic that is due.
    struct Ask: Equatable, Sendable {
        var topic: LiveTopic
        /// Known up to this offset; nil: not at all.
        var knownTo: LogOffset?
        /// Ask although the site has no new record.
        var isForced: Bool
        /// Some reader has to get the whole answer.
        var needsWhole: Bool
    }

    enum Action: Equatable, Sendable {
        /// Look whether these may read on.
        case look([ReaderID])
        case comment([ReaderID])
        /// Answer with ``Input/answered(_:_:microseconds:)`` or ``Input/failed(_:isFinal:)``.
        case ask(LiveQuestion, [Ask])
        /// Answer the requests of these: their streams begin.
        case open([ReaderID])
        /// Answer the requests of these with the failure.
        case refuse([ReaderID])
        /// End the streams of these.
        case end([ReaderID])
        /// Send what readers of version `base` lack.
        case send(LiveQuestion, LiveTopic, base: Int, [ReaderID])
        /// Nobody asks this any more.
        case forget(LiveQuestion)
    }

    private struct Reader: Sendable {
        let question: LiveQuestion
        let topics: [LiveTopic]
        let intervalMilliseconds: Int
        var isOpen = false
        var bases: [LiveTopic: Int] = [:]
        var dueAt: MonotonicTime
        var commentAt: MonotonicTime
        var lookAt: MonotonicTime

        var nextAt: MonotonicTime { min(dueAt, min(commentAt, lookAt)) }
    }

    private struct Feed: Sendable {
        var readerCount = 0
        var standings: [LiveTopic: Standing] = [:]
        var askedAt: [LiveTopic: MonotonicTime] = [:]
        /// A question that takes long is asked less often.
        var notBefore: MonotonicTime?
        /// Those that are due.
        var ready: [ReaderID] = []
    }

    /// Without new records answers are asked again after this time.
    static let clockMilliseconds = 10_000
    /// A new reader gets an answer of at most this age, if the fold has nothing newer.
    static let ageMilliseconds = 1000
    static let commentMilliseconds = 15_000
    /// Together with half a second until a revocation is known, well below the 5 s of SPEC 7.5.
    static let lookMilliseconds = 2000
    /// A question takes at most a fifth of the thread's time.
    static let restsPerAnswer: Int64 = 4

    private var readers: [ReaderID: Reader] = [:]
    private var feeds: [LiveQuestion: Feed] = [:]
    /// When the next ``Input/tick`` is due.
    private(set) var nextAt = MonotonicTime.distantFuture

    var readerCount: Int { readers.count }

    mutating func step(_ now: MonotonicTime, _ input: Input) -> [Action] {
        switch input {
        case .joined(let id, let question, let topics, let interval):
            readers[id] = Reader(
                question: question, topics: topics, intervalMilliseconds: interval, dueAt: now,
                commentAt: now.advanced(milliseconds: Self.commentMilliseconds),
                lookAt: now.advanced(milliseconds: Self.lookMilliseconds))
            feeds[question, default: Feed()].readerCount += 1
            nextAt = min(nextAt, now)
            return []
        case .left(let id): return remove(id).map { [.forget($0)] } ?? []
        case .tick: return tick(now)
        case .answered(let question, let standings, let microseconds):
            return answered(question, standings, microseconds, now)
        case .failed(let question, let isFinal): return failed(question, isFinal: isFinal)
        case .notTaken(let id, let topic, let base):
            readers[id]?.bases[topic] = base
            return []
        }
    }

    /// - Returns: The question, if nobody asks it any more.
    private mutating func remove(_ id: ReaderID) -> LiveQuestion? {
        guard let question = readers.removeValue(forKey: id)?.question else { return nil }
        feeds[question]?.readerCount -= 1
        feeds[question]?.ready.removeAll { $0 == id }
        guard feeds[question]?.readerCount == 0 else { return nil }
        feeds[question] = nil
        return question
    }

    // MARK: Time

    private mutating func tick(_ now: MonotonicTime) -> [Action] {
        let due = readers.filter { $0.value.nextAt <= now }.keys.sorted()
        var (looks, comments): ([ReaderID], [ReaderID]) = ([], [])
        var questions: [LiveQuestion] = []
        for id in due {
            guard var reader = readers[id] else { continue }
            if reader.lookAt <= now {
                looks.append(id)
                reader.lookAt = now.advanced(milliseconds: Self.lookMilliseconds)
            }
            if reader.commentAt <= now {
                if reader.isOpen { comments.append(id) }
                reader.commentAt = now.advanced(milliseconds: Self.commentMilliseconds)
            }
            if reader.dueAt <= now {
                reader.dueAt = Self.multiple(of: reader.intervalMilliseconds, after: now)
                if feeds[reader.question]?.ready.isEmpty ?? false { questions.append(reader.question) }
                feeds[reader.question]?.ready.append(id)
            }
            readers[id] = reader
        }
        nextAt = readers.values.lazy.map(\.nextAt).min() ?? .distantFuture
        var actions: [Action] = []
        if !looks.isEmpty { actions.append(.look(looks)) }
        if !comments.isEmpty { actions.append(.comment(comments)) }
        return questions.reduce(into: actions) { $0 += ask($1, now) }
    }

    private static func multiple(of milliseconds: Int, after now: MonotonicTime) -> MonotonicTime {
        let interval = Int64(milliseconds) * 1000
        return MonotonicTime(microseconds: (now.microseconds / interval + 1) * interval)
    }

    private mutating func ask(_ question: LiveQuestion, _ now: MonotonicTime) -> [Action] {
        guard let feed = feeds[question] else { return [] }
        let ready = feed.ready.compactMap { readers[$0] }
        let hasNew = ready.contains { !$0.isOpen }
        if let notBefore = feed.notBefore, now < notBefore, !hasNew {
            feeds[question]?.ready = []
            return []
        }
        let asked = LiveTopic.allCases.filter { topic in ready.contains { $0.topics.contains(topic) } }
        return [
            .ask(
                question,
                asked.map { topic in
                    let standing = feed.standings[topic]
                    let age = feed.askedAt[topic].map { now - $0 } ?? .max
                    let bases = ready.filter { $0.topics.contains(topic) }.map { $0.bases[topic] ?? 0 }
                    let ageMaximum = bases.contains(0) ? Self.ageMilliseconds : Self.clockMilliseconds
                    return Ask(
                        topic: topic, knownTo: standing?.offset, isForced: age >= Int64(ageMaximum) * 1000,
                        needsWhole: bases.contains { $0 < standing?.firstVersion ?? 1 })
                })
        ]
    }

    // MARK: Answers

    private mutating func answered(
        _ question: LiveQuestion, _ standings: [LiveTopic: Standing], _ microseconds: Int64, _ now: MonotonicTime
    ) -> [Action] {
        guard var feed = feeds[question] else { return [] }
        for (topic, standing) in standings {
            feed.standings[topic] = standing
            feed.askedAt[topic] = now
        }
        if !standings.isEmpty {
            feed.notBefore = MonotonicTime(microseconds: now.microseconds + microseconds * Self.restsPerAnswer)
        }
        let ready = feed.ready
        feed.ready = []
        feeds[question] = feed
        let new = ready.filter { readers[$0]?.isOpen == false }
        for id in new { readers[id]?.isOpen = true }
        let opened = new.isEmpty ? [] : [Action.open(new)]
        return LiveTopic.allCases.reduce(into: opened) { $0 += send(question, $1, feed.standings[$1], to: ready) }
    }

    private mutating func send(
        _ question: LiveQuestion, _ topic: LiveTopic, _ standing: Standing?, to ready: [ReaderID]
    ) -> [Action] {
        guard let standing else { return [] }
        var behind: [Int: [ReaderID]] = [:]
        for id in ready where readers[id]?.topics.contains(topic) == true {
            let base = readers[id]?.bases[topic] ?? 0
            guard base < standing.version else { continue }
            behind[base, default: []].append(id)
            readers[id]?.bases[topic] = standing.version
        }
        return behind.sorted { $0.key < $1.key }.map { .send(question, topic, base: $0.key, $0.value) }
    }

    private mutating func failed(_ question: LiveQuestion, isFinal: Bool) -> [Action] {
        let ready = feeds[question]?.ready ?? []
        feeds[question]?.ready = []
        let new = ready.filter { readers[$0]?.isOpen == false }
        let old = readers.filter { $0.value.isOpen && $0.value.question == question }.keys.sorted()
        let gone = isFinal ? new + old : new
        var actions: [Action] = new.isEmpty ? [] : [.refuse(new)]
        if isFinal, !old.isEmpty { actions.append(.end(old)) }
        return actions + gone.compactMap { remove($0) }.map { .forget($0) }
    }
}
