public import EventModel

extension PartitionFold {
    /// Folds the content of one record; a record that was already folded changes nothing.
    ///
    /// - Parameter hourOffset: where hours start in the definition's zone, see ``FoldParameters``.
    /// - Throws: ``TimelineError`` at a gap, or any error of the page reader; then discard this fold.
    public mutating func apply(
        _ content: RecordContent, offset: LogOffset, pages: any PageReader,
        hourOffset: (DefinitionRecord) -> Int64
    ) throws {
        switch content {
        case .events(let batch): try apply(batch, offset: offset, pages: pages)
        case .definition(let definition):
            try apply(definition, offset: offset, hourOffset: hourOffset(definition), pages: pages)
        case .clockSetBack(let record): try apply(record, offset: offset)
        }
    }
}

extension FoldParameters {
    /// Where hours start in a zone `utcOffsetSeconds` east of UTC: the offset modulo one hour, in microseconds.
    public static func hourOffset(utcOffsetSeconds: Int64) -> Int64 {
        ((utcOffsetSeconds % 3600) + 3600) % 3600 * Microseconds.second
    }
}
