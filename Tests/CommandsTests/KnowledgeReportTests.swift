import Testing

@testable import Commands

@Suite("andon query compare and history (SPEC 7.7)")
struct KnowledgeReportTests {
    private static let compared = """
        {"a":{"known_at":"2026-01-12T09:00:00.000000Z","definition":1},"b":{"known_at":null,"definition":2},\
        "workers":[{"worker_id":"W1","worker_name":"Ada","differs":true,"a":{"working_us":3600000000,\
        "total_active_time_hours":1,"utilization_percentage":null,"total_units_produced":1205},\
        "b":{"working_us":1800000000,"total_active_time_hours":0.5,"utilization_percentage":50,\
        "total_units_produced":1205},"difference":{"working_us":-1800000000,"total_active_time_hours":-0.5,\
        "utilization_percentage":null,"total_units_produced":0},"without_difference":["utilization_percentage"]},\
        {"worker_id":"W2","worker_name":"W2","differs":true,"a":null,"b":{"total_units_produced":3},\
        "difference":null,"without_difference":[]}],"workstations":[{"workstation_id":"S1","workstation_name":"Press",\
        "differs":true,"a":{"capacity":1},"b":{"capacity":2},"difference":{"capacity":1},"without_difference":[]}],\
        "factory":{"differs":false,"a":{"active_workers":1},"b":{"active_workers":1},\
        "difference":{"active_workers":0},"without_difference":[]},\(QueryTests.meta)}
        """

    private static let history = """
        {"items":[{"created_at":"2026-01-12T09:00:00.250000Z","position":"0:3:0","cause":"late_event",\
        "events":{"working":2,"idle":1},"definition":null,\
        "before":{"total_active_time_hours":1,"total_units_produced":3},\
        "after":{"total_active_time_hours":2.5,"total_units_produced":4}},\
        {"created_at":"2026-01-12T08:00:00.000000Z","position":"0:1:0","cause":"definition","events":{},\
        "definition":4,"before":{"utilization_percentage":null},"after":{"utilization_percentage":10}}],\
        \(QueryTests.meta),"next_cursor":"abc"}
        """

    private func lines(_ words: [String], _ answer: String) -> [String] {
        AskedServer(words, answer).recorder.output.split(whereSeparator: \.isNewline).map(String.init)
    }

    @Test("a comparison shows one line for each figure that differs; --all shows every one")
    func comparison() {
        let some = lines(["query", "compare"], Self.compared)
        #expect(some[1] == "a: known at 2026-01-12 10:00, definition 1, b: known now, definition 2")
        #expect(some.contains { $0.hasPrefix("worker W1 (Ada)") && $0.hasSuffix("  1.00   0.50       -0.50") })
        #expect(
            some.contains { $0.hasPrefix("worker W2 ") && $0.contains("units") && $0.hasSuffix("-      3           -") }
        )
        #expect(some.contains { $0.hasPrefix("workstation S1 (Press)  capacity") && $0.hasSuffix("+1") })
        #expect(!some.contains { $0.contains("1,205") } && !some.contains { $0.hasPrefix("factory") })
        let all = lines(["query", "compare", "--all"], Self.compared)
        #expect(all.contains { $0.contains("1,205") } && all.contains { $0.hasPrefix("factory ") })
    }

    @Test("a comparison as CSV has every member, one line each, as the server gave them")
    func comparisonRows() {
        let rows = lines(["query", "compare", "-o", "csv"], Self.compared)
        #expect(rows[0] == "list,id,name,member,a,b,difference")
        #expect(rows.contains("factory,,,active_workers,1,1,0"))
        #expect(rows.contains("worker,W1,Ada,working_us,3600000000,1800000000,-1800000000"))
        #expect(rows.contains("worker,W1,Ada,utilization_percentage,,50,"))
        #expect(rows.contains("workstation,S1,Press,capacity,1,2,1"))
        #expect(AskedServer(["query", "compare", "-o", "json"], Self.compared).recorder.output == Self.compared + "\n")
    }

    @Test("times become parameters, and equal items are not even sent unless --all asks for them")
    func comparisonParameters() {
        let words = ["query", "compare", "--known-at-a", "2026-01-12 08:00", "--known-at-b=2026-01-13", "--worker=W1"]
        #expect(
            AskedServer(words, Self.compared).targets == [
                "/api/compare?worker_id=W1&known_at_a=2026-01-12T08%3A00&known_at_b=2026-01-13&differing_only=true"
            ])
        #expect(AskedServer(["query", "compare", "--all"], Self.compared).targets == ["/api/compare"])
        #expect(AskedServer(["query", "compare", "--known-at=2026-01-12"], "{}").exit == .usage)
    }

    @Test("a history has a line for each member that changed, with time, cause and events in the first of an item")
    func history() {
        let rows = lines(["query", "history", "--worker", "W1"], Self.history)
        #expect(
            rows.contains {
                $0.hasPrefix("2026-01-12 10:00:00.250  late event    1 idle, 2 working  working h")
                    && $0.hasSuffix("1.00   2.50  0:3:0")
            })
        #expect(rows.contains { $0.hasPrefix("   ") && $0.contains("units") && $0.hasSuffix(" 3      4") })
        #expect(rows.contains { $0.contains("definition 4  -") && $0.hasSuffix("-  10.00  0:1:0") })
        let asked = AskedServer(["query", "history", "--worker", "W1"], Self.history)
        #expect(asked.recorder.errors.contains("--cursor abc"))
        let csv = lines(["query", "history", "--worker", "W1", "-o", "csv"], Self.history)
        #expect(csv[0] == "created_at,position,cause,definition,events,member,before,after")
        #expect(
            csv.contains(
                "2026-01-12T08:00:00.000000Z,0:1:0,definition,4,{},utilization_percentage,,10"))
    }

    @Test("a history is of the factory unless it is of one worker or one workstation")
    func historyParameters() {
        let factory = AskedServer(["query", "history", "--period=today", "--limit=5", "--cursor=abc"], Self.history)
        #expect(factory.targets == ["/api/history?cursor=abc&period=today&limit=5&factory=true"])
        let station = AskedServer(["query", "history", "--station=S1"], Self.history)
        #expect(station.targets == ["/api/history?workstation_id=S1"])
        let both = AskedServer(["query", "history", "--station=S1", "--worker=W1"], Self.history)
        #expect(both.exit == .usage && both.requests.isEmpty)
    }
}
