// Layer: oracle. Instances of random shifts against the plain definition by the wall clock, and what a window within them
// counts against its instances asked one by one. Cannot catch what the oracle reads wrongly too.
import EventModel
import Foundation
import Oracle
import SimulationKit
import Testing
import Timeline

@testable import Figures

@Suite("Windows within shifts (SPEC 5.1, 5.5)") struct ShiftCalendarTests {
    private static let zones = ["UTC", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca"]

    private func shifts(_ generator: inout SeededGenerator) -> [SiteDefinition.Shift] {
        (0..<generator.pick(1...4)).map { number in
            SiteDefinition.Shift(
                name: "\(number % 2)", startMinute: generator.pick(0..<1440), endMinute: generator.pick(0..<1440),
                days: UInt8(generator.pick(0...127)))
        }
    }

    private func offset(_ name: String) throws -> (Int64) -> Int {
        let zone = try #require(TimeZone(identifier: name))
        return { zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double($0))) }
    }

    @Test("within shifts a window is the union of their instances, over changes of the clock", arguments: 0..<20)
    func union(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for name in Self.zones {
            let shifts = shifts(&generator)
            // The last Sundays of March and October lie in some of them.
            let from =
                (20_450 + Int64(generator.pick(0...360))) * Microseconds.day + Int64(generator.pick(0..<86_400_000))
            let asked = OracleWindow(from: from, to: from + Int64(generator.pick(1...20)) * Microseconds.day + 1)
            let calendar = ShiftCalendar(shifts, SiteZone(identifier: name))
            let instances = try #require(calendar.instances(overlapping: asked.from..<asked.end))
            let wanted = OracleShifts.instances(of: shifts, in: asked, zone: try offset(name))
            #expect(
                instances.map { [$0.range.lowerBound, $0.range.upperBound] }.sorted { $0.lexicographicallyPrecedes($1) }
                    == wanted.map { [$0.lowerBound, $0.upperBound] }.sorted { $0.lexicographicallyPrecedes($1) },
                "\(name), \(shifts)")
            let window = Window(from: asked.from, end: asked.end, inside: instances.map(\.range))
            #expect(window.parts == asked.cut(to: wanted).counted, "\(name), \(shifts)")
            #expect(calendar.microseconds(inside: window) == window.elapsed, "all of it lies inside")
        }
    }

    @Test("what a window within shifts counts is the sum over its parts asked one by one", arguments: 0..<10)
    func parts(_ block: UInt64) throws {
        var counted = 0
        for seed in block * 5..<block * 5 + 5 {
            var generator = SeededGenerator(seed: 31_000 + seed)
            let scenario = RandomScenario(seed: seed, size: .init(events: 60))
            let folded = try FoldedScenario(scenario, &generator)
            guard let site = folded.fold.site(RandomScenario.siteID) else { continue }
            let start = max(0, generator.pick(scenario.instants))
            let range = start..<start + Int64(generator.pick(1...5)) * Microseconds.day
            let calendar = ShiftCalendar(shifts(&generator), SiteZone(identifier: generator.pick(Self.zones)))
            let instances = try #require(calendar.instances(overlapping: range))
            let window = Window(from: range.lowerBound, end: range.upperBound, inside: instances.map(\.range))
            let view = site.view(knownAt: nil)
            let whole = try site.figures(window, view, [.workers, .stations, .totals], folded.store)
            let parts = try site.figures(
                windows: window.parts.map { Window(from: $0.lowerBound, end: $0.upperBound) }, view,
                [.workers, .stations, .totals], folded.store)
            #expect(parts.reduce(0) { $0 + $1.window.elapsed } == window.elapsed)
            #expect(parts.reduce(0) { $0 + $1.factory.observed } == whole.factory.observed, "\(scenario)")
            #expect(parts.reduce(0) { $0 + $1.factory.units } == whole.factory.units, "\(scenario)")
            for worker in whole.workers.indices {
                #expect(
                    parts.reduce(0) { $0 + $1.workers[worker].observed } == whole.workers[worker].observed,
                    "\(scenario)")
            }
            counted += whole.factory.observed > 0 ? 1 : 0
        }
        #expect(counted > 0, "shifts without any observed time prove nothing")
    }

    @Test("more instances than asked for are none, so that a window of thousands of years is refused")
    func maximum() {
        let daily = ShiftCalendar([.init(name: "day", startMinute: 0, endMinute: 60)], SiteZone(identifier: "UTC"))
        let week = 20_465 * Microseconds.day..<20_472 * Microseconds.day
        #expect(daily.instances(overlapping: week, maximum: 7)?.count == 7)
        #expect(daily.instances(overlapping: week, maximum: 6) == nil)
    }
}
