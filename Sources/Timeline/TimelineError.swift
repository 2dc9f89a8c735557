public import EventModel

/// Why a fold cannot continue. It may have applied the current record in part: discard it and open the store again.
public struct TimelineError: Error, CustomStringConvertible, Sendable {
    /// Not an enum, so that codes can be added.
    public struct Code: Hashable, Sendable {
        enum Name: Sendable { case gap, missingPage, tooManyOrigins, corruptPage, tooLong }
        let name: Name
        /// The log skipped offsets (SPEC 7.4).
        public static let gap = Code(name: .gap)
        /// The store lacks a required page or definition.
        public static let missingPage = Code(name: .missingPage)
        /// More combinations of station, camera and model version than the maximum per site.
        public static let tooManyOrigins = Code(name: .tooManyOrigins)
        /// Stored bytes that are not a valid page.
        public static let corruptPage = Code(name: .corruptPage)
        /// A question took longer than it may hold the store.
        public static let tooLong = Code(name: .tooLong)
    }

    public var code: Code
    public var message: String
    public var description: String { message }

    /// A jump over offsets that nobody has declared.
    public static func gap(expected: LogOffset, found: LogOffset) -> TimelineError {
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

    static func missingDefinition(_ site: SiteID, _ sequence: Int) -> TimelineError {
        TimelineError(
            code: .missingPage,
            message: "the store of site \(site) has no definition \(sequence + 1): rebuild the projections")
    }

    /// For readers that abort a question to keep the write-ahead log short (DESIGN 1.9).
    public static let tooLong = TimelineError(
        code: .tooLong, message: "the question takes too long; ask for a shorter window")

    /// A stored row names something that the site does not have.
    static func foreignRow(_ site: SiteID) -> TimelineError {
        TimelineError(code: .corruptPage, message: "a stored row of site \(site) names what the site does not have")
    }

    static func repeatedID(_ site: SiteID) -> TimelineError {
        TimelineError(code: .corruptPage, message: "an id of site \(site) is stored twice: rebuild the projections")
    }

    static func corruptPage(_ what: String) -> TimelineError {
        TimelineError(code: .corruptPage, message: "a stored page is damaged (\(what)): rebuild the projections")
    }
}
