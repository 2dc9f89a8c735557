internal import EventModel

/// Why two generations cannot be compared.
extension ReplayError {
    static func otherPositions(live: LogOffset, new: LogOffset) -> ReplayError {
        ReplayError(
            .otherPositions, "the live generation stands at offset \(live.value), the new one at \(new.value)",
            hint: "generations are compared at one position: let the one that is behind catch up, then compare again",
            isRetriable: true)
    }

    static let otherLogs = ReplayError(
        .otherLogs, "the two generations were folded from different logs",
        hint: "compare two folds of the same log")

    static func otherFormat(_ path: String) -> ReplayError {
        ReplayError(
            .otherFormat, "the projections at \(path) have tables of another version",
            hint: "compare with the program that made them, or fold the log anew with this one")
    }

    static func stillDeriving(_ site: SiteID, _ generation: String) -> ReplayError {
        ReplayError(
            .stillDeriving,
            "the \(generation) generation still derives the hours of \(site.text) again after a definition",
            hint: "compare again when it is through", isRetriable: true)
    }

    static let foreignRow = ReplayError(
        .foreignRow, "a row names an id that its store does not have",
        hint: "the store is damaged: fold the log anew")
}
