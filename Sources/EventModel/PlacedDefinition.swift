/// A definition with its position in the log: the one form that fold, registry, gateways and commands exchange
/// (SPEC 3).
///
/// With or without personal names, as in ``SiteDefinition``: the registry's definitions have them, the fold's do not.
public struct PlacedDefinition: Sendable, Equatable {
    public var definition: SiteDefinition
    /// 1, 2, … for each site.
    public var version: UInt64
    /// created_at of its record.
    public var createdAt: Timestamp
    /// Position of its record; together with the log's epoch, this is the definition's revision.
    public var position: RecordPosition
    /// Names that earlier definitions gave; only the registry's definitions have them.
    public var former: FormerNames

    public init(
        definition: SiteDefinition, version: UInt64, createdAt: Timestamp, position: RecordPosition,
        former: FormerNames = FormerNames()
    ) {
        self.definition = definition
        self.version = version
        self.createdAt = createdAt
        self.position = position
        self.former = former
    }

    public var siteID: SiteID { definition.siteID }
}
