public import Observability

/// Why something cannot be done with the generations of a partition.
public struct GenerationError: OperatorError, Equatable {
    /// Not an enum, so that codes can be added.
    public struct Code: Hashable, Sendable {
        let name: String
        /// There is none with that id, or of that job.
        public static let unknown = Code(name: "generation_unknown")
        /// Questions are answered from it.
        public static let isLive = Code(name: "generation_live")
        /// Somebody folds it.
        public static let inUse = Code(name: "generation_in_use")
        /// There are as many as are kept.
        public static let tooMany = Code(name: "generations_too_many")
        /// The list of generations cannot be read or written.
        public static let unavailable = Code(name: "generations_unavailable")
    }

    public var code: Code
    public var message: String
    public var hint: String?
    public var isRetriable: Bool { code == .inUse || code == .unavailable }
    public var name: String { code.name }

    init(_ code: Code, _ message: String, hint: String? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
    }

    static func unknown(_ id: Int64) -> GenerationError {
        GenerationError(
            .unknown, "there is no generation \(id)", hint: "andon generation list shows those that are there")
    }

    static func isLive(_ id: Int64) -> GenerationError {
        GenerationError(
            .isLive, "generation \(id) is live: questions are answered from it",
            hint: "promote another one, or roll back, first")
    }

    static func inUse(_ id: Int64) -> GenerationError {
        GenerationError(
            .inUse, "generation \(id) is being folded", hint: "end or cancel what folds it, or wait for it")
    }

    static func cannotGoOn(_ id: Int64) -> GenerationError {
        GenerationError(
            .unknown, "generation \(id) is damaged, or of other versions or another log: no fold goes on with it",
            hint: "andon generation remove takes it away")
    }

    static func tooMany(_ maximum: Int) -> GenerationError {
        GenerationError(
            .tooMany, "\(maximum) generations are there already",
            hint: "andon generation remove takes away one that is not needed")
    }

    static func unavailable(_ path: String, _ reason: String) -> GenerationError {
        GenerationError(
            .unavailable, "the list of generations at \(path) cannot be used: \(reason)",
            hint: "check the disk, and who owns the folder")
    }

    static func newer(_ path: String) -> GenerationError {
        GenerationError(
            Code(name: "generations_newer"), "the list of generations at \(path) was written by a newer program",
            hint: "use the newer program")
    }
}
