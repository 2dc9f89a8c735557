public import EventModel

/// One definition of a site as recorded in the log, without what it says.
public struct DefinitionVersion: Sendable, Equatable {
    /// Microseconds since 1970.
    public var createdAt: Int64
    public var offset: LogOffset
    /// In microseconds, see ``SiteDefinition/observationTTL``.
    public var ttl: Int64

    public init(createdAt: Int64, offset: LogOffset, ttl: Int64) {
        self.createdAt = createdAt
        self.offset = offset
        self.ttl = ttl
    }
}

/// Reads what committed definitions say, from the store or its in-memory twin.
public protocol DefinitionReader: AnyObject {
    /// The settings of definition `sequence` of a site, without workers; nil when the store does not have it.
    func settings(site: UInt32, definition sequence: Int) throws -> SiteDefinition?
}

/// The settings of those definitions that memory has: the newest one, and those that the store lacks.
///
/// Every other one costs memory a few bytes, however much it says, because a site may have thousands.
struct DefinitionSettings: Sendable {
    private(set) var newest: SiteDefinition?
    /// Of the last definitions, in order.
    private var pending: [SiteDefinition] = []
    private var inFlight: [SiteDefinition] = []

    /// What pending definitions weigh, in rows of the next commit.
    var pendingRowCount: Int { pending.reduce(0) { $0 + 1 + $1.workstations.count + $1.shifts.count } }
    /// For tests: how many settings are in memory.
    var keptCount: Int { (newest == nil ? 0 : 1) + pending.count + inFlight.count }

    /// - Parameter settings: without workers.
    mutating func add(_ settings: SiteDefinition) {
        newest = settings
        pending.append(settings)
    }

    /// Puts the pending settings in flight; questions use them until ``finishCommit()``.
    mutating func beginCommit() { (inFlight, pending) = (pending, []) }

    /// The store has the definitions of the commit.
    mutating func finishCommit() { inFlight = [] }

    /// The store has all definitions.
    mutating func leaveToStore() { (pending, inFlight) = ([], []) }

    /// The settings of definition `sequence` of `count`; nil when only the store has them.
    func settings(_ sequence: Int, of count: Int) -> SiteDefinition? {
        if sequence == count - 1 { return newest }
        let fromEnd = count - sequence
        if fromEnd <= pending.count { return pending[pending.count - fromEnd] }
        let before = fromEnd - pending.count
        return before <= inFlight.count ? inFlight[inFlight.count - before] : nil
    }
}

extension SiteFold {
    /// The settings of the newest definition, without workers; nil without one.
    public var newestSettings: SiteDefinition? { settings.newest }

    /// Settings of the newest visible definition, without workers; nil when none is visible.
    public func settings(_ view: KnowledgeView, _ reader: any DefinitionReader) throws -> SiteDefinition? {
        try view.definition.map { try settings(of: $0, reader) }
    }

    private func settings(of sequence: Int, _ reader: any DefinitionReader) throws -> SiteDefinition {
        if let kept = settings.settings(sequence, of: definitions.count) { return kept }
        guard let stored = try reader.settings(site: index, definition: sequence) else {
            throw TimelineError.missingDefinition(siteID, sequence)
        }
        return stored
    }

    /// Definition `sequence` as recorded in the log.
    public func definition(_ sequence: Int, _ reader: any DefinitionReader) throws -> StoredDefinition {
        record(of: sequence, try settings(of: sequence, reader))
    }

    /// The newest definition as recorded in the log; nil without one.
    public var newestDefinition: StoredDefinition? {
        settings.newest.map { record(of: definitions.count - 1, $0) }
    }

    /// The definitions from `first` on, none of which a durable commit has.
    func unsavedDefinitions(from first: Int) -> [StoredDefinition] {
        (first..<definitions.count).compactMap { sequence in
            settings.settings(sequence, of: definitions.count).map { record(of: sequence, $0) }
        }
    }

    private func record(of sequence: Int, _ settings: SiteDefinition) -> StoredDefinition {
        let version = definitions[sequence]
        var definition = settings
        definition.workers = workers(namedIn: sequence).map { .init(workerID: WorkerID(bytes: Array(workers[$0]))) }
        let record = DefinitionRecord(
            definition: definition, createdAt: Timestamp(microseconds: version.createdAt))
        return StoredDefinition(record: record, offset: version.offset)
    }

    /// Workers that definition `sequence` names, by number.
    public func workers(namedIn sequence: Int) -> [UInt32] { membership.workers(namedIn: sequence) }
}
