/// The people, stations and rules of a site: its events are admitted and folded by them (SPEC 3).
///
/// The log has it without the names and locations of workers (``withoutPersonalData``); the registry has everything.
public struct SiteDefinition: Sendable, Equatable {
    public var siteID: SiteID
    public var name: String
    /// IANA name, e.g. `Asia/Kolkata`.
    public var timeZone: String
    /// As configured: 0 means the maximum. Use ``observationTTL`` in computations.
    public var observationTTLSeconds: Int64
    public var confidenceThreshold: Confidence
    public var maxFutureSeconds: Int64
    public var shifts: [Shift]
    public var handoverMinutes: Int64
    /// Millionths of a unit per hour; nil without a target. An integer, to keep targets exact.
    public var targetMicrounitsPerHour: Int64?
    /// Whether boards show people by name; where not, by id. No figure uses it.
    public var showsNamesOnBoards: Bool
    public var workers: [Worker]
    public var workstations: [Workstation]

    public init(siteID: SiteID, name: String = "", timeZone: String = "UTC") {
        self.siteID = siteID
        self.name = name
        self.timeZone = timeZone
        observationTTLSeconds = Limits.ttlSecondsDefault
        confidenceThreshold = Confidence(partsPerMillion: 700_000)
        maxFutureSeconds = 300
        shifts = []
        handoverMinutes = 15
        targetMicrounitsPerHour = nil
        showsNamesOnBoards = true
        workers = []
        workstations = []
    }

    /// How long a state holds without another event, in microseconds (SPEC 3, 4.3).
    public var observationTTL: Int64 {
        (observationTTLSeconds == 0 ? Limits.ttlSecondsMaximum : observationTTLSeconds) * Microseconds.second
    }

    /// The definition for the log: people appear as ids only (SPEC 3).
    public var withoutPersonalData: SiteDefinition {
        var copy = self
        copy.workers = workers.map { Worker(workerID: $0.workerID) }
        return copy
    }

    public struct Worker: Sendable, Equatable {
        public var workerID: WorkerID
        public var name: String?
        public var location: String?
        /// For display; no figure uses it.
        public var activeSince: String?

        public init(workerID: WorkerID, name: String? = nil, location: String? = nil, activeSince: String? = nil) {
            self.workerID = workerID
            self.name = name
            self.location = location
            self.activeSince = activeSince
        }
    }

    public struct Workstation: Sendable, Equatable {
        public var workstationID: WorkstationID
        public var name: String?
        public var location: String?
        public var line: String?
        public var capacity: Int64

        public init(
            workstationID: WorkstationID, name: String? = nil, location: String? = nil, line: String? = nil,
            capacity: Int64 = 1
        ) {
            self.workstationID = workstationID
            self.name = name
            self.location = location
            self.line = line
            self.capacity = capacity
        }
    }

    /// A shift in site-local time; it ends on the next day when `end` ≤ `start` (SPEC 5.5).
    public struct Shift: Sendable, Equatable {
        public var name: String
        /// Minutes after local midnight, 0…1439.
        public var startMinute: Int
        /// Minutes after local midnight, 0…1439.
        public var endMinute: Int
        /// Bit 0 = Monday … bit 6 = Sunday: the weekdays on which an instance starts.
        public var days: UInt8

        public init(name: String, startMinute: Int, endMinute: Int, days: UInt8 = 0x7f) {
            self.name = name
            self.startMinute = startMinute
            self.endMinute = endMinute
            self.days = days
        }
    }
}

/// The content of one log record.
public enum RecordContent: Sendable, Equatable {
    case events(EventBatch)
    case definition(DefinitionRecord)
    case clockSetBack(ClockSetBack)
}

/// A definition as recorded in the log, in order with the site's events (SPEC 3).
public struct DefinitionRecord: Sendable, Equatable {
    /// Without personal data.
    public var definition: SiteDefinition
    public var createdAt: Timestamp
    public var gatewayID: [UInt8]

    public init(definition: SiteDefinition, createdAt: Timestamp, gatewayID: [UInt8] = []) {
        self.definition = definition
        self.createdAt = createdAt
        self.gatewayID = gatewayID
    }
}
