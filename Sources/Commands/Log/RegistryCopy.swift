internal import EventLog
internal import EventModel
internal import Foundation
internal import KafkaLog
internal import Locks
internal import Sites

/// Copies the full definitions, including the names of people, which the log does not hold (SPEC 3).
///
/// A definition's revision is its position in the log, so each one gets its record's position in the destination.
struct RegistryCopy {
    struct Outcome: Equatable {
        var copied = 0
        /// Sites whose registered definition is not the newest one in the log: an earlier or later one would be wrong.
        var missing: [SiteID] = []
    }

    /// Longer than it takes for a send to Kafka to fail.
    private static let storeMillisecondsMaximum = 60_000

    /// - Parameter places: positions of each copied site's newest definition in the destination.
    /// - Throws: errors of the destination's registry.
    static func run(
        _ registered: [PlacedDefinition], to destination: any DefinitionRegistry,
        _ places: [SiteID: NewestDefinitions.Place]
    ) throws -> Outcome {
        var outcome = Outcome()
        let known = Dictionary(
            try destination.load { _ in }.map { ($0.siteID, $0) }, uniquingKeysWith: { $1 })
        let bySite = Dictionary(registered.map { ($0.siteID, $0) }, uniquingKeysWith: { $1 })
        for (site, place) in places.sorted(by: { $0.key < $1.key }) {
            guard var definition = bySite[site], definition.createdAt == place.createdAt else {
                outcome.missing.append(site)
                continue
            }
            definition.position = place.position
            if known[site] != definition { try store(definition, in: destination) }
            outcome.copied += 1
        }
        return outcome
    }

    private static func store(_ definition: PlacedDefinition, in registry: any DefinitionRegistry) throws {
        let result = Monitor<Result<Void, any Error>?>(nil)
        registry.store(definition) { error in
            result.update { $0 = error.map { .failure($0) } ?? .success(()) }
        }
        guard let result = result.wait(milliseconds: storeMillisecondsMaximum, until: { $0 }) else {
            throw LogError(.uncertain, "the registry does not answer", hint: "run the same command again")
        }
        try result.get()
    }
}

extension LogAddress {
    /// All definitions, with names, in this log's registry.
    func registeredDefinitions(_ log: any EventLog) throws -> [PlacedDefinition] {
        switch place {
        case .folder(let directory): return try RegistryStore.read(path: directory.registry, epoch: log.epoch)
        case .kafka:
            return try withTopicRegistry(log) { registry in try registry.load { _ in } }
        }
    }

    /// Opens this log's registry for writing.
    func withRegistry<Result>(
        _ log: any EventLog, _ body: (any DefinitionRegistry) throws -> Result
    ) throws -> Result {
        switch place {
        case .folder(let directory): return try body(RegistryStore(path: directory.registry, epoch: log.epoch))
        case .kafka: return try withTopicRegistry(log, body)
        }
    }

    private func withTopicRegistry<Result>(
        _ log: any EventLog, _ body: (any DefinitionRegistry) throws -> Result
    ) throws -> Result {
        guard case .kafka(let kafka) = place else { preconditionFailure("only Kafka has a registry topic") }
        let topics = try KafkaTopics(try kafka.settings("log"))
        defer { topics.close() }
        let registry = try TopicRegistry(topics: topics, names: kafka.names, log: log)
        defer { registry.stop() }
        return try body(registry)
    }
}
