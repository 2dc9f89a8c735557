import Clocks
import EventModel
import JSON
import Observability
import Testing

@testable import Commands

@Suite("Tables, bars and log lines")
struct OutputTests {
    @Test("columns are as wide as their widest cell; numbers are aligned to the right; no line ends in a space")
    func alignment() {
        var table = Table([.text("worker"), .number("units"), .text("state")])
        table.append(["W1", "7", "idle"])
        table.append(["Woman-22", "1,200", ""])
        #expect(
            table.lines(colour: false) == [
                "worker    units  state",
                "W1            7  idle",
                "Woman-22  1,200",
            ])
    }

    @Test("colour is written only where it is asked for")
    func colour() {
        let table = Table([.text("a")])
        #expect(table.lines(colour: true) == ["\u{1B}[1ma\u{1B}[0m"])
        #expect(table.lines(colour: false) == ["a"])
    }

    @Test("a name cannot send commands to the terminal")
    func terminalEscapes() {
        var table = Table([.text("name")])
        table.append(["a\u{1B}[2Jb\u{202E}c\nd"])
        #expect(table.lines(colour: false)[1] == "a\u{FFFD}[2Jb\u{FFFD}c\u{FFFD}d")
    }

    @Test("digits are grouped by three")
    func grouping() {
        #expect(
            [0, 999, 1000, -1_234_567, Int.min].map { grouped($0) } == [
                "0", "999", "1,000", "-1,234,567", "-9,223,372,036,854,775,808",
            ])
    }

    @Test("on a terminal the bar is redrawn every 500 ms and no sooner")
    func bar() {
        var meter = ProgressMeter(label: "import", total: 1000, isTerminal: true, milliseconds: 0)
        #expect(meter.status(done: 0, events: 0, milliseconds: 0) != nil)
        #expect(meter.status(done: 100, events: 10, milliseconds: 499) == nil)
        let text = meter.status(done: 500, events: 50_000, milliseconds: 500)
        #expect(
            text == "\r\u{1B}[Kimport [###############...............] 50%  50,000 events  100,000/s  ETA 0:00")
        #expect(meter.end() == "\r\u{1B}[K")
    }

    @Test("elsewhere there is one JSON line every 5 s, with the time that is left")
    func lines() {
        var meter = ProgressMeter(label: "import", total: 1000, done: 200, isTerminal: false, milliseconds: 1_000)
        #expect(meter.status(done: 200, events: 0, milliseconds: 1_000) == nil)
        #expect(meter.status(done: 300, events: 10, milliseconds: 5_999) == nil)
        let text = meter.status(done: 600, events: 100, milliseconds: 6_000)
        #expect(
            text == """
                {"progress":"import","done":600,"total":1000,"percent":60,"events":100,"events_per_second":20,\
                "eta_seconds":5}\n
                """)
        #expect(meter.status(done: 700, events: 110, milliseconds: 10_999) == nil)
        #expect(meter.end() == nil)
    }

    @Test("an empty piece of work is done, and divides nothing by zero")
    func emptyWork() {
        var meter = ProgressMeter(label: "import", total: 0, isTerminal: false, milliseconds: 0)
        let text = meter.status(done: 0, events: 0, milliseconds: 5_000)
        #expect(text?.contains("\"percent\":100") == true)
        #expect(text?.contains("\"eta_seconds\":null") == true)
    }

    @Test("log lines are text for people or one JSON object for programs")
    func logLines() {
        let recorder = Recorder()
        let text = StructuredLog(
            format: .text, console: recorder.console(),
            clock: ManualClock(now: Timestamp(microseconds: 1_768_197_600_000_000)))
        text.write(
            JournalEvent(
                "started", .info, "started in 5 s",
                [.init("seconds", 5, isInMessage: true), .init("dir", "a b"), .init("n", 1)]))
        #expect(recorder.errors == "2026-01-12T06:00:00.000000Z info started in 5 s dir=\"a b\" n=1\n")
        let other = Recorder()
        let json = StructuredLog(
            format: .json, console: other.console(), clock: ManualClock(now: Timestamp(microseconds: 0)))
        json.write(
            JournalEvent(
                "broken", .error, "it \"broke\"\n", [.init("url", "http://x/", isInMessage: true), .init("n", 1)]))
        #expect(
            other.errors == """
                {"time":"1970-01-01T00:00:00.000000Z","level":"error","event":"broken",\
                "message":"it \\"broke\\"\\n","url":"http://x/","n":1}\n
                """)
    }

    @Test("JSON goes out as it came, tables as blocks apart")
    func formats() throws {
        let recorder = Recorder()
        try recorder.console().write(.json, json: { Array("{}".utf8) }, tables: { [] })
        try recorder.console().write(.table, json: { [] }, tables: { [Table([.text("a")]), Table([.text("b")])] })
        #expect(recorder.output == "{}\na\n\nb\n")
    }

    @Test("JSON with comments becomes plain JSON with its numbers unchanged")
    func relaxedJSON() {
        let text =
            "{ // note\n threshold: 0.7, big: 31622400, tiny: 0.000001, list: [1, true, null,], 'a/b': \"x\\u0001\" }"
        #expect(
            JSONValue(relaxed: text.utf8).map { value in JSONWriter.text { $0.value(value) } }
                == #"{"a/b":"x\u0001","big":31622400,"list":[1,true,null],"threshold":0.7,"tiny":0.000001}"#)
        #expect(JSONValue(relaxed: "{".utf8) == nil)
    }
}
