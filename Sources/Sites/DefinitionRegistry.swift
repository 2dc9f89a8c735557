public import EventModel

/// The newest full definition of each site: the only place where names of people are kept (SPEC 3, DESIGN 3).
///
/// Implementations: a table in a file of this process alone (embedded), and ``TopicRegistry``. Calls may come from any
/// thread.
public protocol DefinitionRegistry: AnyObject, Sendable {
    /// Whether other processes write definitions too: then what is unknown here may be known there (DESIGN 5).
    var isShared: Bool { get }

    /// Reads everything that there is for this log. Once, before anything is stored.
    ///
    /// - Parameter changed: Told of every definition that is written later and is newer than what was known, in their
    ///   order, from one thread; also of the same definition with another version or without names.
    /// - Throws: when it cannot be read to its end.
    func load(_ changed: @escaping @Sendable (PlacedDefinition) -> Void) throws -> [PlacedDefinition]

    /// Writes a definition unless it is there already.
    ///
    /// - Parameter done: Called once, now or later, from any thread: nil once it is durable, else why it may not be.
    func store(_ definition: PlacedDefinition, _ done: @escaping @Sendable ((any Error)?) -> Void)

    /// Blocks until everything that others had written when this was called has been told to `changed`.
    /// - Returns: false when the time was up or it cannot be read.
    func readToEnd(timeoutMilliseconds: Int) -> Bool

    /// Why it no longer keeps up with what others write; nil while it does.
    var failure: String? { get }
}
