public import EventModel
public import ProjectionStore

/// Where a generation stands that is to go on from there.
public struct GenerationPlace: Sendable, Equatable {
    public var generation: Generation
    /// The next record that it needs.
    public var next: LogOffset
}

// Generations as the list and their stores have them, whether somebody folds them at the moment or not.
extension Projector {
    /// The live generation, and the one that was live before it.
    public var liveGeneration: (live: Generation, replaced: Generation?) {
        let live = live.generation
        let listed = listed
        guard let entry = listed.first(where: { $0.id == live.id }) else { return (live, nil) }
        return (entry, entry.replaces.flatMap { id in listed.first { $0.id == id } })
    }

    /// Where all generations stand that still have to read the log: the live one, those that are folded beside it, and
    /// those that were begun and wait, e.g. of a paused job after a start.
    public var places: [GenerationPlace] {
        let (live, beside) = state.withLock { ($0.live, $0.beside) }
        let listed = listed
        let folded = ([live] + beside).filter { !$0.isOld }.map { fold in
            var generation = listed.first { $0.id == fold.id } ?? fold.generation
            if fold === live { generation.state = .live }
            return GenerationPlace(generation: generation, next: fold.run.shared.nextOffset)
        }
        let waiting = listed.filter { generation in
            [.building, .level].contains(generation.state) && fits(generation)
                && !folded.contains { $0.generation.id == generation.id }
        }
        return folded
            + waiting.compactMap { generation in
                next(of: generation.id).map { GenerationPlace(generation: generation, next: $0) }
            }
    }

    /// How far the generation of a job is that nobody folds at the moment; nil when there is none.
    func waiting(ofJob job: String) -> GenerationProgress? {
        guard let found = listed.last(where: { $0.job == job && fits($0) }), let next = next(of: found.id) else {
            return nil
        }
        return GenerationProgress(
            generation: found.id, state: found.state, next: next, end: max(next, live.progress.logEnd), events: 0,
            startedAt: found.createdAt, eventsPerSecond: 0, isLevel: false, failure: nil, isFolded: false)
    }

    /// None while there is only one store.
    private var listed: [Generation] { generations.hasList ? (try? generations.list()) ?? [] : [] }

    private func fits(_ generation: Generation) -> Bool {
        generation.versions == needs.versions && generation.logEpoch == needs.logEpoch
    }

    /// What the store of a generation that nobody folds says, read once: nobody moves it on meanwhile.
    private func next(of id: Int64) -> LogOffset? {
        if let known = waitingAt.withLock({ $0[id] }) { return known }
        guard let head = generations.head(id) else { return nil }
        waitingAt.withLock { $0[id] = head.nextOffset }
        return head.nextOffset
    }
}
