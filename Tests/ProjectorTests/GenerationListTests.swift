// Layer: machine. The list of generations as a value.
import EventModel
import SimulationKit
import Testing

@testable import ProjectionStore

@Suite("The list of generations (DESIGN 7)")
struct GenerationListTests {
    private static let needs = StoreHead.Needs(logEpoch: [1, 2, 3])

    private static func time(hours: Int64) -> Timestamp { Timestamp(microseconds: hours * 3_600_000_000) }

    private static func list() -> GenerationList {
        GenerationList(
            live: Generation(
                id: 1, state: .live, versions: needs.versions, logEpoch: needs.logEpoch, createdAt: time(hours: 0)))
    }

    @Test("whatever is done, exactly one is live, no id comes back, and the file says the same", arguments: 0..<20)
    func anything(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var list = Self.list()
        var used: Set<Int64> = [1]
        for hour in 1...200 {
            let now = Self.time(hours: Int64(hour))
            let any = list.all.randomElement(using: &random)?.id ?? 1
            switch Int.random(in: 0..<6, using: &random) {
            case 0:
                if let added = try? list.add("job-\(hour)", Self.needs, at: now) {
                    #expect(used.insert(added.id).inserted)
                }
            case 1: list.markLevel(any)
            case 2: try list.switchLive(to: any, at: now)
            case 3: try? list.remove(any)
            case 4: for id in list.expired(at: now, keepHours: 24) { try list.remove(id) }
            default:
                let before = list
                let entries = list.all.filter { $0.state == .live || $0.id == any }
                try list.switchLive(to: any, at: now)
                try list.restore(entries)
                #expect(list == before)
            }
            #expect(list.all.count(where: { $0.state == .live }) == 1 && list.all.count <= 8)
            #expect(list.all.allSatisfy { ($0.retiredAt != nil) == ($0.state == .retired) })
            #expect(GenerationList.read(list.json) == .list(list))
        }
    }

    @Test("the live one cannot be removed, and too many are refused with what to do")
    func refusals() throws {
        var list = Self.list()
        #expect(throws: GenerationError.isLive(1)) { try list.remove(1) }
        #expect(throws: GenerationError.unknown(7)) { try list.switchLive(to: 7, at: .earliest) }
        while list.all.count < GenerationList.generationsMaximum { _ = try list.add(nil, Self.needs, at: .earliest) }
        let error = #expect(throws: GenerationError.self) { try list.add(nil, Self.needs, at: .earliest) }
        #expect(error?.code == .tooMany && error?.hint?.contains("andon generation remove") == true)
    }

    @Test("a job goes on with its own generation, but for one of other versions or another log")
    func resumption() throws {
        var list = Self.list()
        let mine = try list.add("mine", Self.needs, at: .earliest)
        var newer = Self.needs
        newer.versions.fold += 1
        #expect(list.generation(of: "mine", Self.needs) == mine)
        #expect(list.generation(of: "other", Self.needs) == nil && list.generation(of: "mine", newer) == nil)
        #expect(list.generation(of: "mine", StoreHead.Needs(logEpoch: [4])) == nil)
    }

    @Test("retired ones expire after the time, and the oldest beyond two at once")
    func retention() throws {
        var list = Self.list()
        for hour in 1...3 as ClosedRange<Int64> {
            let next = try list.add("job-\(hour)", Self.needs, at: Self.time(hours: hour))
            try list.switchLive(to: next.id, at: Self.time(hours: hour))
        }
        #expect(list.live.id == 4 && list.live.replaces == 3)
        #expect(list.expired(at: Self.time(hours: 3), keepHours: 24) == [1])
        #expect(list.expired(at: Self.time(hours: 26), keepHours: 24) == [1, 2])
        #expect(list.expired(at: Self.time(hours: 27), keepHours: 24) == [1, 2, 3])
        #expect(list.expired(at: Self.time(hours: 3), keepHours: 0) == [1, 2, 3])
    }

    @Test("any changed byte of the file is noticed, and a newer format is told from damage")
    func damage() throws {
        var list = Self.list()
        _ = try list.add("job", Self.needs, at: .earliest)
        let right = list.json
        for index in right.indices {
            var wrong = right
            wrong[index] ^= 1
            #expect(GenerationList.read(wrong) != .list(list), "byte \(index)")
        }
        #expect(GenerationList.read(Array(right.dropLast(10))) == .damaged && GenerationList.read([]) == .damaged)
        #expect(GenerationList.read(Array(#"{"format":2}"#.utf8)) == .newer)
    }
}
