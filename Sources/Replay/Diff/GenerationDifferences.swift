public import EventModel

/// What differs between two generations of a partition at one and the same position (DESIGN 7).
///
/// Plain values: an answer, a table and a decision about promoting are all made from them.
public struct GenerationDifferences: Sendable, Equatable {
    public var partition: PartitionIndex
    /// The next offset of both.
    public var position: LogOffset
    /// One of every kind, in the order of ``DifferenceKind``.
    public var counts: [Count]
    /// Largest first; of each kind at most as many as were asked for.
    public var differences: [Difference]
    /// What was not compared, and why; empty where everything was.
    public var notes: [String]

    public init(
        partition: PartitionIndex, position: LogOffset, counts: [Count], differences: [Difference], notes: [String] = []
    ) {
        self.partition = partition
        self.position = position
        self.counts = counts
        self.differences = differences
        self.notes = notes
    }

    /// How many of one kind were compared; exact, however many differences are listed.
    public struct Count: Sendable, Equatable {
        public var kind: DifferenceKind
        public var equal: Int64
        public var different: Int64

        public init(kind: DifferenceKind, equal: Int64 = 0, different: Int64 = 0) {
            self.kind = kind
            self.equal = equal
            self.different = different
        }
    }

    /// How many things differ.
    public var differentCount: Int64 { counts.reduce(0) { $0 + $1.different } }

    /// Whether both say the same, and everything was compared.
    public var isEqual: Bool { differentCount == 0 && notes.isEmpty }
}

/// What two generations are compared by.
public enum DifferenceKind: Int, Sendable, CaseIterable {
    /// A site as a whole: whether it is there, its ttl and hours, and its newest events.
    case site
    /// A definition by its number.
    case definition
    /// Counts of a site (SPEC 7.4).
    case ledger
    /// Whether a worker is known.
    case worker
    /// Whether a station is known.
    case workstation
    /// Sums of a worker in one hour.
    case workerHour
    /// Sums of a station in one hour.
    case workstationHour
    /// Sums of the factory in one hour.
    case factoryHour
    /// The whole hours that one long interval of a worker covers.
    case stay
    /// The last interval of a worker.
    case openInterval
    /// Samples of a station, camera and model version in one hour (SPEC 6.1).
    case modelHealth
    /// A winner of the accepted or the low-confidence class (SPEC 2.6).
    case event
    /// A winner of the quarantined class.
    case quarantinedEvent
    /// Winners by their created_at, in hours.
    case arrival

    /// As answers write it.
    public var name: String {
        switch self {
        case .site: "site"
        case .definition: "definition"
        case .ledger: "ledger"
        case .worker: "worker"
        case .workstation: "workstation"
        case .workerHour: "worker_hour"
        case .workstationHour: "workstation_hour"
        case .factoryHour: "factory_hour"
        case .stay: "stay"
        case .openInterval: "open_interval"
        case .modelHealth: "model_health"
        case .event: "event"
        case .quarantinedEvent: "quarantined_event"
        case .arrival: "arrival"
        }
    }
}

/// One thing that two generations say differently.
public struct Difference: Sendable, Equatable {
    public var kind: DifferenceKind
    public var site: SiteID
    /// What it is about, by name: `worker_id`, `camera_id`, …
    public var ids: [NamedValue]
    /// When the hour, the stay or the interval begins, or the event happened; nil for what has no time. In microseconds
    /// since 1970.
    public var time: Int64?
    /// How large it is, see ``DifferenceSize``.
    public var size: Int64
    /// The members that differ.
    public var members: [Member]
    /// Of hours of workers, and of accepted events: what is behind the hour.
    public var cause: HourCause?

    public init(
        kind: DifferenceKind, site: SiteID, ids: [NamedValue] = [], time: Int64? = nil, size: Int64,
        members: [Member], cause: HourCause? = nil
    ) {
        self.kind = kind
        self.site = site
        self.ids = ids
        self.time = time
        self.size = size
        self.members = members
        self.cause = cause
    }

    /// A member in both generations.
    public struct Member: Sendable, Equatable {
        public var name: String
        /// In the live generation; nil where it has none.
        public var before: DifferenceValue?
        /// In the new generation.
        public var after: DifferenceValue?

        public init(_ name: String, _ before: DifferenceValue?, _ after: DifferenceValue?) {
            self.name = name
            self.before = before
            self.after = after
        }
    }
}

/// A value with its name.
public struct NamedValue: Sendable, Equatable {
    public var name: String
    public var value: DifferenceValue

    public init(_ name: String, _ value: DifferenceValue) {
        self.name = name
        self.value = value
    }
}

/// A value in one of the generations.
public enum DifferenceValue: Sendable, Equatable {
    case integer(Int64)
    /// Microseconds since 1970.
    case time(Int64)
    /// Parts per million.
    case confidence(Int64)
    case text(String)
    case id([UInt8])

    /// nil where no time was recorded.
    static func time(orNil time: Int64?) -> DifferenceValue? { time.map { .time($0) } }
}

/// How large differences are, so that the one that matters most comes first: in microseconds of a worker's time.
///
/// | kind | size |
/// |---|---|
/// | hours | microseconds of state that differ, and a minute for each unit |
/// | stay | its hours, as far as only one generation has them |
/// | open interval | microseconds that only one generation has |
/// | model health | a second for each sample, and a microsecond for each ppm in the sum |
/// | event | a minute for each unit, a minute for a state that only one generation has, else a second |
/// | ledger | a minute for each event |
/// | site, definition, known worker or station | more than any of these |
///
/// Where only notes differ, such as when an hour changed last, it is 1.
public enum DifferenceSize {
    static let note: Int64 = 1
    static let second: Int64 = 1_000_000
    static let unit = 60 * second
    static let everything = Int64.max / 2
    static let site = Int64.max / 4
    static let definition = Int64.max / 8
    static let entity = Int64.max / 16

    /// |one − other|, however far apart.
    static func between(_ one: Int64, _ other: Int64) -> Int64 {
        let (difference, overflow) = one.subtractingReportingOverflow(other)
        return overflow || difference == .min ? entity - 1 : min(abs(difference), entity - 1)
    }

    /// A sum that stays below what is about more than figures.
    static func sum(_ sizes: Int64...) -> Int64 {
        sizes.reduce(0) { sum, size in
            let (total, overflow) = sum.addingReportingOverflow(size)
            return overflow ? entity - 1 : min(total, entity - 1)
        }
    }

    /// `count` times `size`.
    static func times(_ count: Int64, _ size: Int64) -> Int64 {
        let (product, overflow) = count.multipliedReportingOverflow(by: size)
        return overflow ? entity - 1 : min(product, entity - 1)
    }
}
