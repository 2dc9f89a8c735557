import Testing

@testable import Commands

@Suite("andon query with shifts and series (SPEC 5.5–5.7, 5.10, 6.3, 6.6)")
struct SeriesReportTests {
    private static let trend = """
        {"items":[{"from":"2026-01-12T05:00:00.000000Z","to":"2026-01-12T06:00:00.000000Z","total_production_count":40,\
        "average_utilization_percentage":50,"coverage_percentage":100},\
        {"from":"2026-01-12T06:00:00.000000Z","to":"2026-01-12T07:00:00.000000Z","total_production_count":10,\
        "average_utilization_percentage":null,"coverage_percentage":0}],\(QueryTests.meta)}
        """
    private static let heatMap = """
        {"buckets":[{"from":"2026-01-12T05:00:00.000000Z","to":"2026-01-12T06:00:00.000000Z"},\
        {"from":"2026-01-12T06:00:00.000000Z","to":"2026-01-12T07:00:00.000000Z"}],\
        "rows":[{"id":"S1","name":"Press","occupancy_percentage":[200,12.5],"utilization_percentage":[100,null],\
        "units":[7,0]},{"id":"S2","name":"Saw","occupancy_percentage":[null,0],"utilization_percentage":[null,null],\
        "units":[0,0]}],\(QueryTests.meta)}
        """

    private func lines(_ words: [String], _ answer: String, terminal: Int? = nil) -> [String] {
        AskedServer(words, answer, terminal: terminal).recorder.output.split(whereSeparator: \.isNewline).map(
            String.init)
    }

    @Test("flags become parameters, and the title says what the series is of")
    func flags() {
        let asked = AskedServer(
            ["query", "trend", "--of", "worker:W1", "--bucket", "day", "--within", "shifts"], Self.trend)
        #expect(
            asked.targets == ["/api/metrics/trend?within=shifts&of=worker%3AW1&bucket=day"])
        #expect(asked.exit == .success && asked.recorder.output.contains("within shifts, of worker:W1, by day"))
        let drift = AskedServer(
            ["query", "drift", "--baseline-from", "2026-01-01", "--baseline-to", "2026-01-02"], Self.trend)
        #expect(drift.targets[0].contains("baseline_from=2026-01-01&baseline_to=2026-01-02"))
        #expect(AskedServer(["query", "shifts", "--bucket", "day"], Self.trend).exit == .usage)
    }

    @Test("a trend that is piped is plain numbers, one line for each bucket")
    func pipedTrend() throws {
        let lines = lines(["query", "trend"], Self.trend)
        let rows = lines.filter { $0.hasPrefix("2026-01-12 0") }
        #expect(rows.count == 2 && rows[0].hasPrefix("2026-01-12 06:00:00  2026-01-12 07:00:00"))
        #expect(!lines.contains { $0.contains("\u{2588}") })
    }

    @Test("on a terminal bars stand above the numbers: the longest is the most, or 100 percent")
    func drawnTrend() throws {
        let lines = lines(["query", "trend"], Self.trend, terminal: 200)
        let rows = lines.filter { $0.hasPrefix("2026-01-12 0") }
        #expect(rows.count == 4, "no column vanishes")
        let full = String(repeating: "\u{2588}", count: 20)
        let half = String(repeating: "\u{2588}", count: 10)
        #expect(rows[0].contains("40  \(full)") && rows[0].hasSuffix("50.00  \(half)"))
        #expect(rows[1].contains("10  \(full.prefix(5)) ") && rows[1].hasSuffix("-"))
    }

    @Test("a heat map that is piped has a column for each bucket, null is a dash")
    func pipedHeatMap() {
        let lines = lines(["query", "heatmap", "--of", "workstations"], Self.heatMap)
        #expect(lines.contains { $0.hasPrefix("occupancy % of elapsed") && $0.hasSuffix("  06:00  07:00") })
        #expect(lines.contains { $0.hasPrefix("S1 ") && $0.hasSuffix(" 13") && $0.contains(" 200 ") })
        #expect(lines.contains { $0.hasPrefix("S2 ") && $0.hasSuffix(" 0") && $0.contains(" - ") })
    }

    @Test("on a terminal a heat map has a block for each bucket, higher for more, and a dot where nobody knows")
    func drawnHeatMap() {
        let lines = lines(["query", "heatmap", "--of", "workstations"], Self.heatMap, terminal: 80)
        #expect(lines.contains { $0.hasPrefix("S1 ") && $0.hasSuffix("\u{2588}\u{2582}") })
        #expect(lines.contains { $0.hasPrefix("S2 ") && $0.hasSuffix("\u{00B7}\u{2581}") })
        #expect(lines.contains { $0.hasPrefix("\u{2581} 0 to \u{2588} 100 or more, \u{00B7} where nobody knows") })
    }

    @Test("buckets of days are headed by dates, those of one day by times, and others by both")
    func headings() {
        func headings(_ begins: String...) -> String {
            let buckets = begins.map { "{\"from\":\"\($0):00:00.000000Z\",\"to\":\"\($0):00:00.000000Z\"}" }
            let answer = """
                {"buckets":[\(buckets.joined(separator: ","))],"rows":[{"id":"S1","name":"Press",\
                "occupancy_percentage":[1,2],"utilization_percentage":[1,2],"units":[7,0]}],\(QueryTests.meta)}
                """
            let found = lines(["query", "heatmap", "--of", "workstations"], answer)
            return found.first { $0.hasPrefix("occupancy") } ?? ""
        }
        #expect(headings("2026-01-11T23", "2026-01-12T23").hasSuffix("  2026-01-12  2026-01-13"))
        #expect(headings("2026-01-12T05", "2026-01-12T22").hasSuffix("  06:00  23:00"))
        #expect(headings("2026-01-12T22", "2026-01-12T23").hasSuffix("  2026-01-12 23:00  2026-01-13 00:00"))
    }

    @Test("a list without items says on stderr that there is nothing, and JSON alone does not")
    func nothing() {
        for (question, text) in [("shifts", "no shift"), ("handover", "no shift starts"), ("alerts", "no alerts")] {
            let answer = "{\"items\":[],\(QueryTests.meta)}"
            #expect(AskedServer(["query", question], answer).recorder.errors.contains(text))
            #expect(AskedServer(["query", question, "-o", "json"], answer).recorder.errors == "")
        }
        let trend = "{\"hours\":[],\(QueryTests.meta)}"
        #expect(AskedServer(["query", "health-trend"], trend).recorder.errors.contains("no samples"))
        #expect(!AskedServer(["query", "trend"], Self.trend).recorder.errors.contains("no "))
    }

    @Test("in a file for spreadsheets each member of a shift's handover is a column")
    func handoverColumns() {
        let answer = """
            {"items":[{"shift":"early","total_production_count":7,"handover":{"at":"2026-01-12T05:00:00.000000Z",\
            "started":["early"],"dip_percentage":-25}}],\(QueryTests.meta)}
            """
        let csv = lines(["query", "shifts", "-o", "csv"], answer)
        let columns = ",handover_at,handover_started,handover_ended,handover_units,"
        #expect(csv.first?.contains(columns) == true && csv.first?.contains("handover_dip_percentage") == true)
        #expect(csv.last?.contains(#",2026-01-12T05:00:00.000000Z,"[""early""]",,"#) == true)
    }

    @Test("as CSV a heat map has one line for each cell, with every figure")
    func csv() {
        let lines = lines(["query", "heatmap", "--of", "workstations", "-o", "csv"], Self.heatMap)
        #expect(lines.first?.hasPrefix("id,name,from,to,occupancy_percentage,utilization_percentage,units") == true)
        #expect(lines.dropFirst().first?.hasPrefix("S1,Press,2026-01-12T05:00:00.000000Z") == true)
        #expect(lines.dropFirst().first?.contains("Z,200,100,7") == true)
        #expect(lines.dropFirst(2).first?.contains("Z,12.5,,0") == true)
    }

    @Test("names of shifts are listed, and hours of groups name their group")
    func namesAndGroups() {
        let handover = """
            {"items":[{"at":"2026-01-12T05:00:00.000000Z","started":["early","office"],"ended":[],"units":1,\
            "dip_percentage":-25}],\(QueryTests.meta)}
            """
        #expect(
            lines(["query", "handover"], handover).contains {
                $0.hasPrefix("2026-01-12 06:00:00  early, office  -") && $0.contains("-25.00")
            })
        let trend = """
            {"hours":[],"groups":[{"camera_id":"C1","hours":[{"start":"2026-01-12T05:00:00.000000Z","samples":3,\
            "avg_confidence":0.9,"trailing_avg_confidence":0.8}]}],\(QueryTests.meta)}
            """
        #expect(
            lines(["query", "health-trend", "--group-by", "camera"], trend).contains {
                $0.hasPrefix("C1      2026-01-12 06:00:00") && $0.hasSuffix("0.8000")
            })
        let drawn = lines(["query", "health-trend", "--group-by", "camera"], trend, terminal: 120)
        #expect(
            drawn.contains {
                $0.hasPrefix("C1      2026-01-12 06:00:00") && $0.hasSuffix("0.9000  " + Plot.bar(0.9, of: 1))
            })
    }

    @Test("sites are a table, those that do not answer another one, and both lists are told apart (SPEC 5.11)")
    func sites() {
        let answer = """
            {"items":[{"site_id":"p1","total_production_count":12,"target_variance_percentage":null,\
            "newest_event_time":"2026-01-12T11:59:00.000000Z","freshness_seconds":2.6,"alerts":1,\
            "time_range_start":"2026-01-11T23:00:00.000000Z"}],\
            "missing":[{"sites":["p2","p3"],"partition":4,"reason":"no worker holds it at the moment"}],\
            "meta":{"known_at":null,"spec":2,"settled":false,"positions":{"0":7}}}
            """
        let asked = AskedServer(["query", "sites", "--period", "today", "--within", "shifts"], answer)
        #expect(asked.targets == ["/api/metrics/sites?within=shifts&period=today"] && asked.exit == .success)
        let lines = asked.recorder.output.split(whereSeparator: \.isNewline).map(String.init)
        #expect(lines.first == "sites (times: UTC)")
        #expect(lines.contains { $0.hasPrefix("p1") && $0.contains("1  2026-01-12 11:59:00") })
        #expect(lines.contains { $0.hasPrefix("p2, p3") && $0.hasSuffix("no worker holds it at the moment") })
        let csv = self.lines(["query", "sites", "-o", "csv"], answer)
        #expect(csv.count == 2 && csv[1].hasPrefix("p1,") && csv[1].hasSuffix("2.6,1"))
        #expect(AskedServer(["query", "sites", "--worker", "W1"], answer).exit == .usage)
    }

    @Test("alerts and a weekly report are tables, and lines for spreadsheets (SPEC 6.4, 6.5)")
    func alertsAndReport() {
        let alert = """
            {"kind":"sudden_drop","scope":"camera:C1","hour":"2026-01-12T05:00:00.000000Z","average":0.7,\
            "reference":0.9,"samples":31,"severity":"critical","message":"It fell.","current":true}
            """
        let alerts = "{\"items\":[\(alert)],\(QueryTests.meta)}"
        #expect(
            AskedServer(["query", "alerts", "--period", "yesterday"], alerts).targets == [
                "/api/alerts?period=yesterday"
            ])
        let table = lines(["query", "alerts"], alerts)
        #expect(table.contains { $0.hasPrefix("2026-01-12 06:00:00  camera:C1  sudden_drop  critical  yes") })
        #expect(
            lines(["query", "alerts", "-o", "csv"], alerts)[0]
                == "kind,scope,hour,average,reference,samples,severity,message,current")
        let counts = "\"samples\":2,\"avg_confidence\":0.8,\"below_threshold_count\":1"
        let report = """
            {"week":"2026-W03",\(counts),"before":{\(counts)},"days":[{"date":"2026-01-12",\(counts),\
            "before":{"samples":0,"avg_confidence":null,"below_threshold_count":0}}],\
            "cameras":[{"camera_id":null,\(counts),"before":{\(counts)}}],"model_versions":[],"alerts":[\(alert)],\
            \(QueryTests.meta)}
            """
        let asked = AskedServer(["query", "report", "--week", "2026-W03"], report)
        #expect(asked.targets == ["/api/metrics/model-health/report?week=2026-W03"])
        let shown = lines(["query", "report"], report)
        #expect(shown[0].hasSuffix("2026-W03 beside the week before"))
        #expect(shown.contains { $0.hasPrefix("day ") && $0.contains("2026-01-12") && $0.hasSuffix(" 0") })
        #expect(shown.contains { $0.hasPrefix("camera ") } && shown.contains { $0.contains("camera:C1") })
        let csv = lines(["query", "report", "-o", "csv"], report)
        #expect(csv.contains("week,2026-W03,2,0.8,1,2,0.8,1") && csv.contains("day,2026-01-12,2,0.8,1,0,,0"))
        #expect(AskedServer(["query", "report", "--period", "today"], report).exit == .usage)
    }

    @Test("a bar is as long as its part of the whole, to an eighth of a cell")
    func bars() {
        #expect(Plot.bar(1, of: 1, width: 2) == "\u{2588}\u{2588}")
        #expect(Plot.bar(1, of: 16, width: 2) == "\u{258F}" && Plot.bar(15, of: 16, width: 2) == "\u{2588}\u{2589}")
        #expect(Plot.bar(0, of: 1) == "" && Plot.bar(-1, of: 1) == "" && Plot.bar(1, of: 0) == "")
        #expect(Plot.bar(3, of: 1, width: 1) == "\u{2588}")
        #expect(Plot.shade(nil) == "\u{00B7}" && Plot.shade(0) == "\u{2581}" && Plot.shade(7) == "\u{2588}")
    }
}
