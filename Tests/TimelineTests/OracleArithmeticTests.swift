// Layer: oracle, of itself. Rounding, shifts and real data, in examples that were computed by hand or counted by other
// programs. Catches arithmetic that the oracle gets wrong; cannot catch rules about events: `OracleTests` have those.
import EventModel
import Foundation
import Oracle
import Testing

private let hour = Microseconds.hour

@Suite("Oracle rounding and shifts") struct OracleArithmeticTests {
    @Test("rounding is half up, towards +∞ (SPEC 5.1)")
    func rounding() {
        #expect(ExactDecimal(5, over: 1000, places: 2)?.description == "0.01")
        #expect(ExactDecimal(4999, over: 1_000_000, places: 2)?.description == "0.00")
        #expect(ExactDecimal(-5, over: 1000, places: 2)?.description == "0.00")
        #expect(ExactDecimal(-5001, over: 1_000_000, places: 2)?.description == "-0.01")
        #expect(ExactDecimal(-15, over: 1000, places: 2)?.description == "-0.01")
        #expect(ExactDecimal(1, over: 0, places: 2) == nil)
        #expect(ExactDecimal.hours(1_800_000_000).description == "0.5000")
        #expect(ExactDecimal.percentage(2, of: 3)?.description == "66.67")
    }

    private func berlin(_ second: Int64) -> Int {
        TimeZone(identifier: "Europe/Berlin")?.secondsFromGMT(for: Date(timeIntervalSince1970: Double(second))) ?? 0
    }

    private func shift(_ start: Int, _ end: Int, _ days: UInt8 = 0x7f) -> SiteDefinition.Shift {
        SiteDefinition.Shift(name: "", startMinute: start, endMinute: end, days: days)
    }

    private func shiftHours(_ shifts: [SiteDefinition.Shift], _ from: String, _ to: String) throws -> Double {
        let parser = ISO8601DateFormatter()
        let start = try #require(parser.date(from: from)).timeIntervalSince1970
        let end = try #require(parser.date(from: to)).timeIntervalSince1970
        let window = OracleWindow(from: Int64(start) * 1_000_000, to: Int64(end) * 1_000_000)
        return Double(OracleShifts.time(of: shifts, in: window, zone: berlin)) / Double(hour)
    }

    @Test("overlapping shifts count once (SPEC 5.4)")
    func union() throws {
        let shifts = [shift(360, 840), shift(780, 1320)]
        #expect(try shiftHours(shifts, "2026-01-12T00:00:00+01:00", "2026-01-13T00:00:00+01:00") == 16)
        #expect(try shiftHours(shifts, "2026-01-12T13:30:00+01:00", "2026-01-12T21:00:00+01:00") == 7.5)
    }

    @Test("a night shift belongs to the date on which it opens (SPEC 5.5)")
    func night() throws {
        // Sunday's night alone: 22:00 to 06:00.
        let shifts = [shift(1320, 360, 1 << 6)]
        #expect(try shiftHours(shifts, "2026-01-12T00:00:00+01:00", "2026-01-13T00:00:00+01:00") == 6)
        #expect(try shiftHours(shifts, "2026-01-11T00:00:00+01:00", "2026-01-12T00:00:00+01:00") == 2)
        #expect(try shiftHours([shift(360, 360)], "2026-01-12T00:00:00+01:00", "2026-01-13T00:00:00+01:00") == 24)
    }

    @Test("shifts follow the zone's summer time (SPEC 5.1, 5.5)")
    func summerTime() throws {
        let night = [shift(1320, 360)]
        #expect(try shiftHours(night, "2026-03-28T12:00:00+01:00", "2026-03-29T12:00:00+02:00") == 7)
        #expect(try shiftHours(night, "2026-10-24T12:00:00+02:00", "2026-10-25T12:00:00+01:00") == 9)
        // 02:30 does not exist on 29 March: 03:00 CEST. It exists twice on 25 October: the first.
        #expect(try shiftHours([shift(150, 240)], "2026-03-29T00:00:00+01:00", "2026-03-29T12:00:00+02:00") == 1)
        #expect(try shiftHours([shift(150, 240)], "2026-10-25T00:00:00+02:00", "2026-10-25T12:00:00+01:00") == 2.5)
    }
}

@Suite("Real data") struct RealDataTests {
    @Test("machine-shop is admitted whole", .enabled(if: RealData.isAvailable("machine-shop"), "\(RealData.absence)"))
    func machineShop() throws {
        let data = try RealData("machine-shop")
        #expect(data.events.count == 7791)
        let log = Self.log(data, size: 100)
        let ledger = log.view(of: data.definition.siteID).ledger
        #expect(ledger.duplicates == 636 && ledger.folded == 7155 && ledger.definitions == 1)
    }

    @Test("detections has its low confidences", .enabled(if: RealData.isAvailable("detections"), "\(RealData.absence)"))
    func detections() throws {
        let data = try RealData("detections")
        let ledger = Self.log(data, size: 1000).view(of: data.definition.siteID).ledger
        #expect(ledger.received == 21902 && ledger.duplicates == 0 && ledger.quarantined == 0)
        #expect(ledger.lowConfidence > 1500 && ledger.lowConfidence < 2500)
    }

    static func log(_ data: RealData, size: Int) -> OracleLog {
        var log = OracleLog()
        let createdAt = Timestamp(microseconds: data.newest)
        log.append(.definition(DefinitionRecord(definition: data.definition, createdAt: createdAt)), offset: 0)
        for (number, batch) in RealData.batches(data.events, size: size, createdAt: data.newest).enumerated() {
            log.append(.events(batch), offset: Int64(number) + 1)
        }
        return log
    }
}
