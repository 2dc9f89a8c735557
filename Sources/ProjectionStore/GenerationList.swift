internal import EventModel

/// The generations of one partition and which of them is live: a value, so that every change is one step from one
/// sound list to another.
struct GenerationList: Sendable, Equatable {
    /// By id; exactly one is live.
    private(set) var all: [Generation]
    private(set) var nextID: Int64

    /// Kept beside the live one at most: a disk has room for so many.
    static let generationsMaximum = 8
    /// Retired ones beyond this are removed, the oldest first, however young they are.
    static let retiredMaximum = 2

    /// A list of one.
    init(live: Generation) {
        all = [live]
        nextID = live.id + 1
        all[0].state = .live
    }

    /// - Returns: nil unless exactly one is live, and every id is used once, and none is to be used again.
    init?(_ generations: [Generation], nextID: Int64) {
        let ids = Set(generations.map(\.id))
        guard generations.count(where: { $0.state == .live }) == 1, ids.count == generations.count,
            ids.allSatisfy({ $0 > 0 && $0 < nextID })
        else { return nil }
        all = generations.sorted { $0.id < $1.id }
        self.nextID = nextID
    }

    /// Whether it says no more than that there is one store.
    var isPlain: Bool { all.count == 1 && all[0].id == 1 && nextID == 2 && all[0].job == nil }

    var live: Generation {
        guard let live = all.first(where: { $0.state == .live }) else {
            preconditionFailure("a list has exactly one live generation")
        }
        return live
    }

    subscript(id: Int64) -> Generation? { all.first { $0.id == id } }

    /// What a job has made with these needs, unless it is of no more use.
    func generation(of job: String, _ needs: StoreHead.Needs) -> Generation? {
        all.last { $0.job == job && $0.versions == needs.versions && $0.logEpoch == needs.logEpoch }
    }

    // MARK: Changes

    /// Adds one.
    /// - Throws: ``GenerationError`` when there are too many.
    mutating func add(
        _ job: String?, _ needs: StoreHead.Needs, at now: Timestamp
    ) throws(GenerationError) -> Generation {
        guard all.count < Self.generationsMaximum else { throw .tooMany(Self.generationsMaximum) }
        let added = Generation(
            id: nextID, state: .building, versions: needs.versions, logEpoch: needs.logEpoch, job: job, createdAt: now)
        nextID += 1
        all.append(added)
        return added
    }

    mutating func change(_ id: Int64, _ body: (inout Generation) -> Void) {
        guard let index = all.firstIndex(where: { $0.id == id }) else { return }
        let state = all[index].state
        body(&all[index])
        precondition((all[index].state == .live) == (state == .live), "only a switch changes what is live")
    }

    mutating func markLevel(_ id: Int64) { change(id) { if $0.state == .building { $0.state = .level } } }

    /// Makes another one live; the one before is retired, and known as what was replaced.
    mutating func switchLive(to id: Int64, at now: Timestamp) throws(GenerationError) {
        guard let next = all.firstIndex(where: { $0.id == id }) else { throw .unknown(id) }
        let before = live.id
        guard before != id else { return }
        for index in all.indices where all[index].id == before {
            all[index].state = .retired
            all[index].retiredAt = now
        }
        all[next].state = .live
        all[next].retiredAt = nil
        all[next].replaces = before
    }

    /// Puts back entries as they were, the live one among them.
    mutating func restore(_ entries: [Generation]) throws(GenerationError) {
        for entry in entries where self[entry.id] == nil { throw .unknown(entry.id) }
        precondition(entries.contains { $0.state == .live }, "a switch concerns the live generation")
        let kept = all.filter { entry in !entries.contains { $0.id == entry.id } }.map { entry in
            var entry = entry
            if entry.state == .live { entry.state = .retired }
            return entry
        }
        all = (kept + entries).sorted { $0.id < $1.id }
    }

    /// - Throws: ``GenerationError`` for the live one.
    mutating func remove(_ id: Int64) throws(GenerationError) {
        guard let found = self[id] else { throw .unknown(id) }
        guard found.state != .live else { throw .isLive(id) }
        all.removeAll { $0.id == id }
        for index in all.indices where all[index].replaces == id { all[index].replaces = nil }
    }

    /// Takes in a store that no entry knows: it is kept as retired.
    mutating func adopt(_ found: Generation, at now: Timestamp) {
        var adopted = found
        adopted.state = .retired
        adopted.retiredAt = now
        all.append(adopted)
        all.sort { $0.id < $1.id }
        nextID = max(nextID, found.id + 1)
    }

    /// Retired ones that have been kept for long enough, or are too many.
    func expired(at now: Timestamp, keepHours: Int) -> [Int64] {
        let retired = all.filter { $0.state == .retired }
            .sorted { ($0.retiredAt ?? $0.createdAt) < ($1.retiredAt ?? $1.createdAt) }
        let surplus = retired.prefix(max(0, retired.count - Self.retiredMaximum)).map(\.id)
        let old = retired.filter {
            ($0.retiredAt ?? $0.createdAt).microseconds <= now.microseconds - Int64(keepHours) * 3_600_000_000
        }
        return Array(Set(surplus + old.map(\.id))).sorted()
    }
}
