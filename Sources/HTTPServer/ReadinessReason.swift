/// Something that keeps a process from serving everything as it should; `/readyz` and `/health` name it (SPEC 8.2).
public struct ReadinessReason: Sendable, Equatable {
    /// What it means for requests.
    public enum Effect: Sendable, Equatable {
        /// The process still starts: it is not ready yet.
        case starting
        /// The process runs, and refuses what it is for: not ready, although it has been, or serves part of its requests.
        case failing
        /// Everything is served, but somebody should look: ready.
        case degraded
    }

    public var effect: Effect
    /// One sentence for an operator: what, why, and where there is one the command to run.
    public var text: String

    public init(_ effect: Effect, _ text: String) {
        self.effect = effect
        self.text = text
    }
}
