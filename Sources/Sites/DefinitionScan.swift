package import EventLog
package import EventModel

/// Reads definitions out of a log, oldest first.
package enum DefinitionScan {
    private static let readBytes = 4 << 20

    /// - Parameters:
    ///   - starts: where to begin in each partition; one that is not named is read from its first record.
    ///   - sites: whose; nil: of all.
    ///   - body: gets a definition without names.
    /// - Throws: ``LogError`` where the log cannot be read; what was before that has been handed over.
    package static func read(
        _ log: any EventLog, from starts: [PartitionIndex: LogOffset] = [:],
        of sites: Set<SiteID>? = nil, _ body: (DefinitionRecord, RecordPosition) -> Void
    ) throws {
        var batch = EventBatch(siteID: SiteID(bytes: []))
        for partition in (0..<log.partitionCount).map({ PartitionIndex($0) }) {
            let end = try log.endOffset(partition)
            var next = max(starts[partition] ?? .zero, try log.startOffset(partition))
            while next < end {
                let before = next
                next = try log.read(partition, from: next, byteLimit: readBytes) { record in
                    guard RecordCodec.statesDefinition(record.payload),
                        sites?.contains(SiteID(bytes: Array(record.key))) ?? true,
                        case .definition(let found)? = try? RecordCodec.decode(record.payload, into: &batch)
                    else { return }
                    body(found, RecordPosition(partition: partition, offset: record.offset))
                }
                guard next > before else { break }
            }
        }
    }
}
