// Layer: oracle. Winners, intervals and the ledger (SPEC 2.6, 3, 4, 7.4), from the whole set at once.
public import EventModel

/// A stretch of time in which one state event holds (SPEC 4.3).
public struct OracleInterval: Equatable, Sendable {
    public var worker: WorkerID
    public var state: EventType
    public var workstation: WorkstationID
    public var start: Int64
    /// Half-open; already cut by the next state event, the ttl and the dropping of the worker.
    public var end: Int64
    /// No later state event ends it (SPEC 4.4).
    public var isOpen: Bool
    public var opener: LoggedEvent
}

/// Counts of SPEC 7.4.
public struct OracleLedger: Equatable, Sendable {
    public var received = 0
    public var folded = 0
    public var duplicates = 0
    public var lowConfidence = 0
    public var quarantined = 0
    public var definitions = 0

    public init(
        received: Int = 0, folded: Int = 0, duplicates: Int = 0, lowConfidence: Int = 0, quarantined: Int = 0,
        definitions: Int = 0
    ) {
        self.received = received
        self.folded = folded
        self.duplicates = duplicates
        self.lowConfidence = lowConfidence
        self.quarantined = quarantined
        self.definitions = definitions
    }
}

/// A winner without what the digest leaves out: created_at and position (SPEC 7.1).
public struct OracleWinner: Equatable, Sendable {
    public var time: Int64
    public var worker: WorkerID
    public var type: EventType
    public var eventClass: EventClass
    public var mark: Mark
    public var workstation: WorkstationID
    public var camera: CameraID?
    public var modelVersion: ModelVersion?
    public var confidence: UInt32
    public var count: UInt32
}

/// An interval as the digest sees it: an open one has no end (SPEC 7.1).
public struct OracleStretch: Equatable, Sendable {
    public var worker: WorkerID
    public var state: EventType
    public var workstation: WorkstationID
    public var start: Int64
    public var end: Int64?
}

/// One site as a set of visible events and definitions says it is.
public struct OracleView: Sendable {
    /// The newest visible definition (SPEC 3); nil where none is visible.
    public let definition: SiteDefinition?
    /// Winners of all classes by (event_time, worker, type, class).
    public let winners: [LoggedEvent]
    /// Intervals of each worker, by start.
    public let intervals: [WorkerID: [OracleInterval]]
    public let ledger: OracleLedger
    private let timeToLive: Int64

    /// - Parameters:
    ///   - events: the visible events of one site, in any order.
    ///   - definitions: its visible definitions, in log order.
    init(events: [LoggedEvent], definitions: [LoggedDefinition]) {
        definition = definitions.last?.definition
        let winners = Self.winners(of: events)
        self.winners = winners
        let timeToLive = (definition ?? SiteDefinition(siteID: "")).observationTTL
        self.timeToLive = timeToLive
        intervals = Self.states(of: winners).mapValues { events in
            Self.intervals(
                of: events, timeToLive: timeToLive,
                end: Self.dropped(events[0].worker, in: definitions) ?? .max)
        }
        func count(_ eventClass: EventClass) -> Int { winners.count { $0.mark.eventClass == eventClass } }
        ledger = OracleLedger(
            received: events.count, folded: count(.accepted), duplicates: events.count - winners.count,
            lowConfidence: count(.lowConfidence), quarantined: count(.quarantined), definitions: definitions.count)
    }

    private struct Key: Hashable {
        var time: Int64
        var worker: WorkerID
        var type: EventType
        var eventClass: EventClass
    }

    /// SPEC 2.6: of several events with one key in one class the smallest (created_at, position).
    private static func winners(of events: [LoggedEvent]) -> [LoggedEvent] {
        var best: [Key: LoggedEvent] = [:]
        for event in events {
            let key = Key(
                time: event.time, worker: event.worker, type: event.type, eventClass: event.mark.eventClass)
            if let holder = best[key], holder.precedes(event) { continue }
            best[key] = event
        }
        return best.values.sorted { left, right in
            if left.time != right.time { return left.time < right.time }
            if left.worker != right.worker { return left.worker < right.worker }
            if left.type != right.type { return left.type.rawValue < right.type.rawValue }
            return left.mark.eventClass.rawValue < right.mark.eventClass.rawValue
        }
    }

    private static func states(of winners: [LoggedEvent]) -> [WorkerID: [LoggedEvent]] {
        Dictionary(grouping: winners.filter { $0.mark == .accepted && $0.type != .productCount }, by: \.worker)
    }

    /// SPEC 4.2–4.4 for one worker's state winners.
    private static func intervals(of events: [LoggedEvent], timeToLive: Int64, end: Int64) -> [OracleInterval] {
        let ordered = events.sorted { ($0.time, $0.type.rawValue) < ($1.time, $1.type.rawValue) }
        var result: [OracleInterval] = []
        for (place, event) in ordered.enumerated() {
            let next: Int64? = place + 1 < ordered.count ? ordered[place + 1].time : nil
            let until = min(next ?? .max, event.time + timeToLive, end)
            guard until > event.time else { continue }
            result.append(
                OracleInterval(
                    worker: event.worker, state: event.type, workstation: event.workstation, start: event.time,
                    end: until, isOpen: next == nil, opener: event))
        }
        return result
    }

    /// When a dropped worker's intervals end (SPEC 3): the created_at of the first definition after the last that
    /// named him. nil for one who is named still, or never was.
    private static func dropped(_ worker: WorkerID, in definitions: [LoggedDefinition]) -> Int64? {
        let naming = definitions.lastIndex { $0.definition.workers.contains { $0.workerID == worker } }
        guard let naming, naming + 1 < definitions.count else { return nil }
        return definitions[naming + 1].createdAt
    }

    /// All winners without created_at and position: equal lists must have equal digests, and different ones different.
    public var canonicalWinners: [OracleWinner] {
        winners.map {
            OracleWinner(
                time: $0.time, worker: $0.worker, type: $0.type, eventClass: $0.mark.eventClass, mark: $0.mark,
                workstation: $0.workstation, camera: $0.camera, modelVersion: $0.modelVersion,
                confidence: $0.confidence, count: $0.count)
        }
    }

    /// All intervals by worker and start, as the digest sees them: where a dropped worker's end is a created_at, which
    /// the digest leaves out.
    public var canonicalIntervals: [OracleStretch] {
        let states = Self.states(of: winners)
        return states.keys.sorted().flatMap { worker in
            Self.intervals(of: states[worker] ?? [], timeToLive: timeToLive, end: .max)
        }.map {
            OracleStretch(
                worker: $0.worker, state: $0.state, workstation: $0.workstation, start: $0.start,
                end: $0.isOpen ? nil : $0.end)
        }
    }

    /// Workers that at least one accepted winner names, by id bytes.
    public var workersSeen: [WorkerID] {
        Set(winners.filter { $0.mark == .accepted }.map(\.worker)).sorted()
    }
}
