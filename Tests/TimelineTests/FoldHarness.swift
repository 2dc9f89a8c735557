// Layer: simulation. Drives a fold as a process would: commits that are taken, written and finished in steps, pages that
// leave memory, restarts at the stored position, buckets derived again in slices.
import EventModel
import SimulationKit

@testable import Timeline

/// How a log is folded. None of it may show in any answer (SPEC 4.5, 7.1).
struct FoldOptions: CustomStringConvertible {
    /// Records between commits; 0: never.
    var commitEvery = 0
    /// Records between taking a commit and its being durable.
    var commitDelay = 0
    /// Drops every page that may leave after each commit.
    var evicts = false
    /// Commits between restarts from the store; 0: never.
    var restartEvery = 0
    /// Pages of each slice of deriving buckets again; 0: never while records come.
    var slicePages = 1
    /// Records between slices.
    var sliceEvery = 1
    /// Whether buckets are made to the end before questions come.
    var finishesSlices = true

    init() {}

    init(seed: UInt64) {
        var generator = SeededGenerator(seed: seed ^ 0xf01d)
        commitEvery = generator.pick([0, 1, 2, 3, 7])
        commitDelay = generator.pick(0...2)
        evicts = generator.chance(60)
        restartEvery = generator.pick([0, 0, 1, 2])
        slicePages = generator.pick([0, 1, 1, 3, 1000])
        sliceEvery = generator.pick(1...3)
        finishesSlices = generator.chance(70)
    }

    var description: String {
        "commit every \(commitEvery) delay \(commitDelay) evicts \(evicts) restart every \(restartEvery)"
            + " slices of \(slicePages) every \(sliceEvery) finishes \(finishesSlices)"
    }
}

/// A fold, its store and what was seen on the way.
final class FoldHarness {
    private(set) var fold = PartitionFold()
    private(set) var store = MemoryProjections()
    private(set) var restarts = 0
    /// Records that were folded while buckets were being derived again.
    private(set) var recordsDuringRederiving = 0

    private let records: [RecordContent]
    private let options: FoldOptions
    private var stored: [PartitionFold.StoredSite] = []
    private var storedDefinitions: [[StoredDefinition]] = []
    private var storedOffset = LogOffset.zero
    private var storedPages: Int64 = 0
    private var storedGeneration: UInt64 = 0
    private var commits = 0
    private var inFlight: CommitInFlight?
    private var inFlightAge = 0

    init(_ records: [RecordContent], _ options: FoldOptions = FoldOptions()) throws {
        self.records = records
        self.options = options
        var steps = 0
        while fold.nextOffset.value < records.count {
            try step(steps)
            steps += 1
        }
        if options.finishesSlices { try finishSlices() }
    }

    convenience init(_ scenario: RandomScenario, _ options: FoldOptions = FoldOptions()) throws {
        try self.init(scenario.records.map(\.content), options)
    }

    private func step(_ number: Int) throws {
        let offset = fold.nextOffset
        if fold.isRederiving { recordsDuringRederiving += 1 }
        try fold.apply(records[Int(offset.value)], offset: offset, pages: store) { RandomScenario.hourOffset(of: $0) }
        if options.slicePages > 0, number % options.sliceEvery == 0 {
            try fold.rederive(pageLimit: options.slicePages, pages: store)
        }
        if inFlight != nil {
            inFlightAge += 1
            if inFlightAge > options.commitDelay { try finishCommit() }
        } else if options.commitEvery > 0, number % options.commitEvery == 0 {
            inFlight = fold.takeCommit()
            inFlightAge = 0
            if options.commitDelay == 0 { try finishCommit() }
        }
    }

    private func finishCommit() throws {
        guard let commit = inFlight.take() else { return }
        store.apply(commit.set)
        remember(commit.set)
        fold.finishCommit(commit)
        if options.evicts { fold.evict(.init(tailBytes: 0, otherBytes: 0)) }
        commits += 1
        if options.restartEvery > 0, commits % options.restartEvery == 0 { try restart() }
    }

    /// What a store keeps of a commit beside pages and hours.
    private func remember(_ set: CommitSet) {
        storedOffset = set.nextOffset
        storedPages = set.pageCount
        storedGeneration = set.generation
        for site in set.sites {
            while stored.count <= Int(site.index) {
                stored.append(PartitionFold.StoredSite(siteID: site.siteID))
                storedDefinitions.append([])
            }
            let index = Int(site.index)
            stored[index].workers += site.workers
            stored[index].stations += site.stations
            stored[index].names += site.names
            stored[index].origins += site.origins
            storedDefinitions[index] += site.definitions
            stored[index].state = site.state
        }
    }

    /// Goes on from the store alone, as after kill −9: what was folded since is folded again.
    private func restart() throws {
        for index in stored.indices {
            stored[index].activity = try activity(of: UInt32(index))
            stored[index].lines = store.lines(of: UInt32(index))
            let definitions = storedDefinitions[index]
            stored[index].forEachDefinition = { body in for definition in definitions { try body(definition) } }
        }
        fold = try PartitionFold(
            nextOffset: storedOffset, generation: storedGeneration, pageCount: storedPages, sites: stored,
            fingerprint: nil)
        restarts += 1
    }

    /// What a store reads from its rows of stations.
    private func activity(of site: UInt32) throws -> [UInt32: PartitionFold.StationActivity] {
        var result: [UInt32: PartitionFold.StationActivity] = [:]
        try store.forEachHour(site: site, .workstation, Hour(Int64.min)..<Hour(Int64.max)) { station, row in
            var activity =
                result[station] ?? .init(oldestHour: row.hour, newest: .none, withdrawn: 0)
            activity.oldestHour = min(row.hour, activity.oldestHour)
            activity.newest.note(row.newest)
            activity.withdrawn += row.withdrawn
            result[station] = activity
        }
        return result
    }

    func finishSlices() throws {
        while fold.isRederiving { try fold.rederive(pageLimit: 1, pages: store) }
    }

    /// A commit that is taken but not written: questions must see its differences all the same.
    func leaveCommitInFlight() { if inFlight == nil { inFlight = fold.takeCommit() } }

    /// The digest's bytes; folds with equal bytes have equal hashes.
    func digest(_ siteID: SiteID) throws -> [UInt8] {
        var bytes: [UInt8] = []
        try fold.site(siteID)?.digest(store) { bytes += $0 }
        return bytes
    }
}
