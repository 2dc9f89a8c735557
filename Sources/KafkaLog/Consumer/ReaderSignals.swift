import EventModel

/// What a ``PartitionReader`` needs from the threads around it. Called with its lock held, so they only take notes.
struct ReaderSignals: Sendable {
    /// Fetching no longer matches what the machine wants.
    var requestReconcile: @Sendable (PartitionIndex) -> Void
    /// The range or the end of a partition has to be asked for.
    var askEnds: @Sendable () -> Void
}
