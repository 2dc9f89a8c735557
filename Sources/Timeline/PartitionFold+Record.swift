public import EventModel

extension PartitionFold {
    /// Folds what one record holds; a record that was folded before changes nothing.
    ///
    /// - Parameter hourOffset: where the hours of a definition's zone begin, see ``FoldParameters``.
    /// - Throws: ``TimelineError`` at a gap, or what the page reader throws; then this fold must be thrown away.
    public mutating func apply(
        _ content: RecordContent, offset: LogOffset, pages: any PageReader,
        hourOffset: (DefinitionRecord) -> Int64
    ) throws {
        switch content {
        case .events(let batch): try apply(batch, offset: offset, pages: pages)
        case .definition(let definition):
            try apply(definition, offset: offset, hourOffset: hourOffset(definition), pages: pages)
        }
    }
}

extension FoldParameters {
    /// Where the hours of a zone begin that is `utcOffsetSeconds` east of UTC: that modulo one hour, in microseconds.
    public static func hourOffset(utcOffsetSeconds: Int64) -> Int64 {
        ((utcOffsetSeconds % 3600) + 3600) % 3600 * Microseconds.second
    }
}
