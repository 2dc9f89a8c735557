public import EventModel
internal import Foundation

/// A generation that this process writes, or answers from.
public struct OpenedGeneration: Sendable {
    public var generation: Generation
    public var store: ProjectionStore
    /// nil where somebody else sees to it that nobody writes meanwhile.
    public var right: GenerationRight?
    /// Whether it is of an older fold: it answers and is not folded on, and a generation of this program's versions is
    /// to be built beside it.
    public var isOld = false
    /// Of an old one: the generation that is there already and is to be folded on.
    public var successor: Int64?

    public init(
        generation: Generation, store: ProjectionStore, right: GenerationRight?, isOld: Bool = false,
        successor: Int64? = nil
    ) {
        self.generation = generation
        self.store = store
        self.right = right
        self.isOld = isOld
        self.successor = successor
    }
}

// What a generation goes through. Each change is one replacement of the list, so that it has happened or has not.
extension GenerationDirectory {
    /// Opens the live generation, for who folds it.
    ///
    /// One that is damaged is put aside as `.damaged` and made anew, like one that is not there. One of other versions, of another log or without
    /// the feed that is needed stays and becomes retired: if it can be read it answers until the one that is built
    /// beside it has caught up; otherwise an empty one takes its place at once. One that was prepared takes its place
    /// too.
    ///
    /// - Parameters:
    ///   - restoring: what makes the live store where it is not there or damaged; see ``ProjectionStore/Restoring``.
    ///   - answersFromOld: false where the live one turned out to be of no use.
    /// - Throws: ``GenerationError``; ``StoreError`` when a store cannot be read or made.
    public func open(
        _ needs: StoreHead.Needs, limits: StoreLimits = StoreLimits(), restoring: ProjectionStore.Restoring? = nil,
        answersFromOld: Bool = true, at now: Timestamp
    ) throws -> OpenedGeneration {
        try change(at: now) { list in
            let live = list.live
            let head: StoreHead
            switch try StoreHead.read(path: storePath(live.id)) {
            case .nothing:
                // What was removed by hand is to be folded anew, but for what was prepared.
                if let (ready, right) = candidate(list, needs), ready.job == Generation.upgradeJob {
                    return try take(ready, right, nil, needs, limits, &list, at: now)
                }
                return try go(on: live, needs, limits, restoring, &list)
            case .damaged: return try go(on: live, needs, limits, restoring, &list)
            case .otherFormat: return try replace(live, nil, needs, limits, &list, at: now)
            case .head(let found): head = found
            }
            if head.fits(needs) { return try go(on: live, needs, limits, restoring, &list) }
            return try replace(live, answersFromOld ? head : nil, needs, limits, &list, at: now)
        }
    }

    private func go(
        on live: Generation, _ needs: StoreHead.Needs, _ limits: StoreLimits, _ restoring: ProjectionStore.Restoring?,
        _ list: inout GenerationList
    ) throws -> OpenedGeneration {
        let right = try takeRight(live.id)
        let store = try ProjectionStore.open(
            path: storePath(live.id), needs, limits: limits, restoring: restoring)
        list.change(live.id) { $0.note(needs) }
        return OpenedGeneration(generation: list.live, store: store, right: right)
    }

    /// Instead of a live store that this program cannot go on with.
    /// - Parameter head: nil when it cannot be read.
    private func replace(
        _ live: Generation, _ head: StoreHead?, _ needs: StoreHead.Needs, _ limits: StoreLimits,
        _ list: inout GenerationList, at now: Timestamp
    ) throws -> OpenedGeneration {
        let old = head.flatMap { $0.canBeRead(needs) ? $0 : nil }
        var successor: Int64?
        if let (ready, right) = candidate(list, needs) {
            let isReady = old.map { canTakeOver(ready, from: $0) } ?? true
            if isReady { return try take(ready, right, old, needs, limits, &list, at: now) }
            successor = ready.id
        }
        if old != nil {
            let right = try takeRight(live.id)
            let store = try ProjectionStore.openAsItIs(path: storePath(live.id), limits: limits)
            return OpenedGeneration(generation: live, store: store, right: right, isOld: true, successor: successor)
        }
        makeRoom(&list, at: now)
        let next = try list.add(nil, needs, at: now)
        let right = try takeRight(next.id)
        return try take(next, right, nil, needs, limits, &list, at: now)
    }

    /// Makes one live that was not, in place of one that this program does not go on with.
    /// - Parameter old: what has answered so far; nil when nobody knows how far that was.
    private func take(
        _ next: Generation, _ right: GenerationRight, _ old: StoreHead?, _ needs: StoreHead.Needs,
        _ limits: StoreLimits, _ list: inout GenerationList, at now: Timestamp
    ) throws -> OpenedGeneration {
        let store = try ProjectionStore.open(
            path: storePath(next.id), needs, limits: limits, insteadOf: old == nil ? .otherVersion : nil)
        if let old, try store.answersFrom() < old.nextOffset { try store.answer(from: old.nextOffset) }
        try list.switchLive(to: next.id, at: now)
        return OpenedGeneration(generation: list.live, store: store, right: right)
    }

    /// One that had all of the log lacks what has come since. That must be a moment's work: until it is done nothing is
    /// answered.
    private func canTakeOver(_ next: Generation, from old: StoreHead) -> Bool {
        let behind = old.nextOffset.value - (head(next.id)?.nextOffset.value ?? 0)
        return behind <= (next.state == .level ? Self.recordsInAMoment : 0)
    }

    private static let recordsInAMoment: Int64 = 1000

    /// Removes the oldest retired generation that nobody folds, if there are as many as are kept.
    private func makeRoom(_ list: inout GenerationList, at now: Timestamp) {
        guard list.all.count >= GenerationList.generationsMaximum else { return }
        for id in list.expired(at: now, keepHours: 0) where (try? takeRight(id)) != nil {
            removeFiles(id)
            try? list.remove(id)
            return
        }
    }

    /// The one that this program can go on with and that nobody folds; of several the one that has folded most.
    private func candidate(
        _ list: GenerationList, _ needs: StoreHead.Needs
    ) -> (generation: Generation, right: GenerationRight)? {
        let fitting = list.all.compactMap { generation -> (Generation, LogOffset)? in
            guard generation.state != .live, let head = head(generation.id), head.fits(needs),
                head.nextOffset >= head.answersFrom
            else { return nil }
            return (generation, head.nextOffset)
        }
        for (generation, _) in fitting.sorted(by: { ($0.1, $0.0.id) > ($1.1, $1.0.id) }) {
            if let right = try? takeRight(generation.id) { return (generation, right) }
        }
        return nil
    }

    // MARK: Building

    /// The generation that a job makes: goes on with the one that is there, or adds one.
    ///
    /// - Throws: ``GenerationError`` when somebody else folds it, or there are too many; ``StoreError`` when the store
    ///   cannot be made.
    public func build(
        _ job: String, _ needs: StoreHead.Needs, limits: StoreLimits = StoreLimits(), at now: Timestamp
    ) throws -> OpenedGeneration {
        let (generation, right) = try change(at: now) { list -> (Generation, GenerationRight) in
            let found = list.generation(of: job, needs)
            if found == nil { makeRoom(&list, at: now) }
            let generation = if let found { found } else { try list.add(job, needs, at: now) }
            guard generation.state != .live else { throw GenerationError.isLive(generation.id) }
            return (generation, try takeRight(generation.id))
        }
        try pass("entry added")
        let store = try ProjectionStore.open(path: storePath(generation.id), needs, limits: limits)
        return OpenedGeneration(generation: generation, store: store, right: right)
    }

    /// Opens a generation that is there and fits, in order to fold it on.
    public func follow(
        _ id: Int64, _ needs: StoreHead.Needs, limits: StoreLimits = StoreLimits(), at now: Timestamp
    ) throws -> OpenedGeneration {
        let (generation, right) = try change(at: now) { list -> (Generation, GenerationRight) in
            guard let generation = list[id] else { throw GenerationError.unknown(id) }
            guard let head = head(id), head.fits(needs) else {
                throw GenerationError.cannotGoOn(id)
            }
            return (generation, try takeRight(id))
        }
        return OpenedGeneration(
            generation: generation, store: try ProjectionStore.open(path: storePath(id), needs, limits: limits),
            right: right)
    }

    /// It has had all of the log.
    public func markLevel(_ id: Int64, at now: Timestamp) throws { try change(at: now) { $0.markLevel(id) } }

    /// Lets a retired generation expire at once: whoever folds it removes it at its next look.
    /// - Throws: ``GenerationError`` for one that is not retired.
    public func expire(_ id: Int64, at now: Timestamp) throws {
        try change(at: now) { list in
            guard let found = list[id] else { throw GenerationError.unknown(id) }
            guard found.state == .retired else { throw GenerationError.inUse(id) }
            list.change(id) { $0.retiredAt = .earliest }
        }
    }

    /// Makes a generation live, durably; the one before becomes retired.
    /// - Returns: undoes it.
    @discardableResult
    public func switchLive(to id: Int64, at now: Timestamp) throws -> GenerationSwitch {
        try change(at: now) { list in
            let before = GenerationSwitch(before: list.all.filter { $0.state == .live || $0.id == id })
            try list.switchLive(to: id, at: now)
            return before
        }
    }

    /// Takes back a switch that did not come to its end.
    public func undo(_ change: GenerationSwitch, at now: Timestamp) throws {
        try self.change(at: now) { try $0.restore(change.before) }
    }

    /// Removes a generation and its files.
    /// - Throws: ``GenerationError`` for the live one, and for one that somebody folds.
    public func remove(_ id: Int64, at now: Timestamp) throws {
        try change(at: now) { list in
            guard let found = list[id] else { throw GenerationError.unknown(id) }
            guard found.state != .live else { throw GenerationError.isLive(id) }
            let right = try takeRight(id)
            defer { withExtendedLifetime(right) {} }
            // Files first: an entry without a file is taken away by the next change.
            removeFiles(id)
            try pass("files removed")
            try list.remove(id)
        }
    }

    /// Retired ones that have been kept for long enough, or are too many.
    public func expired(keepHours: Int, at now: Timestamp) throws -> [Int64] {
        hasList ? try read(at: now).list.expired(at: now, keepHours: keepHours) : []
    }
}

/// A switch, for who has to take it back.
public struct GenerationSwitch: Sendable {
    /// The entries of both as they were.
    var before: [Generation]
}

extension Generation {
    /// The store was made anew, or its entry did not know it yet.
    fileprivate mutating func note(_ needs: StoreHead.Needs) {
        versions = needs.versions
        logEpoch = needs.logEpoch
    }
}
