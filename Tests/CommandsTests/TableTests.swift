import EventModel
import Testing

@testable import Commands

@Suite("Tables, clocks and spreadsheets")
struct TableTests {
    var wide: Table {
        var table = Table([
            .text("worker"), .text("name", mayShrink: true), .number("utilization % of elapsed"),
            .number("units / working h"),
        ])
        table.append(["W1", "Ada Lovelace of Ockham", "78.13", "0.80"])
        return table
    }

    @Test("a piped table has every heading in one line, however wide it is")
    func piped() {
        #expect(
            wide.lines(colour: false) == [
                "worker  name                    utilization % of elapsed  units / working h",
                "W1      Ada Lovelace of Ockham                     78.13               0.80",
            ])
    }

    @Test("on a narrow terminal headings are wrapped first, and stand on their column")
    func wrappedHeadings() {
        #expect(
            wide.lines(colour: false, width: 56) == [
                "                                 utilization    units /",
                "worker  name                    % of elapsed  working h",
                "W1      Ada Lovelace of Ockham         78.13       0.80",
            ])
    }

    @Test("where wrapping is not enough, names are cut; ids and numbers never")
    func shrunkNames() {
        #expect(wide.lines(colour: false, width: 40).last == "W1      Ada Lovel…        78.13     0.80")
        #expect(wide.lines(colour: false, width: 38).last == "W1      Ada Lov…        78.13     0.80")
    }

    @Test("where nothing else helps, columns go on below and repeat the first one; none vanishes")
    func blocks() {
        #expect(
            wide.lines(colour: false, width: 30) == [
                "worker  name", "W1      Ada Lovelace of Ockham", "",
                "                      units /", "         utilization  working", "worker  % of elapsed        h",
                "W1             78.13     0.80",
            ])
        #expect(wide.lines(colour: false, width: 1).filter { $0.hasPrefix("W1") }.count == 3)
    }

    @Test("wide characters, marks and pictures keep columns straight")
    func wideCharacters() {
        var table = Table([.text("name"), .number("n")])
        for name in ["田中", "e\u{301}t\u{e9}", "👷", "한국"] { table.append([name, "1"]) }
        #expect(table.lines(colour: false) == ["name  n", "田中  1", "e\u{301}t\u{e9}   1", "👷    1", "한국  1"])
        #expect(displayWidth("a\u{200b}b") == 2)
        #expect(shortened("田中さん", to: 5) == "田中…")
        #expect(shortened("田中さん", to: 4) == "田…")
    }

    @Test(
        "times are those of the site's clocks; one with another offset than the title says carries its own (SPEC 5.1)")
    func siteClock() throws {
        let spring = try #require(Timestamp(rfc3339: "2026-03-28T23:00:00Z"))
        let clock = SiteClock(zone: "Europe/Berlin", near: spring)
        #expect(clock.title == "Europe/Berlin, UTC+01:00")
        #expect(clock.brief(spring) == "2026-03-29 00:00")
        #expect(clock.text(spring + 1_999_999) == "2026-03-29 00:00:01")
        #expect(clock.exact(spring + 1_007_999) == "2026-03-29 00:00:01.007")
        // From 02:00 to 03:00 the clock was put forward.
        #expect(clock.text(spring + 7_200_000_000) == "2026-03-29 03:00:00+02:00")
        #expect(SiteClock(zone: "Asia/Kolkata", near: spring).title == "Asia/Kolkata, UTC+05:30")
        for zone in [nil, "UTC", "Nowhere/Atall"] {
            let utc = SiteClock(zone: zone, near: spring)
            #expect(utc.title == "UTC")
            #expect(utc.text(spring) == "2026-03-28 23:00:00")
        }
    }

    @Test("a spreadsheet gets CRLF, quotes where they are needed, and every byte of a name (RFC 4180)")
    func csv() {
        let text = CSVText(
            header: ["id", "name"], rows: [["1", "a,b"], ["2", "say \"hi\"\u{301}"], ["3", "x\ny"], ["", "é"]])
        #expect(
            String(decoding: text.bytes, as: UTF8.self)
                == "id,name\r\n1,\"a,b\"\r\n2,\"say \"\"hi\"\"\u{301}\"\r\n3,\"x\ny\"\r\n,é\r\n")
    }

    @Test("ages are given in the largest unit that says enough")
    func durations() {
        #expect(
            [2.6, 119, 7_000, 90_000, 864_000].map(AnswerTitle.duration) == [
                "3 s", "119 s", "116 min", "25 h", "10 days",
            ])
    }
}
