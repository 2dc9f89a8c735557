/// Did you mean …? The closest known word, if it is close enough to be a typing error.
public enum Suggestion {
    /// The closest known word that `word` may be a typing error for; nil if none is close.
    public static func nearest(to word: String, among known: some Sequence<String>) -> String? {
        let typed = Array(word.utf8)
        guard !typed.isEmpty, typed.count <= 64 else { return nil }
        let allowed = max(1, typed.count / 3)
        return known.map { (distance: distance(typed, Array($0.utf8)), word: $0) }
            .filter { $0.distance <= allowed || $0.word.hasPrefix(word) }
            .min { ($0.distance, $0.word) < ($1.distance, $1.word) }?
            .word
    }

    /// Number of insertions, deletions, substitutions and swaps of neighbours that turn one word into the other.
    public static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for row in left.indices {
            var current = [row + 1]
            for column in right.indices {
                let same = left[row] == right[column]
                var best = min(last[column + 1] + 1, current[column] + 1, last[column] + (same ? 0 : 1))
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    best = min(best, beforeLast[column - 1] + 1)
                }
                current.append(best)
            }
            (beforeLast, last) = (last, current)
        }
        return last[right.count]
    }
}
