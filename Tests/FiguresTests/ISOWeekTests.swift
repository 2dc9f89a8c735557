// Layer: oracle. Foundation's calendar counts the weeks; only the first and the last of some years differ from simple ideas.
import EventModel
import Foundation
import Testing

@testable import Figures

@Suite("ISO weeks (SPEC 6.5)") struct ISOWeekTests {
    private var calendar: Calendar {
        var calendar = Calendar(identifier: .iso8601)
        calendar.timeZone = .gmt
        return calendar
    }

    @Test("every date of a hundred years is in the week that the calendar says")
    func dates() {
        for day in stride(from: Int64(1), to: 36_600, by: 1) {
            let date = Date(timeIntervalSince1970: Double(day) * 86_400)
            let parts = calendar.dateComponents([.yearForWeekOfYear, .weekOfYear], from: date)
            let week = ISOWeek(holding: day)
            guard week.year == parts.yearForWeekOfYear, week.week == parts.weekOfYear, week.monday <= day,
                day < week.monday + 7, ISOWeek(week.description) == week
            else {
                Issue.record("day \(day): \(week)")
                return
            }
        }
    }

    @Test("a text that is no week is none, nor a week 53 of a year that has 52")
    func texts() {
        #expect(ISOWeek("2026-W03")?.monday == Int64(CivilDate(year: 2026, month: 1, day: 12).daysSince1970))
        #expect(ISOWeek("2026-W53") != nil && ISOWeek("2025-W53") == nil && ISOWeek("2026-W54") == nil)
        for text in ["2026-W00", "2026-W3", "2026W03", "2026-w03", "1969-W01", "+026-W03", "2026-W٣٠", "", "2026-W033"]
        {
            #expect(ISOWeek(text) == nil, "\(text)")
        }
        #expect(ISOWeek("2026-W01")?.previous.description == "2025-W52")
        #expect(ISOWeek("2027-W01")?.previous.description == "2026-W53")
    }

    @Test("days begin by the clocks of the site: one of 23 hours, and none that the zone skipped")
    func days() throws {
        let spring = try #require(ISOWeek("2026-W13")).days(SiteZone(identifier: "Europe/Berlin"))
        #expect(spring.count == 7 && spring[0].range.lowerBound % Microseconds.day == 23 * Microseconds.hour)
        #expect(spring[6].range.upperBound - spring[6].range.lowerBound == 23 * Microseconds.hour)
        // Samoa had no 30 December 2011, a Friday.
        let samoa = try #require(ISOWeek("2011-W52")).days(SiteZone(identifier: "Pacific/Apia"))
        #expect(samoa.count == 6)
        for (day, next) in zip(samoa, samoa.dropFirst()) { #expect(day.range.upperBound == next.range.lowerBound) }
    }
}
