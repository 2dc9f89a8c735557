/// Who and what a site is, and the rules its events are judged and folded by (SPEC 3).
///
/// The log carries it without the names and locations of workers (``withoutPersonalData``); the registry carries all.
public struct SiteDefinition: Sendable, Equatable {
    public var siteID: SiteID
    public var name: String
    /// IANA name, e.g. `Asia/Kolkata`.
    public var timeZone: String
    /// As written: 0 means the maximum. Use ``observationTTL`` to compute.
    public var observationTTLSeconds: Int64
    public var confidenceThreshold: Confidence
    public var maxFutureSeconds: Int64
    public var shifts: [Shift]
    public var handoverMinutes: Int64
    /// Millionths of a unit per hour; nil without a target. An integer, so that targets are exact.
    public var targetMicrounitsPerHour: Int64?
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
        workers = []
        workstations = []
    }

    /// How long a state holds without a further one, in microseconds (SPEC 3, 4.3).
    public var observationTTL: Int64 {
        (observationTTLSeconds == 0 ? Limits.ttlSecondsMaximum : observationTTLSeconds) * Microseconds.second
    }

    /// The definition as the log keeps it: persons as ids alone (SPEC 3).
    public var withoutPersonalData: SiteDefinition {
        var copy = self
        copy.workers = workers.map { Worker(workerID: $0.workerID) }
        return copy
    }

    public struct Worker: Sendable, Equatable {
        public var workerID: WorkerID
        public var name: String?
        public var location: String?
        /// Shown, used by no figure.
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

    /// A shift by site-local wall clock; it ends on the next day when `end` ≤ `start` (SPEC 5.5).
    public struct Shift: Sendable, Equatable {
        public var name: String
        /// Minutes after local midnight, 0…1439.
        public var startMinute: Int
        /// Minutes after local midnight, 0…1439.
        public var endMinute: Int
        /// Bit 0 = Monday … bit 6 = Sunday: the dates on which an instance opens.
        public var days: UInt8

        public init(name: String, startMinute: Int, endMinute: Int, days: UInt8 = 0x7f) {
            self.name = name
            self.startMinute = startMinute
            self.endMinute = endMinute
            self.days = days
        }
    }
}

/// What one log record holds.
public enum RecordContent: Sendable, Equatable {
    case events(EventBatch)
    case definition(DefinitionRecord)
}

/// A definition as it stands in the log, in the order of the site's events (SPEC 3).
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
