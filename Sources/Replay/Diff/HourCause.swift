public import EventModel

/// What is behind the hour of a worker in which two generations differ, in sums or in events: both explanations, and which
/// events are folded differently.
public struct HourCause: Sendable, Equatable {
    /// Begin of the hour, in microseconds since 1970.
    public var hour: Int64
    public var finding: Finding
    /// nil where the live generation does not know the worker.
    public var live: Side?
    /// nil where the new generation does not know the worker.
    public var new: Side?
    /// Accepted events of the hour that are not the same in both.
    public var events: [EventChange]
    /// How many more of them there are.
    public var eventsOmitted: Int

    public init(
        hour: Int64, finding: Finding, live: Side?, new: Side?, events: [EventChange], eventsOmitted: Int
    ) {
        self.hour = hour
        self.finding = finding
        self.live = live
        self.new = new
        self.events = events
        self.eventsOmitted = eventsOmitted
    }

    /// Most intervals, counts and events that are listed of one hour.
    public static let itemsMaximum = 20

    /// Which part of a generation is the odd one: its sums, or the events behind them.
    public enum Finding: String, Sendable {
        /// Other events are winners, and both have the sums that follow from theirs.
        case events
        /// Other events are winners, but the worker's sums of the hour are the same.
        case eventsAlone = "events_alone"
        /// An earlier event, the ttl or the end of a dropped worker differs.
        case before
        /// The events give the same; the sums of the live generation do not follow from its events.
        case liveSums = "live_sums"
        case newSums = "new_sums"
        case bothSums = "both_sums"
        /// The figures are the same, they are only stored in other rows.
        case storedOtherwise = "stored_otherwise"

        /// In words.
        public var sentence: String {
            switch self {
            case .events: "other events are folded"
            case .eventsAlone: "other events are folded; the worker's sums of the hour are the same"
            case .before:
                "the events of the hour are the same; an earlier one, the ttl or a dropped worker's end differs"
            case .liveSums: "the sums of the live generation do not follow from its events"
            case .newSums: "the sums of the new generation do not follow from its events"
            case .bothSums: "in both generations the sums do not follow from the events"
            case .storedOtherwise: "the figures are the same; only the rows that hold them differ"
            }
        }
    }

    /// One generation.
    public struct Side: Sendable, Equatable {
        /// What its rows say.
        public var stored: Sums
        /// What its events add up to.
        public var derived: Sums
        /// Intervals and counts in the hour, in order of time; neighbours of one state and station that touch are one
        /// (SPEC 5.9).
        public var items: [Item]
        /// How many more of them there are.
        public var itemsOmitted: Int

        public init(stored: Sums, derived: Sums, items: [Item], itemsOmitted: Int) {
            self.stored = stored
            self.derived = derived
            self.items = items
            self.itemsOmitted = itemsOmitted
        }
    }

    /// Microseconds in each state, and units.
    public struct Sums: Sendable, Equatable {
        public var working: Int64
        public var idle: Int64
        public var absent: Int64
        public var units: Int64

        public init(working: Int64 = 0, idle: Int64 = 0, absent: Int64 = 0, units: Int64 = 0) {
            self.working = working
            self.idle = idle
            self.absent = absent
            self.units = units
        }
    }

    /// An interval, or units counted at an instant.
    public struct Item: Sendable, Equatable {
        /// `productCount` for units.
        public var type: EventType
        public var workstation: [UInt8]
        /// Microseconds since 1970, clipped to the hour.
        public var from: Int64
        /// The same as `from` for units.
        public var to: Int64
        /// Units; 0 for an interval.
        public var count: Int64
        /// Of the event behind it.
        public var position: Position
        public var createdAt: Int64

        public init(
            type: EventType, workstation: [UInt8], from: Int64, to: Int64, count: Int64, position: Position,
            createdAt: Int64
        ) {
            self.type = type
            self.workstation = workstation
            self.from = from
            self.to = to
            self.count = count
            self.position = position
            self.createdAt = createdAt
        }
    }

    /// An event that is not the same in both.
    public struct EventChange: Sendable, Equatable {
        /// Microseconds since 1970.
        public var time: Int64
        public var type: EventType
        public var members: [Difference.Member]

        public init(time: Int64, type: EventType, members: [Difference.Member]) {
            self.time = time
            self.type = type
            self.members = members
        }
    }
}
