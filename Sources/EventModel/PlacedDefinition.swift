/// A definition with its place in the log: the one form in which definitions travel between fold, registry, gateways and
/// commands (SPEC 3).
///
/// With or without names of people, as ``SiteDefinition`` itself: the registry's have them, the fold's do not.
public struct PlacedDefinition: Sendable, Equatable {
    public var definition: SiteDefinition
    /// 1, 2, … per site.
    public var version: UInt64
    /// created_at of its record.
    public var createdAt: Timestamp
    /// Where its record stands; with the log's epoch, the definition's revision.
    public var position: RecordPosition

    public init(definition: SiteDefinition, version: UInt64, createdAt: Timestamp, position: RecordPosition) {
        self.definition = definition
        self.version = version
        self.createdAt = createdAt
        self.position = position
    }

    public var siteID: SiteID { definition.siteID }
}
