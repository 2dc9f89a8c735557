import EventLog
import EventModel
import Foundation
import Locks
import Observability
import ProjectionStore
import SQLite
import SQLiteLog
import SimulationKit
import TestKit
import Testing
import Timeline

@testable import Projector

/// A log, and a projector that keeps generations beside it; names of journal events can be waited for.
final class GenerationRig {
    let folder: TemporaryFolder
    let log: SQLiteLog
    let scenario: RandomScenario
    let events = Monitor<[String]>([])
    var directory: GenerationDirectory { GenerationDirectory(path: folder.file("projections.sqlite")) }
    static let job = "job"

    init(seed: UInt64, events: Int = 300) throws {
        folder = try TemporaryFolder()
        log = try SQLiteLog.open(path: folder.file("log.sqlite"))
        scenario = RandomScenario(seed: seed, size: .init(events: events, eventsPerRecord: 5))
    }

    deinit { log.close() }

    func append(_ records: some Sequence<RandomScenario.Record>) throws {
        for record in records { _ = try log.append([record.logRecord()]) }
    }

    func projector(
        _ directory: GenerationDirectory? = nil, keepsFeed: Bool = false,
        _ change: (inout ProjectorConfiguration) -> Void = { _ in }
    ) throws -> Projector {
        var configuration = ProjectorConfiguration.forgetful
        configuration.scrubHours = 0
        configuration.generationTickMilliseconds = 2
        configuration.freeBytes = { _ in nil }
        configuration.journal = Journal { [events] event in events.update { $0.append(event.name) } }
        change(&configuration)
        return try Projector(
            log: log, generations: directory ?? self.directory, keepsFeed: keepsFeed, configuration: configuration)
    }

    /// A projector that runs during `body`.
    func running<Result>(
        _ directory: GenerationDirectory? = nil, _ change: (inout ProjectorConfiguration) -> Void = { _ in },
        _ body: (Projector) throws -> Result
    ) throws -> Result {
        let projector = try projector(directory, change)
        projector.start()
        defer { projector.stop() }
        return try body(projector)
    }

    /// Blocks until the journal has so many events of a name.
    func wait(for name: String, count: Int = 1) {
        let found: Void? = events.wait(milliseconds: 60_000) { names in
            names.count(where: { $0 == name }) >= count ? () : nil
        }
        if found == nil { Issue.record("no \(name) in \(events.withLock { $0 })") }
    }

    /// The digest of the site by the log alone.
    func digest() throws -> String? { try SiteDigest.compute(site: RandomScenario.siteID, log: log, storePath: nil) }

    /// The digest by a stored generation and the rest of the log.
    func digest(_ id: Int64) throws -> String? {
        try SiteDigest.compute(site: RandomScenario.siteID, log: log, storePath: directory.storePath(id))
    }

    /// Takes away what a stored definition says, with the right checksums of pages.
    func truncateDefinitions() throws {
        try Connection(path: directory.path, ConnectionOptions(mode: .writer, checksPages: true))
            .execute("UPDATE definition SET record = x'00'")
    }

    /// The position of a stored generation.
    func position(_ id: Int64) throws -> LogOffset {
        try StoreReader(path: directory.storePath(id)).position().nextOffset
    }
}

extension Projector {
    /// Builds the generation of a job and blocks until it is level.
    func buildUntilLevel(_ rig: GenerationRig, job: String = GenerationRig.job) throws {
        let before = rig.events.withLock { $0.count { $0 == "generation_level" } }
        try build(job: job, pace: .unlimited)
        rig.wait(for: "generation_level", count: before + 1)
    }

    /// The ledger of the site, as answered now.
    func ledger() throws -> Ledger? {
        guard let snapshot = try snapshot(of: RandomScenario.siteID) else { return nil }
        defer { snapshot.close() }
        return snapshot.site.ledger
    }
}

/// Expects that the projector answers this ledger now.
func expectLedger(_ ledger: Ledger?, of projector: Projector, sourceLocation: SourceLocation = #_sourceLocation) throws
{
    let found = try projector.ledger()
    #expect(found == ledger && found != nil, sourceLocation: sourceLocation)
}
