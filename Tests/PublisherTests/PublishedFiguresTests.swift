import Figures
import JSON
import Testing

@testable import Publisher

@Suite("What the publisher remembers of a record") struct PublishedFiguresTests {
    private var samples: [(figures: PublishedFigures, kind: MetricKind)] {
        var sums = StateSums()
        sums.working = 3_599_999_999
        sums.idle = 1
        sums.units = 64
        var factory = PublishedFigures.Factory()
        factory.working = Int64.max
        factory.activeWorkers = 3
        factory.target = -1_250
        var shift = PublishedFigures.Shift()
        shift.factory = factory
        shift.end = at(14)
        shift.handoverUnits = 3
        shift.baselineUtilization = 10_050
        var health = HealthFigures()
        health.samples = 2
        health.confidenceSum = 1_800_000
        health.histogram[18] = 2
        return [
            (.worker(sums, state: .working, workstation: Array("S/ä".utf8)), .worker),
            (.worker(StateSums(), state: nil, workstation: nil), .worker),
            (.workstation(sums, currentWorkers: 2), .workstation), (.factory(factory), .factory),
            (.factory(PublishedFigures.Factory()), .factory), (.modelHealth(health), .modelHealth),
            (.shift(shift), .shift), (.shift(PublishedFigures.Shift()), .shift),
            (.alert(PublishedFigures.Alert(average: 1, reference: 750_000, samples: 30)), .alert),
            (.alert(nil), .alert),
        ]
    }

    @Test("figures read back from the file, and bytes that are cut or too long are no figures")
    func stored() {
        for (figures, kind) in samples {
            let bytes = figures.stored
            #expect(PublishedFigures(stored: bytes, kind) == figures)
            for count in bytes.indices { #expect(PublishedFigures(stored: Array(bytes[..<count]), kind) == nil) }
            #expect(PublishedFigures(stored: bytes + [0], kind) == nil)
        }
    }

    @Test("figures read back from what they write, as from another publisher's record")
    func written() throws {
        for (figures, kind) in samples {
            var writer = JSONWriter()
            writer.object { writer in
                figures.write(to: &writer)
                // An alert's figures are in the record of an open one alone.
                if kind == .alert { writer.member("status", figures == .alert(nil) ? "closed" : "opened") }
            }
            #expect(PublishedFigures(try #require(JSONValue(writer.bytes)), kind) == figures)
        }
    }

    @Test(
        "a target is read in hundredths, however many decimals are written",
        arguments: [("12", 1200), ("12.5", 1250), ("12.05", 1205), ("0.01", 1), ("1e3", nil), ("0.005", nil)]
            as [(String, Int64?)])
    func target(_ text: String, _ hundredths: Int64?) throws {
        let record = try #require(JSONValue("{\"target_units\":\(text)}".utf8))
        var factory = PublishedFigures.Factory()
        factory.target = hundredths
        #expect(PublishedFigures(record, .factory) == .factory(factory))
    }
}
