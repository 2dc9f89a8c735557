// Layer: machine. What is asked of a replay, what that is in a log, and what may go on with it.
import EventLog
import EventModel
import Testing

@testable import Replay

@Suite("The plan of a replay")
struct ReplayPlanTests {
    @Test("places are earliest, offsets, times and snapshots; nothing else (SPEC 7.3)")
    func places() {
        let place = (PartitionIndex(3), LogOffset(12))
        #expect(ReplayStart("earliest") == .earliest)
        #expect(ReplayStart("3:12") == .offset(place.0, place.1) && ReplayEnd("3:12") == .offset(place.0, place.1))
        #expect(ReplayStart("12") == .offset(nil, place.1) && ReplayEnd("12") == .offset(nil, place.1))
        #expect(ReplayStart("1970-01-01T00:00:01Z") == .time(Timestamp(microseconds: 1_000_000)))
        #expect(ReplayStart("snapshot:abc") == .snapshot("abc"))
        #expect(ReplayEnd("end") == .end)
        for text in ["", "end", "latest", "3:", ":1", "3:-1", "-1", "1:2:3", "snapshot:", "1970-01-01", "1e3"] {
            #expect(ReplayStart(text) == nil, "\(text)")
        }
        for text in ["", "earliest", "snapshot:abc", "3:x", "never"] { #expect(ReplayEnd(text) == nil, "\(text)") }
        for text in ["earliest", "3:12", "12", "1970-01-01T00:00:01.000000Z", "snapshot:abc"] {
            #expect(ReplayStart(text)?.text == text)
        }
    }

    @Test("a plan is read as it was written, and anything else is refused")
    func json() throws {
        let scene = try ReplayScene(seed: 1, partitions: 3)
        let plans = [
            try scene.plan(),
            try scene.plan {
                $0.start = .offset(PartitionIndex(1), LogOffset(2))
                $0.follows = true
            },
            try scene.plan {
                $0.end = .time(ReplayScene.clock)
                $0.sites = [scene.sites[0], scene.sites[2]]
                $0.partitions = [PartitionIndex(2)]
            },
        ]
        for plan in plans {
            #expect(try ReplayPlan(json: plan.json) == plan)
            let text = String(decoding: plan.json, as: UTF8.self)
            for (part, other) in [("\"format\":2", "\"format\":3"), ("\"parts\":", "\"part\":"), ("{", "")] {
                let changed = text.replacing(part, with: other, maxReplacements: 1)
                #expect(throws: ReplayError.self) { try ReplayPlan(json: Array(changed.utf8)) }
            }
        }
    }

    @Test("an offset chooses its partition, a site the one that it is in; other partitions are left out (SPEC 7.3)")
    func partitions() throws {
        let scene = try ReplayScene(seed: 2, partitions: 4)
        func chosen(_ change: (inout ReplayRequest) -> Void) throws -> [Int32] {
            try scene.plan(change).parts.map(\.partition.value)
        }
        #expect(try chosen { _ in } == [0, 1, 2, 3])
        #expect(try chosen { $0.partitions = [PartitionIndex(3), PartitionIndex(1)] } == [1, 3])
        #expect(try chosen { $0.start = .offset(PartitionIndex(2), LogOffset(1)) } == [2])
        #expect(try chosen { $0.sites = [scene.sites[3], scene.sites[0]] } == [0, 3])
        for change: (inout ReplayRequest) -> Void in [
            { $0.partitions = [PartitionIndex(4)] },
            { $0.start = .offset(nil, LogOffset(1)) },
            { $0.start = .offset(PartitionIndex(9), LogOffset(1)) },
            { request in
                request.start = .offset(PartitionIndex(1), LogOffset(1))
                request.end = .offset(PartitionIndex(2), LogOffset(1))
            },
            { request in
                request.partitions = [PartitionIndex(1)]
                request.sites = [scene.sites[0]]
            },
        ] { #expect(throws: ReplayError.self) { try chosen(change) } }
    }

    @Test("both ends are in the log, in order and not in the future (SPEC 7.3)")
    func ends() throws {
        let scene = try ReplayScene(seed: 3)
        let end = try scene.log.endOffset(PartitionIndex(0))
        let whole = try #require(scene.plan().parts.first)
        #expect(whole.from == .zero && whole.until == end)
        let part = try scene.plan {
            $0.start = .offset(nil, LogOffset(2))
            $0.end = .offset(nil, LogOffset(5))
        }.parts
        #expect(part == [.init(partition: PartitionIndex(0), from: LogOffset(2), until: LogOffset(5))])
        #expect(try scene.plan { $0.follows = true }.parts.first?.until == nil)
        for change: (inout ReplayRequest) -> Void in [
            { $0.start = .offset(nil, end.next) }, { $0.end = .offset(nil, end.next) },
            { request in
                request.start = .offset(nil, LogOffset(5))
                request.end = .offset(nil, LogOffset(4))
            },
            { $0.end = .time(ReplayScene.clock + 1) },
            { request in
                request.start = .time(ReplayScene.clock)
                request.end = .time(ReplayScene.clock - 1)
            },
            { request in
                request.follows = true
                request.end = .time(ReplayScene.clock)
            },
        ] { #expect(throws: ReplayError.self) { try scene.plan(change) } }
    }

    @Test("a plan goes on with the same request alone, and says what differs")
    func differences() throws {
        let scene = try ReplayScene(seed: 4, partitions: 2)
        let plan = try scene.plan { $0.sites = [scene.sites[1]] }
        #expect(plan.differences(from: plan.request, of: scene.log) == [])
        var other = plan.request
        other.start = .offset(PartitionIndex(1), LogOffset(3))
        other.sites = []
        #expect(
            plan.differences(from: other, of: scene.log) == [
                "--from was earliest and is now 1:3", "--site was \(scene.sites[1]) and is now all",
            ])
        let copy = InMemoryLog(partitionCount: 2)
        #expect(plan.differences(from: plan.request, of: copy).first?.hasPrefix("the log was ") == true)
        var older = plan
        older.foldVersion -= 1
        #expect(older.differences(from: plan.request, of: scene.log).count == 1)
    }
}
