internal import EventModel
public import Observability

/// Why two generations cannot be compared.
public struct ComparisonError: OperatorError {
    public var name: String
    public var message: String
    public var hint: String?
    public var isRetriable: Bool

    init(_ name: String, _ message: String, hint: String? = nil, isRetriable: Bool = false) {
        self.name = name
        self.message = message
        self.hint = hint
        self.isRetriable = isRetriable
    }

    static func otherPositions(live: LogOffset, new: LogOffset) -> ComparisonError {
        ComparisonError(
            "comparison_positions", "the live generation stands at offset \(live.value), the new one at \(new.value)",
            hint: "generations are compared at one position: let the one that is behind catch up, then compare again",
            isRetriable: true)
    }

    static let otherLogs = ComparisonError(
        "comparison_logs", "the two generations were folded from different logs",
        hint: "compare two folds of the same log")

    static func otherFormat(_ path: String) -> ComparisonError {
        ComparisonError(
            "comparison_format", "the projections at \(path) have tables of another version",
            hint: "compare with the program that made them, or fold the log anew with this one")
    }

    static func stillDeriving(_ site: SiteID, _ generation: String) -> ComparisonError {
        ComparisonError(
            "comparison_deriving",
            "the \(generation) generation still derives the hours of \(site.text) again after a definition",
            hint: "compare again when it is through", isRetriable: true)
    }

    static let foreignRow = ComparisonError(
        "comparison_damaged", "a row names an id that its store does not have",
        hint: "the store is damaged: fold the log anew")
}
