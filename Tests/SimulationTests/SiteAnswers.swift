import Crypto
import EventLog
import EventModel
import Figures
import Oracle
import ProjectionStore
import SimulationKit

@testable import Projector
@testable import Timeline

/// Questions to the fold of one partition, answered as a worker does it: memory over one state of the store.
struct SiteAnswers {
    private let snapshot: ProjectionSnapshot
    private var site: SiteFold { snapshot.site }
    var progress: FoldProgress { snapshot.progress }
    var ledger: Ledger { site.ledger }

    init(_ siteID: SiteID, _ open: OpenPartition, _ clock: SimulatedClock) throws {
        guard let found = try open.snapshot(of: siteID, at: clock.instant) else {
            throw Broken(what: "the fold does not know \(siteID)")
        }
        snapshot = found
    }

    /// Whether an answer about this known_at says that its time is disputed (SPEC 2.9).
    func isDisputed(_ knownAt: Int64) -> Bool {
        snapshot.clockDisputes.span(holding: Timestamp(microseconds: knownAt)) != nil
    }

    func digest() throws -> String {
        var hasher = SHA256Hasher()
        try site.digest(snapshot.reader) { hasher.update($0) }
        return hasher.finish().hex
    }

    func figures(_ window: OracleWindow, knownAt: Int64?) throws -> FigureSheet {
        let view = site.view(knownAt: knownAt.map { Timestamp(microseconds: $0) })
        let asked = Window(from: window.from, end: window.end)
        guard
            let figures = try site.figures(windows: [asked], view, [.workers, .stations, .factory], snapshot.reader)
                .first
        else { throw Broken(what: "no figures for a window") }
        var sheet = FigureSheet()
        for (number, sums) in figures.workers.enumerated() {
            let id = String(decoding: site.workers[UInt32(number)], as: UTF8.self)
            sheet.add(id, [sums.working, sums.idle, sums.absent, sums.units], to: &sheet.workers)
        }
        for (number, sums) in figures.stations.enumerated() {
            let id = String(decoding: site.stations[UInt32(number)], as: UTF8.self)
            sheet.add(id, [sums.present, sums.working, sums.units], to: &sheet.workstations)
        }
        let totals = figures.factory
        (sheet.activeWorkers, sheet.activeWorkstations) = (totals.activeWorkers, totals.activeStations)
        return sheet
    }
}

/// A fold of the whole log in one go, without a store: what digests are compared with.
struct Replay {
    private var fold = PartitionFold()

    init(_ log: SimulatedLog) throws {
        var records = RecordFold()
        _ = try log.read(PartitionIndex(0), from: .zero, byteLimit: .max) { record in
            try records.decode(record)
            try records.apply(to: &fold, pages: NoPages())
        }
    }

    func digest(of site: SiteID) throws -> String? {
        guard let site = fold.site(site) else { return nil }
        var hasher = SHA256Hasher()
        try site.digest(NoPages()) { hasher.update($0) }
        return hasher.finish().hex
    }
}
