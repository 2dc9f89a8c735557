public import EventLog
public import EventModel

extension RandomScenario.Record {
    /// The record's content, for another site.
    public func content(of site: SiteID) -> RecordContent {
        switch content {
        case .events(var batch):
            batch.siteID = site
            return .events(batch)
        case .definition(var record):
            record.definition.siteID = site
            return .definition(record)
        case .clockSetBack(let record): return .clockSetBack(record)
        }
    }

    /// The record as a gateway appends it for `site`.
    public func logRecord(of site: SiteID = RandomScenario.siteID) -> NewRecord {
        var payload: [UInt8] = []
        switch content(of: site) {
        case .events(let batch): RecordCodec.encode(batch, into: &payload)
        case .definition(let definition): RecordCodec.encode(definition, into: &payload)
        case .clockSetBack(let record): RecordCodec.encode(record, into: &payload)
        }
        return NewRecord(key: site.bytes, createdAt: Timestamp(microseconds: createdAt), payload: payload)
    }
}

extension RandomScenario {
    /// One site for each of the first `count` of `partitionCount` partitions, in the order of the partitions.
    public static func sites(inFirst count: Int32, of partitionCount: Int32) -> [SiteID] {
        (0..<count).map { partition in
            var number = 0
            while true {
                let site = SiteID("plant-\(number)")
                if Partitioner.partition(of: site.bytes, partitionCount: partitionCount).value == partition {
                    return site
                }
                number += 1
            }
        }
    }
}
