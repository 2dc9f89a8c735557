// Layer: machine. The route with folds whose standing the test sets.
import Clocks
import EventLog
import EventModel
import HTTPServer
import JSON
internal import Locks
import Projector
import Testing
import Timeline

@testable import Query

/// A fold that stands where the test says.
private final class SetFold: WatchedFold {
    private let state: Guarded<(FoldStanding, [SiteID: NewestArrival])>

    init(_ standing: FoldStanding, _ sites: [SiteID: NewestArrival] = [:]) { state = Guarded((standing, sites)) }

    var standing: FoldStanding {
        get { state.withLock { $0.0 } }
        set { state.withLock { $0.0 = newValue } }
    }
    var siteIDs: [SiteID] { state.withLock { Array($0.1.keys) } }
    func newestArrival(of site: SiteID) -> NewestArrival? { state.withLock { $0.1[site] } }
}

@Suite("GET /api/freshness (SPEC 7.8)")
struct FreshnessRouteTests {
    private static func standing(_ next: Int64, _ end: Int64, newest: Int64? = nil) -> FoldStanding {
        var statistics = FoldStatistics()
        statistics.events = 400
        statistics.records = 100
        return FoldStanding(
            progress: FoldProgress(nextOffset: LogOffset(next), logEnd: LogOffset(end)), statistics: statistics,
            newestCreatedAt: newest.map { Timestamp(microseconds: $0) })
    }

    private struct Desk {
        let clock = ManualClock(now: Timestamp(microseconds: at(12)))
        let watch: FoldWatch
        let service: FreshnessService

        init(
            _ held: [PartitionIndex: HeldFold], _ permission: SitesPermission = .everything, count: Int32 = 4,
            elsewhere: @escaping FreshnessService.Elsewhere = FreshnessService.Parts.nobody
        ) {
            let watch = FoldWatch(clock: clock) { held }
            self.watch = watch
            service = FreshnessService(
                .init(
                    partitionCount: count, watch: watch, clock: clock, authorize: { _ in permission },
                    warnings: { ["look at this"] }, elsewhere: elsewhere))
        }

        /// The ticker's looks, one a second.
        func pass(seconds: Int) {
            for _ in 0..<seconds {
                clock.advance(milliseconds: 1000)
                watch.note()
            }
        }

        func ask() throws -> Answer {
            let recorder = Recorder()
            let request = HTTPRequest(method: .get, path: FreshnessService.path, query: [])
            let route = try #require(service.routes.first)
            if case .respond(let response) = route.serve(request, recorder) { recorder.complete(response) }
            let response = try recorder.wait()
            return Answer(response: response, json: try JSONText(response.body))
        }
    }

    private let newest = NewestArrival(eventTime: at(11.5), createdAt: at(11.75))

    @Test("each held partition has exactly one state, its lag and its rates; the others are missing")
    func partitions() throws {
        let desk = Desk([
            PartitionIndex(0): HeldFold(SetFold(Self.standing(9, 9, newest: at(12)))),
            PartitionIndex(1): HeldFold(SetFold(Self.standing(5, 15, newest: at(11.5)))),
            PartitionIndex(3): HeldFold(nil, trouble: "it is restoring"),
        ])
        defer { desk.service.stop() }
        desk.watch.note()
        desk.pass(seconds: 5)
        let answer = try desk.ask()
        let partitions = answer.json["partitions"]?.elements ?? []
        #expect(partitions.map { $0["state"]?.text } == ["level", "slow", "slow"])
        #expect(partitions[0]["lag_records"] == .number("0") && partitions[0]["lag_seconds"] == .number("0"))
        #expect(partitions[1]["lag_records"] == .number("10") && partitions[1]["lag_events"] == .number("40"))
        #expect(partitions[1]["lag_seconds"] == .number("1805") && partitions[1]["backlog_seconds"] == .null)
        #expect(partitions[1]["next_offset"] == .number("5") && partitions[1]["log_end"] == .number("15"))
        #expect(partitions[2]["reason"] == .string("it is restoring") && partitions[2]["log_end"] == .null)
        #expect((answer.json["missing"]?.elements ?? []).map { $0["partition"] } == [.number("2")])
        #expect(answer.json["warnings"] == .array([.string("look at this")]))
    }

    @Test("projections of an older version stand still until new ones take their place, and are not stuck")
    func oldGeneration() throws {
        var old = Self.standing(5, 600, newest: at(12))
        old.progress.isOldGeneration = true
        old.trouble = "an older version of Andon made the projections"
        let desk = Desk([PartitionIndex(0): HeldFold(SetFold(old))])
        defer { desk.service.stop() }
        desk.watch.note()
        desk.pass(seconds: 60)
        #expect(desk.watch.stuck == [])
        let partitions = try desk.ask().json["partitions"]?.elements ?? []
        #expect(partitions.map { $0["state"]?.text } == ["slow"])
        #expect(partitions.first?["reason"] == .string("an older version of Andon made the projections"))
    }

    @Test("records that wait for 30 s make a partition stuck, with a reason for readiness; a halted one has its own")
    func stuck() throws {
        var halted = Self.standing(5, 6, newest: at(12))
        halted.trouble = "the fold stands still"
        let desk = Desk([
            PartitionIndex(0): HeldFold(SetFold(Self.standing(5, 6, newest: at(12)))),
            PartitionIndex(1): HeldFold(SetFold(halted)),
            PartitionIndex(2): HeldFold(nil, trouble: "its disk is gone", hasFailed: true),
        ])
        defer { desk.service.stop() }
        desk.watch.note()
        desk.pass(seconds: 29)
        #expect(desk.watch.stuck == [])
        desk.pass(seconds: 1)
        #expect(
            desk.watch.stuck == [
                "partition 0 is stuck: 1 records wait, and none was folded for 30 s; look at its log for what the fold "
                    + "waits for"
            ])
        let partitions = try desk.ask().json["partitions"]?.elements ?? []
        #expect(partitions.map { $0["state"]?.text } == ["stuck", "stuck", "stuck"])
        #expect(partitions[0]["reason"] == .string("records wait, and none was folded for 30 s"))
        #expect(partitions[1]["reason"] == .string("the fold stands still"))
        #expect(partitions[2]["reason"] == .string("its disk is gone"))
    }

    @Test("a level partition without a new record says for how many minutes nothing came in")
    func noInput() throws {
        let desk = Desk([
            PartitionIndex(0): HeldFold(SetFold(Self.standing(9, 9, newest: at(11)))),
            PartitionIndex(1): HeldFold(SetFold(Self.standing(0, 0))),
        ])
        defer { desk.service.stop() }
        let partitions = try desk.ask().json["partitions"]?.elements ?? []
        #expect(partitions.map { $0["state"]?.text } == ["no_input", "no_input"])
        #expect(partitions[0]["reason"] == .string("nothing has come in for 60 minutes"))
        #expect(partitions[1]["reason"] == .string("nothing has come in yet"))
    }

    @Test("sites are listed by id with the age of their newest event; a bound key sees its own and nothing else")
    func sites() throws {
        let fold = SetFold(Self.standing(9, 9, newest: at(12)), ["b": newest, "a": NewestArrival()])
        let all = Desk([PartitionIndex(0): HeldFold(fold)])
        defer { all.service.stop() }
        let sites = try all.ask().json["sites"]?.elements ?? []
        #expect(sites.map { $0["site_id"]?.text } == ["a", "b"])
        #expect(sites[0]["newest_event_time"] == .null && sites[0]["age_seconds"] == .null)
        #expect(sites[1]["newest_event_time"] == .string(text(at(11.5))) && sites[1]["age_seconds"] == .number("900"))
        let bound = Desk([PartitionIndex(0): HeldFold(fold)], .sites(["b", "c"]), count: 1)
        defer { bound.service.stop() }
        let answer = try bound.ask()
        #expect((answer.json["sites"]?.elements ?? []).map { $0["site_id"]?.text } == ["b"])
        for name in ["partitions", "missing", "warnings"] { #expect(answer.json[name] == .array([])) }
        let refused = Desk([:], .refused(.problem(401, "no key")))
        defer { refused.service.stop() }
        #expect(try refused.ask().status == 401)
    }

    @Test(
        "what others hold is asked once, and stands beside what is held here; a bound key asks for its partitions alone"
    )
    func elsewhere() throws {
        let asked = Guarded<[([PartitionIndex], [SiteID]?)]>([])
        let far = SetFold(Self.standing(9, 9, newest: at(12)), ["a": newest, "z": newest])
        let holder = Desk([PartitionIndex(1): HeldFold(far), PartitionIndex(3): HeldFold(SetFold(Self.standing(1, 1)))])
        defer { holder.service.stop() }
        let elsewhere: FreshnessService.Elsewhere = { partitions, sites in
            asked.withLock { $0.append((partitions, sites)) }
            return partitions.reduce(into: Freshness()) { all, partition in
                let body = holder.service.held(partition, sites: sites)
                let found = body.flatMap { JSONValue($0) }.flatMap { Freshness($0) }
                all.merge(found ?? Freshness(missing: [.init(partition, "nobody answers")]))
            }
        }
        let near = HeldFold(SetFold(Self.standing(5, 15, newest: at(11.5)), ["m": newest]))
        let desk = Desk([PartitionIndex(2): near], elsewhere: elsewhere)
        defer { desk.service.stop() }
        let answer = try desk.ask()
        let partitions = answer.json["partitions"]?.elements ?? []
        #expect(partitions.map { $0["partition"]?.text } == ["1", "2", "3"])
        #expect(partitions.map { $0["state"]?.text } == ["level", "slow", "no_input"])
        #expect(partitions.map { $0["lag_seconds"] } == [.number("0"), .number("1800"), .number("0")])
        #expect((answer.json["sites"]?.elements ?? []).map { $0["site_id"]?.text } == ["a", "m", "z"])
        #expect((answer.json["missing"]?.elements ?? []).map { $0["reason"]?.text } == ["nobody answers"])
        #expect(answer.json["warnings"] == .array([.string("look at this")]))
        #expect(asked.withLock { $0.map(\.0) } == [[PartitionIndex(0), PartitionIndex(1), PartitionIndex(3)]])
        let site: SiteID = "a"
        let partition = Partitioner.partition(of: site.bytes, partitionCount: 4)
        let bound = Desk([:], .sites([site]), elsewhere: elsewhere)
        defer { bound.service.stop() }
        let ofKey = try bound.ask()
        #expect(asked.withLock { $0.last?.0 } == [partition] && asked.withLock { $0.last?.1 } == [site])
        #expect(ofKey.json["partitions"] == .array([]) && ofKey.json["warnings"] == .array([]))
    }

    @Test("what a holder says is read as it was written; anything else is not taken for an answer")
    func form() throws {
        let fold = SetFold(Self.standing(5, 15, newest: at(11.5)), ["a": newest, "b": NewestArrival()])
        let desk = Desk([PartitionIndex(1): HeldFold(fold), PartitionIndex(2): HeldFold(nil, trouble: "it restores")])
        defer { desk.service.stop() }
        desk.watch.note()
        for partition in [PartitionIndex(1), PartitionIndex(2)] {
            let body = try #require(desk.service.held(partition, sites: nil))
            let read = try #require(JSONValue(body).flatMap { Freshness($0) })
            var again = JSONWriter()
            again.freshness(read, at: desk.clock.now)
            #expect(again.bytes == body)
            #expect(read.partitions.map(\.partition) == [partition] && read.warnings == ["look at this"])
        }
        #expect(desk.service.held(PartitionIndex(0), sites: nil) == nil)
        for text in ["{}", "[]", #"{"partitions":[{}],"missing":[],"sites":[],"truncated":false,"warnings":[]}"#] {
            #expect(JSONValue(Array(text.utf8)).flatMap { Freshness($0) } == nil, "\(text)")
        }
    }

    /// A fold whose store cannot be read.
    private final class UnreadableFold: WatchedFold {
        private struct Broken: Error {}
        var standing: FoldStanding { FoldStanding(progress: .init(nextOffset: .zero, logEnd: .zero)) }
        var siteIDs: [SiteID] { ["a"] }
        func newestArrival(of site: SiteID) throws -> NewestArrival? { throw Broken() }
    }

    @Test("a partition whose store cannot be read is missing, and the others are answered")
    func unreadable() throws {
        let desk = Desk(
            [PartitionIndex(0): HeldFold(UnreadableFold()), PartitionIndex(1): HeldFold(SetFold(Self.standing(9, 9)))],
            count: 2)
        defer { desk.service.stop() }
        let answer = try desk.ask()
        #expect((answer.json["partitions"]?.elements ?? []).map { $0["partition"]?.text } == ["1"])
        let missing = answer.json["missing"]?.elements ?? []
        #expect(missing.map { $0["reason"]?.text } == ["its projections cannot be read at the moment"])
    }

    @Test("more than 1000 sites are cut by id, and the answer says so")
    func truncated() {
        func sites(_ numbers: Range<Int>) -> Freshness {
            var found = Freshness()
            found.sites = numbers.map { number in
                Freshness.Site(id: SiteID("s\(10_000 + number)"), partition: PartitionIndex(0), course: .level)
            }
            return found
        }
        var all = sites(600..<1100)
        all.merge(sites(0..<500))
        #expect(!all.isTruncated && all.sites.count == 1000)
        all.merge(sites(500..<501))
        #expect(all.isTruncated && all.sites.count == 1000 && all.sites.last?.id == "s11098")
    }

    @Test("a partition that comes back is watched anew")
    func comesBack() {
        let held = Guarded<[PartitionIndex: HeldFold]>([:])
        let clock = ManualClock(now: Timestamp(microseconds: at(12)))
        let watch = FoldWatch(clock: clock) { held.withLock { $0 } }
        let fold = HeldFold(SetFold(Self.standing(5, 6)))
        for isHeld in [true, false, true] {
            held.withLock { $0 = isHeld ? [PartitionIndex(0): fold] : [:] }
            for _ in 0..<20 {
                watch.note()
                clock.advance(milliseconds: 1000)
            }
        }
        #expect(watch.stuck == [])
    }
}
