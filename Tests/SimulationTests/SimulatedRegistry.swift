import EventModel
import Sites

/// The newest definition of each site, shared by all gateways of a simulation: what is stored is durable at once.
///
/// `@unchecked Sendable`: a simulation has one thread.
final class SimulatedRegistry: @unchecked Sendable {
    private var definitions: [SiteID: PlacedDefinition] = [:]
    private var listeners: [Int: @Sendable (PlacedDefinition) -> Void] = [:]

    /// The registry as one gateway sees it; a new one replaces the gateway's last.
    func view(of gateway: Int) -> any DefinitionRegistry { View(self, gateway) }

    subscript(site: SiteID) -> PlacedDefinition? { definitions[site] }

    private func store(_ placed: PlacedDefinition) {
        if let known = definitions[placed.definition.siteID], known.position.offset > placed.position.offset { return }
        definitions[placed.definition.siteID] = placed
        for gateway in listeners.keys.sorted() { listeners[gateway]?(placed) }
    }

    private final class View: DefinitionRegistry, @unchecked Sendable {
        private let registry: SimulatedRegistry
        private let gateway: Int

        init(_ registry: SimulatedRegistry, _ gateway: Int) {
            self.registry = registry
            self.gateway = gateway
        }

        let isShared = true
        let failure: String? = nil

        func load(_ changed: @escaping @Sendable (PlacedDefinition) -> Void) -> [PlacedDefinition] {
            registry.listeners[gateway] = changed
            return registry.definitions.values.sorted { $0.definition.siteID < $1.definition.siteID }
        }

        func store(_ definition: PlacedDefinition, _ done: @escaping @Sendable ((any Error)?) -> Void) {
            registry.store(definition)
            done(nil)
        }

        func readToEnd(timeoutMilliseconds: Int) -> Bool { true }
    }
}
