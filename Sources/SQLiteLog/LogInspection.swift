public import EventLog
public import EventModel
internal import Foundation
internal import SQLite

/// What lies at the path of a log, found without writing anything to it, and whether all that was acknowledged is there.
///
/// An open for writing comes after it: SQLite then copies the write-ahead log into the file and removes it, together with
/// whatever stood behind a damaged frame.
public struct LogInspection: Equatable, Sendable {
    /// nil when there is no log yet.
    public var epoch: LogEpoch?
    public var end: LogOffset
    /// Whether the write-ahead log ends with a transaction that is not whole, and that nobody was told of.
    public private(set) var hasTornTransaction = false

    /// How far projections have folded a log; nil when unknown.
    public typealias FoldedTo = @Sendable (LogEpoch) -> LogOffset?

    /// Inspects the log at a path.
    /// - Throws: ``LogError`` `.corrupt` for a log that is damaged, or that lacks records which were acknowledged or
    ///   folded; `.unavailable` when it cannot be read.
    public init(path: String, foldedTo: FoldedTo = { _ in nil }) throws(LogError) {
        let survey: WriteAheadLogSurvey?
        do { survey = try WriteAheadLogSurvey.ofDatabase(at: path, pageBytes: LogFormat.pageBytes) } catch {
            throw LogError(
                .unavailable, "cannot read \(path)-wal: \((error as NSError).localizedDescription)",
                hint: "check the owner and mode of the file and of its folder")
        }
        let known = AcknowledgedEnd.read(log: path)
        guard Self.bytes(path) > 0 else {
            guard survey == nil, known.map({ $0.end == .zero }) ?? true else {
                throw Self.missing(path, known)
            }
            (epoch, end) = (nil, .zero)
            return
        }
        let found: LogInspection?
        do throws(LogError) { found = try Self.read(path, alone: survey == nil) } catch {
            guard let survey, survey.isDamaged else { throw error }
            throw Self.damaged(path, survey, nil, known, nil)
        }
        let folded = (found?.epoch ?? known?.epoch).flatMap(foldedTo)
        let isShort = max(known?.end ?? .zero, folded ?? .zero) > found?.end ?? .zero
        // Of the newest transaction alone nobody can say whether it was acknowledged, but for the end that was noted.
        let isInDoubt = (survey?.transactionsBeyond ?? 0) > 0
        if let survey, survey.isDamaged || isInDoubt && (isShort || known == nil) {
            throw Self.damaged(path, survey, found?.end ?? .zero, known, folded)
        }
        if let known, let epoch = found?.epoch, known.epoch != epoch { throw Self.another(path, epoch, known) }
        if isShort { throw Self.shorter(path, found?.end ?? .zero, known, folded) }
        self = found ?? LogInspection(epoch: nil, end: .zero)
        hasTornTransaction = isInDoubt
    }

    private init(epoch: LogEpoch?, end: LogOffset) {
        self.epoch = epoch
        self.end = end
    }

    private static func bytes(_ path: String) -> Int64 {
        (try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? Int64 ?? 0
    }

    /// - Parameter alone: there is no write-ahead log; then not even an empty one is made.
    /// - Returns: nil for a file without tables.
    private static func read(_ path: String, alone: Bool) throws(LogError) -> LogInspection? {
        do {
            let connection = try Connection(path: path, alone ? ConnectionOptions(mode: .fileAlone) : .reader)
            guard try !LogFormat.isEmpty(connection) else { return nil }
            let session = try ReadSession(connection)
            let end = try session.endOffset()
            try session.checkNewest(before: end)
            return LogInspection(epoch: session.epoch, end: end)
        } catch { throw LogError(error, whileDoing: "open", at: path) }
    }

    // MARK: Words

    private static func missing(_ path: String, _ known: AcknowledgedEnd.Content?) -> LogError {
        let what = known.map { "\($0.end.value) records were acknowledged" } ?? "its write-ahead log is there"
        return LogError(
            .corrupt, "\(path) is missing or empty, but \(what)",
            hint: "put the file back; or \(LogAdvice.salvage(path)); or \(LogAdvice.renew(path))")
    }

    private static func another(_ path: String, _ epoch: LogEpoch, _ known: AcknowledgedEnd.Content) -> LogError {
        LogError(
            .corrupt, "\(path) is log \(epoch), but the records acknowledged here are those of log \(known.epoch)",
            hint: "put the right file back, and move this one into a data directory of its own; or "
                + LogAdvice.renew(path))
    }

    private static func shorter(
        _ path: String, _ end: LogOffset, _ known: AcknowledgedEnd.Content?, _ folded: LogOffset?
    ) -> LogError {
        LogError(
            .corrupt, "\(path) ends at offset \(end.value), but \(beyond(end, known, folded))",
            hint: "its write-ahead log was removed, or it was replaced by an older copy: put back what is missing; or "
                + LogAdvice.salvage(path))
    }

    private static func damaged(
        _ path: String, _ survey: WriteAheadLogSurvey, _ end: LogOffset?, _ known: AcknowledgedEnd.Content?,
        _ folded: LogOffset?
    ) -> LogError {
        let place = survey.isHeaderDamaged ? "the header" : "frame \(survey.damagedFrame ?? survey.committedFrames + 1)"
        let good = end.map { "; \($0.value) records before it are sound" } ?? ""
        let lost = end.map {
            max(known?.end ?? .zero, folded ?? .zero) > $0 ? ", but \(beyond($0, known, folded))" : ""
        }
        let count = survey.transactionsBeyond
        let behind = count == 1 ? "a transaction stands" : "\(count) transactions stand"
        return LogError(
            .corrupt,
            "\(path)-wal: \(place) is not what was written, and \(behind) behind it" + good + (lost ?? ""),
            hint: "nothing was changed; " + LogAdvice.salvage(path))
    }

    private static func beyond(
        _ end: LogOffset, _ known: AcknowledgedEnd.Content?, _ folded: LogOffset?
    ) -> String {
        var words: [String] = []
        if let known, known.end > end { words.append("\(known.end.value - end.value) more were acknowledged") }
        if let folded, folded > end { words.append("the projections know \(folded.value - end.value) more") }
        return words.joined(separator: " and ")
    }
}
