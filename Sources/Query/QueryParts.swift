public import Clocks
public import EventModel
public import HTTPServer
public import Observability
public import Projector

/// Who may ask a question (SPEC 8.2).
public enum QueryRole: Sendable {
    /// Figures, events and what they are made of.
    case viewer
    /// Events that no figure uses (SPEC 2.7).
    case `operator`
}

/// Whether a request may ask, and about which site.
public enum QueryPermission: Sendable {
    /// The site that the request is about, by `site_id` or by its key (SPEC 8.5).
    case granted(SiteID)
    /// The answer to give instead: 401, 403, 429, or 400 if the site is not clear.
    case refused(HTTPResponse)
}

/// What a process that answers knows about the time (SPEC 2.9, 5.8).
public struct AnswerClock: Sendable {
    /// A time that has certainly come by this process's clock.
    public var certain: CertainTime
    /// How far the slowest clock of the gateways is behind it, in microseconds.
    public var gatewayLag: Int64

    public init(_ certain: CertainTime, gatewayLag: Int64 = 0) {
        self.certain = certain
        self.gatewayLag = gatewayLag
    }
}

extension QueryService {
    /// What the service needs from its process.
    public struct Parts: Sendable {
        /// The projections, by partition.
        public var projections: any PartitionedProjections
        public var clock: any ProcessClock
        /// What is certain about the time, for `settled`; by default what the clock says.
        public var answerClock: @Sendable () -> AnswerClock
        /// Checks key, role, rate and site of a request; runs on a thread of the server.
        public var authorize: @Sendable (HTTPRequest, QueryRole) -> QueryPermission
        /// The newest full definition of a site: only the registry has the names of workers, those of dropped ones
        /// too (SPEC 3).
        public var registry: @Sendable (SiteID) -> PlacedDefinition?
        /// How many events of a site were refused and not stored since this process started, by verdict code
        /// (SPEC 7.4). Empty in a process that admits none.
        public var rejected: @Sendable (SiteID) -> [(String, Int)]
        public var journal: Journal
        /// Takes over a question whose partition is not held here, or declines with nil: then the answer is 503. Runs
        /// on a thread of the server. If it suspends the exchange, it also completes it.
        public var elsewhere: @Sendable (AskedElsewhere) -> HTTPOutcome?

        /// For a process that folds all partitions itself.
        public init(
            projections: any Projections, clock: any ProcessClock = .system,
            authorize: @escaping @Sendable (HTTPRequest, QueryRole) -> QueryPermission,
            registry: @escaping @Sendable (SiteID) -> PlacedDefinition?,
            rejected: @escaping @Sendable (SiteID) -> [(String, Int)] = { _ in [] }, journal: Journal = .silent
        ) {
            self.init(
                partitioned: OnlyProjections(projections), clock: clock, authorize: authorize, registry: registry,
                rejected: rejected, journal: journal)
        }

        /// For one of several processes, each of which holds some partitions.
        public init(
            partitioned projections: any PartitionedProjections, clock: any ProcessClock = .system,
            authorize: @escaping @Sendable (HTTPRequest, QueryRole) -> QueryPermission,
            registry: @escaping @Sendable (SiteID) -> PlacedDefinition?,
            rejected: @escaping @Sendable (SiteID) -> [(String, Int)] = { _ in [] }, journal: Journal = .silent,
            elsewhere: @escaping @Sendable (AskedElsewhere) -> HTTPOutcome? = { _ in nil }
        ) {
            self.projections = projections
            self.clock = clock
            answerClock = { AnswerClock(CertainTime(time: clock.now)) }
            self.authorize = authorize
            self.registry = registry
            self.rejected = rejected
            self.journal = journal
            self.elsewhere = elsewhere
        }
    }
}
