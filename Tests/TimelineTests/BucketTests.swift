// Layer: machine. Hours of workers, stations, factory and model health across commits.
import EventModel
import SimulationKit
import Testing

@testable import Timeline

@Suite("Buckets of hours")
struct BucketTests {
    private struct Key: Hashable {
        var kind: HourKind
        var entity: UInt32
        var hour: Hour
    }

    /// Without hours in which all is zero.
    private static func sums(_ rows: [HourRow]) -> [Key: [Int64]] {
        let sums: [Key: [Int64]] = rows.reduce(into: [:]) { sums, row in
            let key = Key(kind: row.kind, entity: row.entity, hour: row.sums.hour)
            let old = sums[key] ?? [0, 0, 0, 0]
            let new = [row.sums.working, row.sums.idle, row.sums.absent, row.sums.units]
            sums[key] = zip(old, new).map { $0 + $1 }
        }
        return sums.filter { $0.value.contains { $0 != 0 } }
    }

    @Test("stored, taken and pending differences add up to all that was added, at every step", arguments: 0..<6)
    func addUp(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed) ^ 0xb0c)
        var buckets = HourBuckets(workerCount: 4, stationCount: 3)
        var all: [HourRow] = []
        var stored: [HourRow] = []
        var taken: [HourRow]?
        for step in 0..<200 {
            let hour = Hour(Int64(random.pick(-2...6)))
            let worker = UInt32(random.pick(0...3))
            let station = UInt32(random.pick(0...2))
            let amount = Int64(random.pick(-9...9))
            let type = random.pick(EventType.allCases)
            var sums = HourSums(hour: hour)
            switch type {
            case .working: sums.working = amount
            case .idle: sums.idle = amount
            case .absent: sums.absent = amount
            case .productCount: sums.units = amount
            }
            if type == .productCount {
                buckets.addUnits(amount, hour, worker: worker, station: station, changedAt: Int64(step))
            } else {
                buckets.addTime(amount, type, hour, worker: worker, station: station, changedAt: Int64(step))
            }
            all.append(HourRow(kind: .worker, entity: worker, sums: sums))
            all.append(HourRow(kind: .factory, entity: 0, sums: sums))
            if type != .absent { all.append(HourRow(kind: .workstation, entity: station, sums: sums)) }
            switch random.pick(0...9) {
            case 0 where taken == nil: taken = buckets.takeChanges().rows
            case 1:
                stored += taken ?? []
                if taken != nil { buckets.finishCommit() }
                taken = nil
            default: break
            }
            let seen = stored + HourKind.allCases.flatMap { buckets.uncommitted($0) }
            #expect(Self.sums(seen) == Self.sums(all))
        }
        #expect(!stored.isEmpty, "the seed must commit")
    }

    @Test("an hour that was cleared holds nothing, stored rows are void until the commit that deletes them is done")
    func clear() {
        var buckets = HourBuckets(workerCount: 1, stationCount: 1)
        buckets.addTime(5, .working, Hour(1), worker: 0, station: 0, changedAt: 1)
        buckets.noteEvent(at: 7, Hour(1), station: 0, changedAt: 1)
        _ = buckets.takeChanges()
        buckets.addTime(6, .working, Hour(1), worker: 0, station: 0, changedAt: 2)
        buckets.clear()
        #expect(buckets.storedRowsAreVoid && HourKind.allCases.allSatisfy { buckets.uncommitted($0).isEmpty })
        #expect(buckets.activity(of: 0).newest == .none && buckets.activity(of: 0).oldest == .none)
        buckets.finishCommit()
        #expect(buckets.storedRowsAreVoid, "that commit took nothing of it")
        buckets.addTime(7, .working, Hour(1), worker: 0, station: 0, changedAt: 3)
        let taken = buckets.takeChanges()
        #expect(taken.clearsStored && buckets.storedRowsAreVoid)
        #expect(buckets.uncommitted(.worker).map(\.sums.working) == [7])
        buckets.finishCommit()
        #expect(!buckets.storedRowsAreVoid && buckets.uncommitted(.worker).isEmpty)
    }

    @Test("an hour's newest change is the largest created_at of all that moved it (SPEC 7.2)")
    func changedAt() {
        var buckets = HourBuckets(workerCount: 1, stationCount: 1)
        for changedAt: Int64 in [5, 9, 3] {
            buckets.addTime(1, .idle, Hour(0), worker: 0, station: 0, changedAt: changedAt)
        }
        for kind in HourKind.allCases { #expect(buckets.uncommitted(kind).map(\.sums.changedAt.time) == [9]) }
    }

    @Test("a station keeps its oldest and newest event, and whether one ever left (SPEC 5.3)")
    func activity() {
        var buckets = HourBuckets(workerCount: 1, stationCount: 2)
        for time: Int64 in [50, 20, 70] { buckets.noteEvent(at: time, Hour(0), station: 1, changedAt: 1) }
        #expect(buckets.activity(of: 1).oldest.time == 20 && buckets.activity(of: 1).newest.time == 70)
        #expect(!buckets.activity(of: 1).isInexact && buckets.activity(of: 0).newest.time == nil)
        buckets.noteDeparture(Hour(0), station: 1, changedAt: 2)
        #expect(buckets.activity(of: 1).isInexact)
        #expect(buckets.uncommitted(.workstation).map(\.sums.withdrawn) == [1])
    }

    @Test("samples of model health add up across commits, and one withdrawn leaves nothing (SPEC 6.1)")
    func health() {
        func entry(_ hour: Int64, _ confidence: UInt32) -> TimelineEntry {
            TimelineEntry(
                key: EventKey(time: hour * Microseconds.hour, type: .idle), createdAt: 1,
                position: PackedPosition(rawValue: 0),
                detail: PackedDetail(origin: 1, count: 0, confidence: confidence))
        }
        var buckets = HealthBuckets()
        for _ in 0..<2 { buckets.addOrigin() }
        // Hours 0, 2 and 4 share a slot.
        for hour: Int64 in [0, 2, 4, 1] { buckets.count(entry(hour, 900_000), isMarked: false, 1, changedAt: 1) }
        let taken = buckets.takeChanges()
        buckets.count(entry(2, 900_000), isMarked: false, -1, changedAt: 2)
        buckets.count(entry(2, 100_000), isMarked: true, 1, changedAt: 3)
        var hours: [Hour: HealthSums] = [:]
        for row in buckets.uncommitted { hours[row.sums.hour, default: HealthSums(hour: row.sums.hour)].add(row.sums) }
        #expect(hours.mapValues(\.samples) == [Hour(0): 1, Hour(1): 1, Hour(2): 1, Hour(4): 1])
        #expect(hours[Hour(2)]?.confidenceSum == 100_000 && hours[Hour(2)]?.marked == 1)
        #expect(hours[Hour(2)]?.changedAt.time == 3)
        buckets.finishCommit()
        #expect(taken.count == 4 && buckets.uncommitted.map(\.sums.samples) == [0])
    }
}

extension HourBuckets {
    /// Puts all changes in flight and returns them.
    mutating func takeChanges() -> (rows: [HourRow], clearsStored: Bool) {
        var left = Int.max
        gather(&left)
        let taken = gathered
        beginCommit()
        return taken
    }
}

extension HealthBuckets {
    /// Puts all changes in flight and returns them.
    mutating func takeChanges() -> [HealthRow] {
        var left = Int.max
        gather(&left)
        let taken = gathered
        beginCommit()
        return taken
    }
}
