public import EventModel
internal import Timeline

extension Projections {
    /// The definition of a site that was known at a time, as the log has it: with people as ids alone (SPEC 3, 5.1).
    ///
    /// - Returns: nil if none was known then. Complete as far as ``progress`` says; ask for that before.
    public func definition(of siteID: SiteID, knownAt: Timestamp) throws -> PlacedDefinition? {
        guard let snapshot = try snapshot(of: siteID) else { return nil }
        defer { snapshot.close() }
        let site = snapshot.site
        guard let sequence = site.view(knownAt: knownAt).definition else { return nil }
        let stored = try site.definition(sequence, snapshot.reader)
        return PlacedDefinition(
            definition: stored.record.definition, version: UInt64(sequence + 1), createdAt: stored.record.createdAt,
            position: RecordPosition(partition: partition, offset: stored.offset))
    }
}
