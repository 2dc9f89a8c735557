/// What the file of a write-ahead log holds, as far as SQLite will read it and beyond.
///
/// SQLite reads frames up to the first one whose checksum is wrong and drops all that follow. That is right for a
/// transaction that was being written when the machine went down, and wrong when something else changed the file.
public struct WriteAheadLogSurvey: Equatable, Sendable {
    /// Whether the file's header is not what was written; then SQLite reads none of its frames.
    public var isHeaderDamaged = false
    /// Frames up to the end of the last transaction that SQLite reads.
    public var committedFrames = 0
    /// The first frame that is not what was written, from 1; nil when all of this round are.
    public var damagedFrame: Int?
    /// Transactions that end in the damaged frame or behind it: SQLite does not read them.
    public var transactionsBeyond = 0
    /// Whether frames follow the first of them. A transaction begins when the one before it is durable, so something was
    /// acknowledged that SQLite does not read.
    public var isDamaged = false

    /// Reads the write-ahead log of the database at `path`.
    /// - Returns: nil when there is none, or an empty one.
    /// - Throws: when the file cannot be read.
    public static func ofDatabase(at path: String, pageBytes: Int) throws -> WriteAheadLogSurvey? {
        guard var file = try WriteAheadLogFile(ofDatabaseAt: path, pageBytes: pageBytes) else { return nil }
        var survey = WriteAheadLogSurvey(isHeaderDamaged: !file.isHeaderSound)
        /// The round has ended, unless another of its frames follows: then this one was one of them.
        var foreignFrame: Int?
        try file.forEachFrame { frame in
            guard frame.isOfThisRound else {
                foreignFrame = foreignFrame ?? frame.number
                return
            }
            if survey.damagedFrame == nil, let foreignFrame { survey.damagedFrame = foreignFrame }
            if survey.damagedFrame == nil, !frame.isSound { survey.damagedFrame = frame.number }
            guard survey.damagedFrame != nil || survey.isHeaderDamaged else {
                if frame.endsTransaction { survey.committedFrames = frame.number }
                return
            }
            if survey.transactionsBeyond > 0 { survey.isDamaged = true }
            if frame.endsTransaction { survey.transactionsBeyond += 1 }
        }
        if survey.isHeaderDamaged, survey.transactionsBeyond > 0 { survey.isDamaged = true }
        return survey
    }
}
