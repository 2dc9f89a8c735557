public import EventModel

/// A small log, generated from a seed, full of what is rare in a real one: for property tests.
///
/// Ties at one instant, the same key with other content, late and out-of-order events, gaps longer than the ttl, all
/// classes of SPEC 2.6, created_at that does not rise with the position, definitions that change ttl, zone and people.
/// `description` is the whole scenario in compact lines, so that a failing one can be read and reduced.
public struct RandomScenario: Sendable {
    public let seed: UInt64
    public static let siteID: SiteID = "plant"
    public var records: [Record]

    /// One log record; its offset is its index in ``records``.
    public enum Record: Sendable, Equatable {
        case events([SimulatedEvent], createdAt: Int64)
        case definition(SiteDefinition, createdAt: Int64)

        public var createdAt: Int64 {
            switch self {
            case .events(_, let createdAt), .definition(_, let createdAt): createdAt
            }
        }

        public var content: RecordContent {
            switch self {
            case .events(let events, let createdAt):
                .events(EventBatch(events, siteID: RandomScenario.siteID, createdAt: createdAt))
            case .definition(let definition, let createdAt):
                .definition(
                    DefinitionRecord(definition: definition, createdAt: Timestamp(microseconds: createdAt)))
            }
        }
    }

    /// How large a scenario is.
    public struct Size: Sendable {
        public var events: Int
        public var workers: Int
        public var stations: Int
        public var eventsPerRecord: Int
        /// Percentage of records that are definitions.
        public var definitionsPercent: Double

        public init(
            events: Int, workers: Int = 3, stations: Int = 3, eventsPerRecord: Int = 6,
            definitionsPercent: Double = 12
        ) {
            self.events = events
            self.workers = workers
            self.stations = stations
            self.eventsPerRecord = eventsPerRecord
            self.definitionsPercent = definitionsPercent
        }
    }

    /// - Parameter size: upper bounds; the seed picks values up to them.
    public init(seed: UInt64, size: Size) {
        self.seed = seed
        var maker = ScenarioMaker(seed: seed, size: size)
        records = maker.records()
    }

    /// Instants at which answers can change: event times, created_at, and those next to them.
    public var instants: [Int64] {
        var result = Set<Int64>()
        for record in records {
            result.formUnion([record.createdAt - 1, record.createdAt, record.createdAt + 1])
            if case .events(let events, _) = record {
                for event in events { result.formUnion([event.time, event.time + 1]) }
            }
        }
        return result.sorted()
    }

    /// The distinct created_at of the records, in order.
    public var knownAts: [Int64] { Set(records.map(\.createdAt)).sorted() }

    /// Seconds east of UTC of the zones that scenarios use, without summer time: their offset modulo one hour is all
    /// that matters to the fold (DESIGN 1.7).
    private static func offsetSeconds(of timeZone: String) -> Int64 {
        switch timeZone {
        case "Asia/Kolkata": 19_800
        case "Asia/Kathmandu": 20_700
        case "America/St_Johns": -12_600
        default: 0
        }
    }

    /// Where the hours of a definition's zone begin: its offset modulo one hour, in microseconds.
    public static func hourOffset(of record: DefinitionRecord) -> Int64 {
        (offsetSeconds(of: record.definition.timeZone) % 3600 + 3600) % 3600 * Microseconds.second
    }
}

extension RandomScenario: CustomStringConvertible {
    public var description: String {
        var lines = ["seed \(seed), \(records.count) records"]
        for (offset, record) in records.enumerated() {
            switch record {
            case .definition(let definition, let createdAt):
                let workers = definition.workers.map(\.workerID.text).joined(separator: ",")
                let rules = "ttl \(definition.observationTTLSeconds) \(definition.timeZone)"
                lines.append("\(offset) @\(createdAt) \(rules) [\(workers)]")
            case .events(let events, let createdAt):
                lines.append("\(offset) @\(createdAt)")
                for event in events { lines.append("   \(event)") }
            }
        }
        return lines.joined(separator: "\n")
    }
}

extension SimulatedEvent: CustomStringConvertible {
    public var description: String {
        let more = (camera.map { " \($0)" } ?? "") + (modelVersion.map { " \($0)" } ?? "")
        return "\(time) \(worker) \(type.name) \(workstation) x\(count) \(confidence) \(mark)\(more)"
    }
}
