/// How often something happened, so that a test can check that runs really interleave.
final class Tally {
    private var counts: [String: Int] = [:]

    subscript(name: String) -> Int { counts[name] ?? 0 }

    /// Counts a step by its kind, e.g. `.append`.
    func note(_ step: Step) { note(String(step.description.prefix { $0 != "(" })) }

    /// Counts what a step brought about.
    func note(_ name: String) { counts[name, default: 0] += 1 }

    func add(_ other: Tally) { counts.merge(other.counts) { $0 + $1 } }
}
