internal import EventModel

/// Why a fold cannot go on. What was applied of the record at hand must be thrown away: open the store again.
public struct TimelineError: Error, CustomStringConvertible, Sendable {
    /// Open: more codes can come.
    public struct Code: Hashable, Sendable {
        enum Name: Sendable { case gap, missingPage, tooManyOrigins, corruptPage, tooLong }
        let name: Name
        /// The log skipped offsets (SPEC 7.4).
        public static let gap = Code(name: .gap)
        /// The store lacks a page that it must have.
        public static let missingPage = Code(name: .missingPage)
        /// More combinations of station, camera and model version than a site can have.
        public static let tooManyOrigins = Code(name: .tooManyOrigins)
        /// Stored bytes that are not a page.
        public static let corruptPage = Code(name: .corruptPage)
        /// A question took longer than the store may be held for it.
        public static let tooLong = Code(name: .tooLong)
    }

    public var code: Code
    public var message: String
    public var description: String { message }

    static func gap(expected: LogOffset, found: LogOffset) -> TimelineError {
        TimelineError(
            code: .gap, message: "the log skips from offset \(expected.value) to \(found.value): records are missing")
    }

    static func missingPage(_ site: SiteID, line: LineIndex, key: EventKey) -> TimelineError {
        TimelineError(
            code: .missingPage,
            message: "the store of site \(site) has no page of line \(line.value) for key \(key.rawValue): "
                + "rebuild the projections")
    }

    static func tooManyOrigins(_ site: SiteID) -> TimelineError {
        TimelineError(
            code: .tooManyOrigins,
            message: "site \(site) has more than \(PackedDetail.originsMaximum) cameras and model versions")
    }

    /// For readers that give up a question so that the write-ahead log stays short (DESIGN 1.9).
    public static let tooLong = TimelineError(
        code: .tooLong, message: "the question takes too long; ask for a shorter window")

    static func corruptPage(_ what: String) -> TimelineError {
        TimelineError(code: .corruptPage, message: "a stored page is damaged (\(what)): rebuild the projections")
    }
}
