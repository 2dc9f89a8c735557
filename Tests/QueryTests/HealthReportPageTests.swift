// Layer: values. The report's page: what it says is what the report says, HealthReportTests claim of that.
import EventModel
import Foundation
import Testing

@testable import Query

@Suite("The weekly report as a page (SPEC 6.5)")
struct HealthReportPageTests {
    private static let path = "/api/metrics/model-health/report"

    private func plant(camera: CameraID = "C1") throws -> Plant {
        let plant = Plant(now: monday + 9 * Microseconds.day)
        try plant.define(.plant())
        let samples = (0..<40).map { number in
            event(
                at(30) + Int64(number) * Microseconds.minute, .working, confidence: 600_000, camera: camera,
                model: "m<1>")
        }
        try plant.send(samples, known: at(40))
        return plant
    }

    private func page(_ plant: Plant, _ query: [(name: String, value: String)] = [], accept: String? = nil) throws -> (
        text: String, type: String?, policy: String?, status: Int
    ) {
        let response = try plant.start(Self.path, query, headers: accept.map { ["Accept": $0] } ?? [:]).wait()
        func header(_ name: String) -> String? { response.headers.first { $0.name == name }?.value }
        return (
            String(decoding: response.body, as: UTF8.self), header("Content-Type"), header("Content-Security-Policy"),
            response.status
        )
    }

    @Test(
        "a browser gets the page, programs get JSON, and format says it for both",
        arguments: [
            (nil, nil, false), (nil, "*/*", false), (nil, "application/json", false),
            (nil, "text/html,application/xhtml+xml,*/*;q=0.8", true), (nil, "application/json, text/html", false),
            ("html", nil, true), ("json", "text/html", false),
        ] as [(String?, String?, Bool)])
    func negotiation(_ format: String?, _ accept: String?, _ isPage: Bool) throws {
        let answer = try page(try plant(), format.map { [("format", $0)] } ?? [], accept: accept)
        #expect(answer.status == 200)
        #expect(answer.type == (isPage ? "text/html; charset=utf-8" : "application/json"))
    }

    @Test("it has the week's figures, days, cameras, model versions, alerts and what each camera sent each day")
    func content() throws {
        let text = try page(try plant(), [("format", "html")]).text
        for part in [
            "Model health, week 2026-W03", "2026-01-12 to 2026-01-18", "2026-01-13 Tue", "C1", "m&lt;1&gt;",
            "Average confidence 0.6 is below 0.75.", "By day, camera and model version", "critical", "<svg",
        ] { #expect(text.contains(part), "\(part)") }
        #expect(text.contains("<td class=\"n\">40</td><td class=\"n\"><span class=\"mark\">low</span> 0.6000</td>"))
        #expect(!text.contains("m<1>"), "everything that is not the page's own is escaped")
    }

    @Test("what a camera is called cannot become markup, and no script may run (SPEC 8.7)")
    func safety() throws {
        let plant = try plant(camera: "<script>alert('\"&\")</script>")
        let answer = try page(plant, [("format", "html")])
        #expect(!answer.text.contains("<script") && answer.text.contains("&lt;script&gt;alert(&#39;&quot;&amp;&quot;)"))
        let policy = try #require(answer.policy)
        #expect(policy.hasPrefix("default-src 'none'; style-src 'nonce-") && !policy.contains("unsafe"))
        let nonce = try #require(policy.firstMatch(of: /nonce-([0-9a-f]+)/)?.output.1)
        #expect(answer.text.contains("<style nonce=\"\(nonce)\">"))
        #expect(try page(plant, [("format", "html")]).policy != policy, "each page has its own")
        #expect(!answer.text.contains(" style=") && !answer.text.contains("http"))
    }

    @Test("a week without samples has a page, too")
    func empty() throws {
        let answer = try page(try plant(), [("format", "html"), ("week", "2020-W10")])
        #expect(answer.status == 200 && answer.text.contains("None.") && answer.text.contains("–"))
    }

    @Test("another format is 400 and says which there are")
    func malformed() throws {
        let answer = try page(try plant(), [("format", "pdf")], accept: "text/html")
        #expect(answer.status == 400 && answer.text.contains("must be json or html"))
    }

    @Test("the rows by day, camera and model version add up to the week's figures, and so do those of before")
    func rows() throws {
        let plant = try plant()
        try plant.send(
            (0..<10).map { event(at(-100) + Int64($0) * Microseconds.hour, .idle, confidence: 900_000) }, known: at(41))
        let report = try plant.ask(Self.path, [("week", "2026-W03")]).json
        let rows = report["rows"]?.elements ?? []
        func sum(_ counts: (JSONText) -> JSONText?) -> Int {
            rows.reduce(0) { $0 + (Int(counts($1)?["samples"]?.text ?? "") ?? 0) }
        }
        #expect(rows.count > 1)
        #expect(report["samples"] == .integer(sum { $0 }) && sum { $0 } == 40)
        #expect(report["before"]?["samples"] == .integer(sum { $0["before"] }) && sum { $0["before"] } == 10)
        #expect(rows.contains { $0["camera_id"] == .string("C1") && $0["model_version"] == .string("m<1>") })
    }
}
