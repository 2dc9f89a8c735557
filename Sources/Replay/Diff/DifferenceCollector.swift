internal import EventModel
internal import Timeline

/// Counts everything, and keeps the largest differences of each kind: bounded, however many there are.
struct DifferenceCollector {
    /// Most differences of one kind that are kept.
    static let limitMaximum = 1000

    /// A difference, and which hour of its worker has to be explained; nil for none.
    struct Kept {
        var difference: Difference
        var hour: Hour?
    }

    private let limit: Int
    private var counts = DifferenceKind.allCases.map { GenerationDifferences.Count(kind: $0) }
    private var heaps = [[Entry]](repeating: [], count: DifferenceKind.allCases.count)
    private var sequence = 0
    private(set) var notes: [String] = []

    /// Of two of one size the one that was found later leaves first.
    private struct Entry {
        var size: Int64
        var sequence: Int
        var kept: Kept

        func leavesBefore(_ other: Entry) -> Bool {
            size == other.size ? sequence > other.sequence : size < other.size
        }
    }

    init(limit: Int) { self.limit = min(max(0, limit), Self.limitMaximum) }

    mutating func equal(_ kind: DifferenceKind, _ count: Int = 1) { counts[kind.rawValue].equal += Int64(count) }

    /// Counts a difference; `make` is called only when it is among the largest so far.
    mutating func different(_ kind: DifferenceKind, size: Int64, _ make: () throws -> Kept) rethrows {
        counts[kind.rawValue].different += 1
        sequence += 1
        let place = kind.rawValue
        guard heaps[place].count < limit || limit > 0 && heaps[place][0].size < size else { return }
        push(Entry(size: size, sequence: sequence, kept: try make()), place)
    }

    mutating func note(_ text: String) { notes.append(text) }

    var exactCounts: [GenerationDifferences.Count] { counts }

    /// What was kept, largest first.
    var largestFirst: [Kept] {
        heaps.joined().sorted { $1.leavesBefore($0) }.map(\.kept)
    }

    /// The smallest is at the top; it leaves where there is no room.
    private mutating func push(_ entry: Entry, _ place: Int) {
        guard heaps[place].count >= limit else {
            heaps[place].append(entry)
            var child = heaps[place].count - 1
            while child > 0, heaps[place][child].leavesBefore(heaps[place][(child - 1) / 2]) {
                heaps[place].swapAt(child, (child - 1) / 2)
                child = (child - 1) / 2
            }
            return
        }
        heaps[place][0] = entry
        var parent = 0
        while true {
            var first = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heaps[place].count {
                if heaps[place][child].leavesBefore(heaps[place][first]) { first = child }
            }
            if first == parent { return }
            heaps[place].swapAt(parent, first)
            parent = first
        }
    }
}
