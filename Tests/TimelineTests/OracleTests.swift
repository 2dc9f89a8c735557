// Layer: oracle, of itself. Every rule of SPEC 2.6, 3, 4, 5, 6.1 and 7 in an example that was computed by hand, so that
// the oracle is not wrong in the same way as what it judges. Catches a rule that the oracle reads wrongly; cannot catch
// rules that meet only in larger sets: `OracleComparisonTests` have those.
import EventModel
import Foundation
import Oracle
import Testing

private let hour = Microseconds.hour
private let minute = Microseconds.minute
/// 2026-01-12T00:00:00Z, a Monday.
private let midnight: Int64 = 20_465 * Microseconds.day

/// A small log, written by hand; offsets count up.
private struct Story {
    var events: [LoggedEvent] = []
    var definitions: [LoggedDefinition] = []
    private var offset: Int64 = 0

    /// - Parameters:
    ///   - time: hours after midnight.
    ///   - known: created_at in hours after midnight; 24 where it does not matter.
    mutating func add(
        _ time: Double, _ type: EventType, _ worker: WorkerID = "W1", at station: WorkstationID = "S1",
        count: UInt32 = 0, known: Double = 24, mark: Mark = .accepted, confidence: UInt32 = 1_000_000,
        camera: CameraID? = nil
    ) {
        events.append(
            LoggedEvent(
                time: at(time), worker: worker, workstation: station, type: type, confidence: confidence, count: count,
                camera: camera, mark: mark, createdAt: at(known), offset: offset))
        offset += 1
    }

    mutating func define(
        ttl: Int64, workers: [String] = ["W1"], known: Double = 0,
        then change: (inout SiteDefinition) -> Void = { _ in }
    ) {
        var definition = SiteDefinition(siteID: "site")
        definition.observationTTLSeconds = ttl
        definition.workers = workers.map { .init(workerID: WorkerID($0)) }
        definition.workstations = [.init(workstationID: "S1")]
        change(&definition)
        definitions.append(LoggedDefinition(definition: definition, createdAt: at(known), offset: offset))
        offset += 1
    }

    func view(known: Double? = nil) -> OracleView {
        OracleLog(events: events, definitions: definitions).view(of: "site", knownAt: known.map(at))
    }
}

private func at(_ hours: Double) -> Int64 { midnight + Int64((hours * 3600).rounded()) * Microseconds.second }

private func window(_ from: Double, _ to: Double, now: Double = 1000) -> OracleWindow {
    OracleWindow(from: at(from), to: at(to), now: at(now))
}

@Suite("Oracle") struct OracleTests {
    private func referenceDay() -> Story {
        var story = Story()
        story.define(ttl: 0)
        story.add(8, .working)
        story.add(10, .productCount, count: 5)
        story.add(10.25, .idle)
        story.add(10.5, .working)
        story.add(12, .absent)
        story.add(13, .working)
        story.add(15.5, .idle)
        return story
    }

    @Test("the reference day of SPEC 5 comes out to the digit")
    func reference() throws {
        let figures = try #require(referenceDay().view().workers(window(8, 16)).first)
        #expect(figures.working == 6 * hour + 15 * minute)
        #expect(figures.idle == 45 * minute)
        #expect(figures.absent == hour)
        #expect(figures.unknown == 0)
        #expect(figures.utilization?.description == "78.13")
        #expect(figures.availability?.description == "87.50")
        #expect(figures.coverage?.description == "100.00")
        #expect(figures.throughput?.description == "0.80")
        #expect(figures.lastSeen == at(15.5))
        #expect(figures.currentState == .idle)
        #expect(figures.currentWorkstation == "S1")
    }

    @Test("a window inside the reference day counts state from before it (SPEC 4.4)")
    func referenceInside() throws {
        let figures = try #require(referenceDay().view().workers(window(8.5, 9.5)).first)
        #expect(figures.working == hour)
        #expect(figures.idle == 0 && figures.absent == 0 && figures.unknown == 0 && figures.units == 0)
    }

    @Test("a count changes no state (SPEC 4.1) and belongs to the half-open window (SPEC 5.2)")
    func counts() {
        let view = referenceDay().view()
        #expect(view.workers(window(9, 10))[0].units == 0)
        #expect(view.workers(window(10, 10.1))[0].units == 5)
        #expect(view.workers(window(10, 10.1))[0].currentState == .working)
        #expect(view.counts("W1", window(10, 11)).map(\.count) == [5])
    }

    @Test(
        "of several states at one instant the last by rank holds, in any order of arrival (SPEC 4.2)", arguments: 0..<6)
    func ranks(_ order: Int) throws {
        let orders: [[EventType]] = [
            [.absent, .idle, .working], [.absent, .working, .idle], [.idle, .absent, .working],
            [.idle, .working, .absent], [.working, .absent, .idle], [.working, .idle, .absent],
        ]
        var story = Story()
        for type in orders[order] { story.add(8, type) }
        let figures = try #require(story.view().allWorkers(window(8, 9))["W1"])
        #expect(figures.working == hour && figures.idle == 0 && figures.absent == 0)
        #expect(story.view().intervals["W1"]?.count == 1)
    }

    @Test("a state event ends what the worker did at another station (SPEC 4.2)")
    func moves() {
        var story = Story()
        story.define(ttl: 0)
        story.add(8, .working, at: "S1")
        story.add(9, .idle, at: "S2")
        let stations = story.view().allWorkstations(window(8, 10))
        #expect(stations["S1"]?.present == hour && stations["S1"]?.working == hour)
        #expect(stations["S2"]?.present == hour && stations["S2"]?.working == 0)
        #expect(stations["S1"]?.currentWorkers == 0 && stations["S2"]?.currentWorkers == 1)
        #expect(stations["S1"]?.lastActivity == at(8))
    }

    @Test("what no state event covers within its ttl is unknown (SPEC 4.3)")
    func timeToLive() throws {
        var story = Story()
        story.define(ttl: 1800)
        story.add(8, .idle)
        story.add(9, .working)
        let figures = try #require(story.view().workers(window(7.5, 9.25)).first)
        #expect(figures.idle == 30 * minute && figures.working == 15 * minute)
        #expect(figures.unknown == hour)
        #expect(story.view().workers(window(8, 8.5))[0].currentState == .idle)
        #expect(story.view().workers(window(8, 8.501))[0].currentState == nil)
    }

    @Test("without a definition lists are empty and the default ttl of 8 hours holds (SPEC 3)")
    func undefined() {
        var story = Story()
        story.add(1, .working)
        let view = story.view()
        #expect(view.workers(window(0, 24)).isEmpty && view.workstations(window(0, 24)).isEmpty)
        #expect(view.factory(window(0, 24)).working == 8 * hour)
        #expect(view.factory(window(0, 24)).activeWorkers == 1)
    }

    @Test("the smallest (created_at, position) of one key wins; classes do not displace each other (SPEC 2.6)")
    func winners() {
        var story = Story()
        story.add(8, .working, at: "late", known: 10)
        story.add(8, .working, at: "first", known: 9)
        story.add(8, .working, at: "same", known: 9)
        story.add(8, .working, at: "low", known: 8, mark: .lowConfidence)
        story.add(8, .working, at: "out", known: 8, mark: .unknownWorkstation)
        let view = story.view()
        #expect(Set(view.winners.map(\.workstation)) == ["first", "low", "out"])
        #expect(
            view.ledger
                == OracleLedger(received: 5, folded: 1, duplicates: 2, lowConfidence: 1, quarantined: 1, definitions: 0)
        )
        #expect(view.allWorkstations(window(0, 24)).keys.sorted() == ["first"])
    }

    @Test("known_at hides what was not admitted yet (SPEC 5.1, 7.2)")
    func knownAt() {
        var story = Story()
        story.define(ttl: 0, known: 7)
        story.add(8, .working, known: 8)
        story.add(9, .idle, known: 11)
        story.define(ttl: 3600, known: 12)
        func working(_ known: Double) -> Int64? {
            story.view(known: known).workers(window(8, 20, now: 14)).first?.working
        }
        #expect(working(6) == nil)
        #expect(working(7) == 0)
        #expect(working(8) == 6 * hour)
        #expect(working(11) == hour)
        #expect(story.view(known: 11).workers(window(8, 20, now: 14))[0].idle == 5 * hour)
        #expect(story.view(known: 12).workers(window(8, 20, now: 14))[0].idle == hour)
    }

    @Test("a dropped worker leaves the list; his intervals end with the first definition without him (SPEC 3)")
    func dropped() {
        var story = Story()
        story.define(ttl: 0, workers: ["W1", "W2"])
        story.add(8, .working)
        story.define(ttl: 0, workers: ["W2"], known: 10)
        story.define(ttl: 0, workers: ["W2"], known: 11)
        let view = story.view()
        #expect(view.workers(window(8, 16)).map(\.worker) == ["W2"])
        #expect(view.allWorkers(window(8, 16))["W1"]?.working == 2 * hour)
        #expect(view.factory(window(8, 16)).activeWorkers == 1)
        #expect(view.intervals["W1"]?.map(\.end) == [at(10)])
        #expect(view.canonicalIntervals.map(\.end) == [nil])
        // One who is named again is whole again; one whom no definition ever named is not dropped.
        story.define(ttl: 0, workers: ["W1", "W2"], known: 12)
        story.add(8, .idle, "W9")
        #expect(story.view().allWorkers(window(8, 16))["W1"]?.working == 8 * hour)
        #expect(story.view().allWorkers(window(8, 16))["W9"]?.idle == 8 * hour)
        #expect(story.view().canonicalIntervals.allSatisfy { $0.end == nil })
    }

    @Test("the newest definition is the last in the log, whatever its created_at (SPEC 3)")
    func lastInLog() {
        var story = Story()
        story.define(ttl: 3600, known: 9)
        story.define(ttl: 1800, known: 8)
        story.add(8, .working, known: 8)
        #expect(story.view().workers(window(8, 12))[0].working == 30 * minute)
        #expect(story.view(known: 8).definition?.observationTTLSeconds == 1800)
    }

    @Test("E is the earlier of to and now; with E ≤ from elapsed is 0 and ratios are null (SPEC 5.1)")
    func elapsed() {
        let view = referenceDay().view()
        #expect(view.workers(window(8, 16, now: 9))[0].working == hour)
        let empty = view.workers(window(10, 16, now: 9))[0]
        #expect(empty.elapsed == 0 && empty.unknown == 0 && empty.utilization == nil && empty.throughput == nil)
        #expect(view.factory(window(10, 16, now: 9)).averageUtilization == nil)
    }

    @Test("stations: two people for an hour are two hours; absent is not present (SPEC 5.3)")
    func stations() {
        var story = Story()
        story.define(ttl: 0)
        story.add(8, .working, "W1")
        story.add(8, .idle, "W2")
        story.add(8, .absent, "W3")
        story.add(8.5, .productCount, "W3", count: 3)
        let station = story.view().workstations(window(8, 9))[0]
        #expect(station.present == 2 * hour && station.working == hour && station.currentWorkers == 2)
        #expect(station.occupancy?.description == "200.00")
        #expect(station.utilization?.description == "50.00")
        #expect(station.efficiency?.description == "1.50")
    }

    @Test("factory: averages over active workers; target over all time without shifts (SPEC 5.4)")
    func factory() {
        var story = Story()
        story.define(ttl: 0, workers: ["W1", "W2", "W3"]) { $0.targetMicrounitsPerHour = 2_500_000 }
        story.add(8, .working, "W1")
        story.add(10, .absent, "W1")
        story.add(10, .idle, "W2")
        story.add(9, .productCount, "W3", count: 11)
        let factory = story.view().factory(window(8, 12))
        #expect(factory.activeWorkers == 2 && factory.activeWorkstations == 1)
        #expect(factory.averageUtilization?.description == "25.00")
        #expect(factory.coverage?.description == "75.00")
        #expect(factory.averageProductionRate?.description == "2.75")
        #expect(factory.targetUnits?.description == "10.00")
        #expect(factory.targetVariance?.description == "10.00")
    }

    @Test("explain lists what adds up to the figures, with the event that opened it (SPEC 5.9)")
    func explain() {
        let rows = referenceDay().view().explain("W1", window(9, 12.5))
        #expect(rows.map(\.state) == [.working, .idle, .working, .absent])
        #expect(rows.map(\.from) == [9, 10.25, 10.5, 12].map(at))
        #expect(rows.map(\.to) == [10.25, 10.5, 12, 12.5].map(at))
        #expect(rows.map(\.opener.offset) == [1, 3, 4, 5])
    }

    @Test("model health takes accepted and low-confidence winners, counts included (SPEC 6.1, 6.2)")
    func health() {
        var story = Story()
        story.add(8, .working, confidence: 1_000_000, camera: "c1")
        story.add(8, .working, mark: .lowConfidence, confidence: 650_000, camera: "c1")
        story.add(9, .productCount, count: 1, confidence: 750_000)
        story.add(9, .idle, mark: .unknownWorker, confidence: 1)
        let view = story.view()
        let all = view.health(window(8, 10))
        #expect(all.samples == 3 && all.sum == 2_400_000 && all.marked == 1)
        #expect(all.average?.description == "0.8000" && all.status == "Warning")
        #expect(all.histogram[19] == 1 && all.histogram[13] == 1 && all.histogram[15] == 1)
        #expect(view.health(window(8, 10), by: .camera)[Array("c1".utf8)]?.samples == 2)
        #expect(view.health(window(8, 10), by: .camera)[nil]?.samples == 1)
        #expect(view.health(window(8, 9)).samples == 2)
        #expect(view.health(window(11, 12)).status == "Unknown")
        #expect(view.healthHours.count == 2)
    }
}
