// Layer: oracle. Days and shifts around the changes of the clock in every zone that has any, against the plain definition by
// the wall clock. Cannot catch what the oracle reads wrongly too.
import EventModel
import Foundation
import Oracle
import SimulationKit
import Testing
import Timeline

@testable import Figures

@Suite("Days and shifts in every zone (SPEC 5.1, 5.5)") struct EveryZoneTests {
    /// Shifts that a change of the clock cuts, stretches or leaves no time for, that overlap, run over midnight or around the
    /// clock, and two of one name.
    private func shifts(near change: Int64, _ offset: (Int64) -> Int, _ random: inout SeededGenerator)
        -> [SiteDefinition.Shift]
    {
        let second = change / Microseconds.second
        // What the clock shows just before it changes.
        let minute = Int((second + Int64(offset(second - 1))) % 86_400) / 60
        func shift(_ name: String, _ start: Int, _ length: Int, _ days: UInt8 = 0x7f) -> SiteDefinition.Shift {
            let begin = (start + 2880) % 1440
            return .init(name: name, startMinute: begin, endMinute: (begin + length) % 1440, days: days)
        }
        return [
            shift("gap", minute + random.pick(0...40), random.pick(1...20)),
            shift("across", minute - random.pick(1...90), random.pick(60...180), UInt8(random.pick(1...127))),
            shift("twice", minute - 240, 480), shift("twice", minute - random.pick(0...120), 480),
            shift("all", random.pick(0..<1440), 1440, UInt8(random.pick(1...127))),
        ]
    }

    private func compare(
        _ name: String, _ change: Int64, _ random: inout SeededGenerator
    ) throws -> (instances: Int, empty: Int) {
        let offset = ChangingZones.offset(try #require(TimeZone(identifier: name)))
        let shifts = shifts(near: change, offset, &random)
        let from = change - Int64(random.pick(1...86_400_000_000))
        let asked = OracleWindow(from: from, to: change + Int64(random.pick(1...86_400_000_000)))
        let zone = SiteZone(identifier: name)
        let found = try #require(ShiftCalendar(shifts, zone).instances(overlapping: asked.from..<asked.end))
        let wanted = OracleShifts.named(shifts, in: asked, zone: offset)
        func text(_ name: String, _ date: String, _ range: Range<Int64>) -> String {
            "\(name) \(date) \(range.lowerBound) \(range.upperBound)"
        }
        #expect(
            found.map { text($0.name, CivilDate(daysSince1970: Int($0.day)).text, $0.range) }.sorted()
                == wanted.map { text($0.name, $0.date, $0.range) }.sorted(), "\(name) at \(change), \(shifts)")
        let window = Window(from: asked.from, end: asked.end, inside: found.map(\.range))
        #expect(window.parts == asked.cut(to: wanted.map(\.range)).counted, "\(name) at \(change), \(shifts)")
        for day in [-1, 0, 1] as [Int64] {
            let day = zone.localDay(of: Timestamp(microseconds: change)) + day
            #expect(
                zone.instant(day: day).microseconds
                    == OracleShifts.instant(of: day * 86_400, zone: offset) * Microseconds.second, "\(name), day \(day)"
            )
        }
        return (found.count, shifts.count { shift in !found.contains { $0.name == shift.name } })
    }

    @Test("shifts and days around changes of the clock are those of the wall clock, in every zone that has any")
    func zones() throws {
        var (instances, empty) = (0, 0)
        for (number, name) in ChangingZones.names.enumerated() {
            var random = SeededGenerator(seed: 300 + UInt64(number))
            let changes = ChangingZones.changes(of: try #require(TimeZone(identifier: name)))
            // One into summer time and one out of it.
            let first = random.pick(0..<max(1, changes.count - 1))
            for change in changes[first...].prefix(2) {
                let seen = try compare(name, change, &random)
                instances += seen.instances
                empty += seen.empty
            }
        }
        // Shifts that a gap leaves no time for are among them.
        #expect(instances > 500 && empty > 0)
    }

    @Test("so they are where the clock moves by half an hour or less, in Ramadan, and where a date is skipped")
    func unusual() throws {
        for name in ["Australia/Lord_Howe", "Pacific/Chatham", "Africa/Casablanca"] {
            var random = SeededGenerator(seed: 17)
            let changes = ChangingZones.changes(of: try #require(TimeZone(identifier: name)))
            #expect(changes.count >= 7, "\(name)")
            for change in changes { _ = try compare(name, change, &random) }
        }
        // Samoa went from 29 to 31 December 2011 at midnight.
        let skip = try #require(Timestamp(rfc3339: "2011-12-30T10:00:00Z")).microseconds
        for seed in 0..<10 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            _ = try compare("Pacific/Apia", skip, &random)
        }
    }
}
