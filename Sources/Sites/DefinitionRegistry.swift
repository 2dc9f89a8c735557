public import EventModel

/// The newest full definition of each site: the only place that stores the names of people (SPEC 3, DESIGN 3).
///
/// Implementations: a table in a file of this process alone (embedded), and ``TopicRegistry``. Thread-safe.
public protocol DefinitionRegistry: AnyObject, Sendable {
    /// Whether other processes write definitions too: then a site that is unknown here may be known there (DESIGN 5).
    var isShared: Bool { get }

    /// Reads everything stored for this log. Call it once, before anything is stored.
    ///
    /// - Parameter changed: Receives every later definition that is newer than the known one, in order, from one
    ///   thread; also the same definition with another version or without names.
    /// - Throws: when it cannot be read to its end.
    func load(_ changed: @escaping @Sendable (PlacedDefinition) -> Void) throws -> [PlacedDefinition]

    /// Writes a definition unless it is already stored.
    ///
    /// - Parameter done: Called once, now or later, from any thread: nil once it is durable, else why it may not be.
    func store(_ definition: PlacedDefinition, _ done: @escaping @Sendable ((any Error)?) -> Void)

    /// Blocks until `changed` has received everything that others had written before this call.
    /// - Returns: false on a timeout or if the registry cannot be read.
    func readToEnd(timeoutMilliseconds: Int) -> Bool

    /// Why it no longer keeps up with other writers; nil while it does.
    var failure: String? { get }
}
