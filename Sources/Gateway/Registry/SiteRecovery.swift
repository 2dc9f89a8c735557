internal import EventLog
public import EventModel

/// A definition as the fold of the log knows it: without names of people.
public struct KnownDefinition: Sendable {
    public var definition: SiteDefinition
    /// 1, 2, … per site.
    public var version: UInt64
    /// Where its record stands in the site's partition.
    public var offset: LogOffset
    /// created_at of its record; nil where it is not at hand.
    public var createdAt: Timestamp?

    public init(definition: SiteDefinition, version: UInt64, offset: LogOffset, createdAt: Timestamp? = nil) {
        self.definition = definition
        self.version = version
        self.offset = offset
        self.createdAt = createdAt
    }
}

/// Brings together what the registry, the fold and the log's tail say of each site; the newest in the log holds.
///
/// The registry is written after the log, so a crash between the two leaves it behind; and the fold may be behind both.
struct SiteRecovery {
    private(set) var sites: [SiteID: RegisteredDefinition] = [:]
    /// Sites whose registry row is to be written again.
    private(set) var repaired: Set<SiteID> = []

    init(
        registry: [RegisteredDefinition], known: [KnownDefinition], tail: LogTail, log: any EventLog
    ) throws {
        for registered in registry { sites[registered.definition.siteID] = registered }
        for known in known where isNewer(known.offset, of: known.definition.siteID) {
            let partition = Partitioner.partition(
                of: known.definition.siteID.bytes, partitionCount: log.partitionCount)
            let position = RecordPosition(partition: partition, offset: known.offset)
            adopt(
                known.definition, version: known.version,
                createdAt: try known.createdAt ?? Self.createdAt(log, position), at: position)
        }
        // By rising offset, so that versions count on.
        for (record, position) in tail.definitions where isNewer(position.offset, of: record.definition.siteID) {
            let version = (sites[record.definition.siteID]?.version ?? 0) + 1
            adopt(record.definition, version: version, createdAt: record.createdAt, at: position)
        }
    }

    private func isNewer(_ offset: LogOffset, of site: SiteID) -> Bool {
        sites[site].map { $0.position.offset < offset } ?? true
    }

    /// Names that the registry has of the same people stay.
    private mutating func adopt(
        _ definition: SiteDefinition, version: UInt64, createdAt: Timestamp, at position: RecordPosition
    ) {
        let before = sites[definition.siteID]?.definition.workers ?? []
        sites[definition.siteID] = RegisteredDefinition(
            definition: definition.named(by: before), version: version, createdAt: createdAt, position: position)
        repaired.insert(definition.siteID)
    }

    /// created_at of the record at a position; the log's beginning of time where it is no longer there.
    private static func createdAt(_ log: any EventLog, _ position: RecordPosition) throws -> Timestamp {
        guard try log.startOffset(position.partition) <= position.offset,
            position.offset < (try log.endOffset(position.partition))
        else { return .earliest }
        var createdAt = Timestamp.earliest
        _ = try log.read(position.partition, from: position.offset, byteLimit: 1) { record in
            if record.offset == position.offset { createdAt = record.createdAt }
        }
        return createdAt
    }
}
