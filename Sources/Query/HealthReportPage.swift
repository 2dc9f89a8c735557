internal import EventModel
internal import Figures
internal import HTTPServer

/// How a report is written.
enum AnswerFormat: String, CaseIterable, Sendable {
    case json, html
}

extension AskedQuestion {
    /// Whether a page is asked for, by name or as browsers ask for one.
    var wantsPage: Bool {
        guard kind == .healthReport else { return false }
        if let format = parameters.format { return format == .html }
        guard let accept, let html = accept.firstRange(of: "text/html") else { return false }
        return accept.firstRange(of: "application/json").map { html.lowerBound < $0.lowerBound } ?? true
    }
}

/// The weekly report as a page that prints well (SPEC 6.5): no script, nothing from elsewhere.
struct HealthReportPage {
    let report: HealthReport
    let site: SiteID
    let timeZone: String
    let knownAt: Timestamp?
    /// The server's clock.
    let now: Timestamp

    init(_ report: HealthReport, _ question: Question) {
        self.report = report
        site = question.site.siteID
        timeZone = question.settings?.timeZone ?? "UTC"
        knownAt = question.knownAt
        now = question.clock
    }

    /// Alerts that are listed; the rest is counted.
    private static let alertsMaximum = 200

    var response: HTTPResponse {
        let nonce =
            String(UInt64.random(in: .min ... .max), radix: 16) + String(UInt64.random(in: .min ... .max), radix: 16)
        let policy =
            "default-src 'none'; style-src 'nonce-\(nonce)'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        return HTTPResponse(
            status: 200,
            headers: [
                ("Content-Type", "text/html; charset=utf-8"), ("Content-Security-Policy", policy),
                ("Cache-Control", "private, no-cache"), ("X-Content-Type-Options", "nosniff"),
                ("Referrer-Policy", "no-referrer"), ("Vary", "Accept"),
            ], body: page(nonce))
    }

    private func page(_ nonce: String) -> [UInt8] {
        var html = HTMLWriter(reservedBytes: 16_384 + 256 * report.rows.count)
        html.markup("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
        html.markup("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
        html.element("title", "Model health \(report.week) · \(site.text)")
        html.markup("\n<style nonce=\"")
        html.text(nonce)
        html.markup("\">")
        html.markup(Self.style)
        html.markup("</style>\n</head>\n<body>\n<header>")
        html.element("h1", "Model health, week \(report.week)")
        html.element("p", "\(site.text) · \(span) · \(timeZone)")
        html.markup("</header>\n<main>\n")
        summary(&html)
        days(&html)
        groups("Cameras", "camera", report.cameras, &html)
        groups("Model versions", "model version", report.modelVersions, &html)
        alerts(&html)
        details(&html)
        html.markup("</main>\n<footer>")
        html.element("p", footer)
        html.markup("</footer>\n</body>\n</html>\n")
        return html.bytes
    }

    /// `2026-01-12 to 2026-01-18`.
    private var span: String {
        guard let first = report.days.first, let last = report.days.last else { return "no day" }
        return "\(first.date) to \(last.date)"
    }

    private var footer: String {
        let known = knownAt.map { "As known at \(Self.text($0))." } ?? "Made at \(Self.text(now))."
        return "\(known) Average: mean confidence of all samples. Below threshold: samples that the site's threshold "
            + "refused. Low: below 0.75. Fair: up to 0.85. Before: the same of the week before."
    }

    /// The second that has begun, for people.
    private static func text(_ time: Timestamp) -> String {
        "\(time)".replacing("T", with: " ").prefix(19) + " UTC"
    }

    // MARK: Sections

    private func summary(_ html: inout HTMLWriter) {
        let (week, before) = (report.whole.week, report.whole.before)
        html.markup("<section class=\"cards\">")
        card("Average confidence", week.text, "before: \(before.text)\(change(week, before))", &html)
        card("Samples", Self.grouped(week.samples), "before: \(Self.grouped(before.samples))", &html)
        card("Below threshold", week.share, "before: \(before.share)", &html)
        card("Alerts", Self.grouped(Int64(report.alerts.count)), "\(critical) critical", &html)
        html.markup("</section>\n")
    }

    private var critical: Int { report.alerts.count { $0.severity == "critical" } }

    private func card(_ title: String, _ value: String, _ note: String, _ html: inout HTMLWriter) {
        html.markup("<div><p class=\"title\">")
        html.text(title)
        html.markup("</p><p class=\"value\">")
        html.text(value)
        html.markup("</p><p>")
        html.text(note)
        html.markup("</p></div>")
    }

    /// ` (+0.0123)`; nothing where one of them has no samples.
    private func change(_ week: HealthCount, _ before: HealthCount) -> String {
        guard let now = week.averageValue, let then = before.averageValue else { return "" }
        let difference = now.scaled - then.scaled
        let text = FixedPoint(scaled: abs(difference), decimals: 4).wholeText
        return " (\(difference < 0 ? "−" : "+")\(text))"
    }

    private func days(_ html: inout HTMLWriter) {
        html.markup("<section>")
        html.element("h2", "Days")
        bars(&html)
        html.markup("<table>\n")
        html.header(Self.columns("day"))
        html.markup("<tbody>\n")
        for day in report.days { html.row([.head("\(day.date) \(Self.weekday(day.day))")] + Self.cells(day.counts)) }
        html.row([.head("Week")] + Self.cells(report.whole))
        html.markup("</tbody></table></section>\n")
    }

    static func weekday(_ day: Int64) -> String {
        ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"][Int(((day + 3) % 7 + 7) % 7)]
    }

    private func groups(
        _ title: String, _ name: String, _ groups: [HealthGroup<HealthReport.Pair>], _ html: inout HTMLWriter
    ) {
        guard !groups.isEmpty else { return }
        html.markup("<section>")
        html.element("h2", title)
        html.markup("<table>\n")
        html.header(Self.columns(name))
        html.markup("<tbody>\n")
        for group in groups { html.row([.head(Self.name(group.id))] + Self.cells(group.figures)) }
        html.markup("</tbody></table></section>\n")
    }

    private func details(_ html: inout HTMLWriter) {
        guard !report.rows.isEmpty else { return }
        html.markup("<section>")
        html.element("h2", "By day, camera and model version")
        html.markup("<table>\n")
        html.header(Self.columns("day", "camera", "model version"))
        html.markup("<tbody>\n")
        for row in report.rows {
            html.row(
                [.head(row.date), .text(Self.name(row.camera)), .text(Self.name(row.modelVersion))]
                    + Self.cells(row.counts))
        }
        html.markup("</tbody></table></section>\n")
    }

    private func alerts(_ html: inout HTMLWriter) {
        html.markup("<section>")
        html.element("h2", "Alerts")
        guard !report.alerts.isEmpty else {
            html.element("p", "None.")
            html.markup("</section>\n")
            return
        }
        html.markup("<table>\n")
        html.header([("hour (UTC)", false), ("of", false), ("severity", false), ("samples", true), ("message", false)])
        html.markup("<tbody>\n")
        for alert in report.alerts.prefix(Self.alertsMaximum) {
            html.row([
                .head(Self.hour(alert.hour)), .text(Self.scope(alert.scope)), .text(alert.severity),
                .number(Self.grouped(alert.average.samples)), .text(alert.message),
            ])
        }
        html.markup("</tbody></table>")
        let more = report.alerts.count - Self.alertsMaximum
        if more > 0 { html.element("p", "And \(more) more: /api/alerts lists them.") }
        html.markup("</section>\n")
    }

    // MARK: Cells

    private static func columns(_ names: String...) -> [(title: String, isNumber: Bool)] {
        let numbers = ["samples", "average", "below threshold", "before: samples", "average", "below threshold"]
        return names.map { (title: $0, isNumber: false) } + numbers.map { (title: $0, isNumber: true) }
    }

    private static func cells(_ counts: HealthReport.Pair) -> [HTMLWriter.Cell] {
        [counts.week, counts.before].flatMap { count -> [HTMLWriter.Cell] in
            let average: HTMLWriter.Cell =
                count.isLow
                ? .marked(count.text, "low") : count.isFair ? .marked(count.text, "fair") : .number(count.text)
            return [.number(grouped(count.samples)), average, .number(grouped(count.belowThreshold))]
        }
    }

    private static func name(_ id: ArraySlice<UInt8>?) -> String {
        id.map { String(decoding: $0, as: UTF8.self) } ?? "(none)"
    }

    private static func scope(_ scope: HealthAlert.Scope) -> String {
        switch scope {
        case .site: "site"
        case .camera(let id): "camera \(name(id))"
        case .workstation(let id): "workstation \(name(id))"
        }
    }

    /// `2026-01-12 07:00`.
    private static func hour(_ start: Int64) -> String {
        var bytes: [UInt8] = []
        Timestamp(microseconds: start).appendFormatted(to: &bytes)
        let text = String(decoding: bytes, as: UTF8.self)
        return "\(text.prefix(10)) \(text.dropFirst(11).prefix(5))"
    }

    /// `1 234 567`.
    private static func grouped(_ number: Int64) -> String {
        var text = String(number)
        var place = text.count - 3
        while place > 0 {
            text.insert("\u{202F}", at: text.index(text.startIndex, offsetBy: place))
            place -= 3
        }
        return text
    }
}
