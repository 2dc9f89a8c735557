internal import EventModel
package import Timeline

/// Follows the sums of a window back through what was known: from one created_at to the one before (SPEC 7.7).
///
/// The first state is computed as for any question. From there on each step derives only the stretches that it moved, so
/// a step costs what its events reach, not the whole window. While the window was not over, its end moves with the time
/// of the step, and one step costs a look at every worker's state.
package struct KnowledgeWalk {
    /// Whose sums are followed.
    package enum Subject: Equatable, Sendable {
        case worker(UInt32)
        case workstation(UInt32)
        case factory
    }

    /// The followed sums.
    package enum Sums: Equatable, Sendable {
        /// Of a worker or a workstation.
        case entity(StateSums)
        case factory(FactoryTotals)
    }

    private let site: SiteFold
    private let reader: any ProjectionReader
    private let subject: Subject
    /// The window, to its end when it was over.
    private let range: Range<Int64>
    /// Workers whose states move the sums.
    private let concerned: [UInt32]
    private var workers: [StateSums] = []
    private var stations: [StateSums] = []
    /// Sums are those of a question with this known_at.
    private var knownAt: Int64
    /// E of SPEC 5.1.
    package private(set) var end: Int64

    /// - Parameters:
    ///   - concerned: workers who were seen; for a worker himself.
    ///   - createdAt: where the walk begins; after the begin of the range.
    package init(
        _ site: SiteFold, _ reader: any ProjectionReader, of subject: Subject, in range: Range<Int64>,
        concerned: [UInt32], from createdAt: Int64
    ) throws {
        self.site = site
        self.reader = reader
        self.subject = subject
        self.range = range
        self.concerned = concerned
        knownAt = createdAt
        end = min(range.upperBound, createdAt)
        try computeSums()
    }

    package var window: Window { Window(from: range.lowerBound, end: end) }

    /// What the question knows.
    package var view: KnowledgeView { site.view(knownAt: Timestamp(microseconds: knownAt)) }

    package var sums: Sums {
        switch subject {
        case .worker(let worker): .entity(workers[Int(worker)])
        case .workstation(let station): .entity(stations[Int(station)])
        case .factory: .factory(totals)
        }
    }

    private var totals: FactoryTotals {
        var totals = FactoryTotals()
        for sums in workers {
            totals.working += Int128(sums.working)
            totals.idle += Int128(sums.idle)
            totals.absent += Int128(sums.absent)
            totals.units += Int128(sums.units)
            if sums.observed > 0 { totals.activeWorkers += 1 }
        }
        totals.activeStations = stations.count { $0.present > 0 }
        return totals
    }

    private mutating func computeSums() throws {
        guard case .worker(let worker) = subject else {
            let figures = try site.figures(window, view, [.workers, .stations], reader)
            (workers, stations) = (figures.workers, figures.stations)
            return
        }
        workers = Array(repeating: StateSums(), count: site.workers.count)
        stations = Array(repeating: StateSums(), count: site.stations.count)
        try add(worker, range.lowerBound..<end, view, sign: 1)
    }

    /// Goes to what was known just before the step; the end of the window stays.
    ///
    /// - Precondition: the walk stands at the step's created_at.
    /// - Returns: the changes of those workers whose events moved the sums; with a definition, all of them.
    package mutating func unlearn(_ step: KnowledgeStep) throws -> [WorkerChange] {
        let after = view
        knownAt = step.createdAt - 1
        guard step.definition == nil else {
            try computeSums()
            return step.changes
        }
        let before = view
        return try step.changes.filter { change in
            let reach = change.hasStates ? max(change.last + 1, change.last + after.ttl) : change.last + 1
            let start = max(range.lowerBound, change.first.time)
            let moved = start..<max(start, min(end, reach))
            let old = moving(change.worker)
            try add(change.worker, moved, after, sign: -1)
            try add(change.worker, moved, before, sign: 1)
            return moving(change.worker) != old
        }
    }

    /// What a change of one worker can move.
    private struct Moving: Equatable {
        var sums: StateSums?
        var activeStations: Int?
    }

    private func moving(_ worker: UInt32) -> Moving {
        switch subject {
        case .worker(let worker): Moving(sums: workers[Int(worker)])
        case .workstation(let station): Moving(sums: stations[Int(station)])
        case .factory:
            Moving(sums: workers[Int(worker)], activeStations: stations.count { $0.present > 0 })
        }
    }

    /// Goes back to the time of the next step: nothing else became known between.
    package mutating func goBack(to createdAt: Int64) throws {
        let earlier = max(range.lowerBound, min(range.upperBound, createdAt))
        // What was known at the later time: events that a camera's clock put ahead lie beyond the earlier end.
        if earlier < end {
            let known = view
            for worker in concerned { try add(worker, earlier..<end, known, sign: -1) }
        }
        end = earlier
        knownAt = createdAt
    }

    /// Adds what a worker did in `part`, or takes it away.
    private mutating func add(_ worker: UInt32, _ part: Range<Int64>, _ view: KnowledgeView, sign: Int64) throws {
        guard !part.isEmpty else { return }
        try site.derive(
            worker, from: part.lowerBound, to: part.upperBound, view, reader,
            interval: { owner, start, end in
                let length = sign * (end - start)
                workers[Int(worker)].add(owner.type, length)
                guard owner.type != .absent else { return }
                stations[Int(site.origin(owner.origin).station)].add(owner.type, length)
            },
            count: { entry in
                workers[Int(worker)].units += sign * entry.count
                stations[Int(site.origin(entry.origin).station)].units += sign * entry.count
            })
    }
}
