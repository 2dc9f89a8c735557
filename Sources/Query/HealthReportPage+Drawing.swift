internal import EventModel
internal import Figures

/// How the report's page looks.
extension HealthReportPage {
    /// The average of each day beside that of the same day before, from 0.5 to 1.
    func bars(_ html: inout HTMLWriter) {
        html.markup("<svg viewBox=\"0 0 700 150\" role=\"img\" aria-label=\"Average confidence by day\">\n")
        for (value, label) in [(10_000, "1.00"), (8_500, "0.85"), (7_500, "0.75"), (5_000, "0.50")] {
            let y = Self.height(value)
            html.markup("<line class=\"grid\" x1=\"34\" x2=\"700\" y1=\"")
            html.text(String(y))
            html.markup("\" y2=\"")
            html.text(String(y))
            html.markup("\"/><text class=\"end\" x=\"30\" y=\"")
            html.text(String(y + 4))
            html.markup("\">")
            html.text(label)
            html.markup("</text>\n")
        }
        for (index, day) in report.days.enumerated() {
            let x = 44 + index * 94
            bar(x, day.counts.before, "before", &html)
            bar(x + 34, day.counts.week, day.counts.week.isLow ? "low" : "week", &html)
            html.markup("<text class=\"day\" x=\"")
            html.text(String(x + 32))
            html.markup("\" y=\"146\">")
            html.text("\(Self.weekday(day.day)) \(day.counts.week.text)\(day.counts.week.isLow ? " low" : "")")
            html.markup("</text>\n")
        }
        html.markup("</svg>")
        html.element(
            "p", "Dark: this week; pale: the week before; red, and named low: below 0.75. The axis begins at 0.5.")
    }

    private func bar(_ x: Int, _ count: HealthCount, _ kind: StaticString, _ html: inout HTMLWriter) {
        guard let average = count.averageValue else { return }
        let y = Self.height(Int(average.scaled))
        html.markup("<rect class=\"")
        html.markup(kind)
        html.markup("\" x=\"")
        html.text(String(x))
        html.markup("\" width=\"30\" y=\"")
        html.text(String(y))
        html.markup("\" height=\"")
        html.text(String(Self.height(5_000) - y))
        html.markup("\"/>\n")
    }

    /// Where an average of so many ten thousandths stands.
    private static func height(_ average: Int) -> Int { 128 - (max(average, 5_000) - 5_000) * 120 / 5_000 }

    static let style: StaticString = """
        :root{color-scheme:light}
        body{font:14px/1.45 system-ui,sans-serif;color:#1a202c;background:#fff;max-width:62rem;margin:2rem auto;padding:0 1rem}
        h1{font-size:1.6rem;margin:0}h2{font-size:1.1rem;margin:1.6rem 0 .4rem}
        header p,footer p{color:#4a5568;margin:.2rem 0}
        .cards{display:flex;flex-wrap:wrap;gap:.8rem;margin:1.2rem 0}
        .cards div{flex:1 1 11rem;border:1px solid #cbd5e1;border-radius:6px;padding:.6rem .9rem}
        .cards p{margin:0;color:#4a5568}.cards .value{font-size:1.5rem;color:#1a202c;font-variant-numeric:tabular-nums}
        table{border-collapse:collapse;width:100%;margin:.4rem 0}
        th,td{text-align:left;padding:.25rem .5rem;border-bottom:1px solid #e2e8f0;vertical-align:top;overflow-wrap:anywhere}
        thead th{border-bottom:2px solid #4a5568;font-weight:600;overflow-wrap:normal}
        tbody th{font-weight:400;min-width:min(6.5em,22vw)}
        .n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
        .mark{color:#9b2c2c;font-weight:600}
        svg{width:100%;max-width:44rem;font:11px system-ui,sans-serif}
        .grid{stroke:#cbd5e1}.end{text-anchor:end;fill:#4a5568}.day{text-anchor:middle;fill:#1a202c}
        .week{fill:#2c5282}.before{fill:#cbd5e1}.low{fill:#c53030}
        @media print{@page{size:A4;margin:14mm}
        body{font-size:9.5pt;margin:0;padding:0;max-width:none}
        thead{display:table-header-group}tr,svg,.cards{break-inside:avoid}h2{break-after:avoid}
        .week,.before,.low{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
        """
}

extension HealthCount {
    var averageValue: FixedPoint? { average }
    var text: String { average?.wholeText ?? "–" }
    var isLow: Bool { samples > 0 && Int128(confidenceSum) < 750_000 * Int128(samples) }
    var isFair: Bool { samples > 0 && Int128(confidenceSum) <= 850_000 * Int128(samples) }
    /// Of the samples, those below the threshold.
    var share: String {
        FixedPoint.percentage(Int128(belowThreshold), of: Int128(samples)).map { "\($0.text) %" } ?? "–"
    }
}
