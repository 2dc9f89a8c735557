public import EventLog
public import EventModel
internal import Locks
public import Observability

/// The registry as a compacted topic that all gateways share (DESIGN 3, 5).
public final class TopicRegistry: DefinitionRegistry {
    /// Reading a topic of 10 thousand sites takes some seconds; a broker that needs longer counts as unavailable.
    public static let readMillisecondsMaximum = 60_000

    /// Definitions that others write, as far as read.
    public let directory: RegistryDirectory
    private let topics: any Topics
    private let topic: String
    private let journal: Journal
    /// The last definition that this process wrote for each site. If another record displaces it, it is written again.
    private let written = Guarded<[SiteID: RecordPosition]>([:])

    /// - Throws: ``LogError`` if there is no such topic or no broker answers.
    public init(
        topics: any Topics, names: TopicNames = TopicNames(), log: any EventLog,
        journal: Journal = .silent
    ) throws(LogError) {
        self.topics = topics
        topic = names.registry
        self.journal = journal
        directory = try RegistryDirectory(topics: topics, names: names, log: log, journal: journal)
    }

    /// Stops reading.
    public func stop() { directory.stop() }

    public var isShared: Bool { true }

    public func load(_ changed: @escaping @Sendable (PlacedDefinition) -> Void) throws -> [PlacedDefinition] {
        guard directory.readToEnd(timeoutMilliseconds: Self.readMillisecondsMaximum) else {
            throw directory.failure
                ?? LogError(
                    .unavailable, "the topic \(topic) could not be read to its end",
                    hint: "check that the brokers of its partitions are up")
        }
        return directory.observe { [weak self] effect in
            if let definition = effect.changed { changed(definition) }
            if let definition = effect.displaced { self?.writeAgain(definition) }
        }
    }

    public func store(_ definition: PlacedDefinition, _ done: @escaping @Sendable ((any Error)?) -> Void) {
        let site = definition.siteID
        let entry = directory.withTable { $0.entries[site] }
        if let entry, entry.isKept, entry.best == definition { return done(nil) }
        written.withLock { $0[site] = definition.position }
        let record = RegistryRecord(epoch: directory.epoch, placed: definition)
        do throws(LogError) {
            try topics.send(
                TopicRecord(topic: topic, key: site.bytes, value: record.json, timestamp: definition.createdAt)
            ) { result in
                if case .failure(let error) = result { done(error) } else { done(nil) }
            }
        } catch {
            done(error)
        }
    }

    public func readToEnd(timeoutMilliseconds: Int) -> Bool {
        directory.readToEnd(timeoutMilliseconds: timeoutMilliseconds)
    }

    public var failure: String? { directory.failure.map { "the registry cannot be read: \($0)" } }

    /// Only the gateway that wrote the better record does this, so that there is only one rewrite.
    private func writeAgain(_ definition: PlacedDefinition) {
        guard written.withLock({ $0[definition.siteID] }) == definition.position else { return }
        store(definition) { [journal] error in
            if let error { journal.record(.registryNotRewritten(definition.siteID, error.forOperator)) }
        }
    }
}
