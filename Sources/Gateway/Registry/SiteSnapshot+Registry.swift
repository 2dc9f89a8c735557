internal import EventModel

extension SiteSnapshot {
    convenience init(_ registered: RegisteredDefinition) {
        self.init(
            definition: registered.definition, version: registered.version, createdAt: registered.createdAt,
            position: registered.position)
    }

    /// As the registry keeps it.
    var registered: RegisteredDefinition {
        RegisteredDefinition(definition: definition, version: version, createdAt: createdAt, position: position)
    }
}
