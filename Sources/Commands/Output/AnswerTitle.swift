internal import EventModel
internal import Foundation
internal import JSON

/// What was asked and how current the answer is, in the words of the site's clocks (SPEC 5.1, 5.8).
struct AnswerTitle {
    let meta: JSONValue?
    let clock: SiteClock
    /// This machine's, in microseconds: only to tell whether a window is still going on.
    let now: Timestamp

    /// - Parameter utc: show UTC instead of the site's time.
    init(_ meta: JSONValue?, utc: Bool, now: Timestamp) {
        self.meta = meta
        self.now = now
        let reference = AnswerTitle.time(meta, "from") ?? AnswerTitle.time(meta, "known_at") ?? now
        clock = SiteClock(zone: utc ? nil : meta?["time_zone"]?.text, near: reference)
    }

    /// Whether the window reaches up to now: then "now" in a column is true.
    var endsNow: Bool { time("known_at") == nil && (time("to").map { $0 > now } ?? true) }

    /// - Parameters:
    ///   - subject: what was asked, e.g. `workers`.
    ///   - parts: how, e.g. `within shifts`.
    ///   - hasTimes: whether the table shows times, so that their zone has to be told.
    ///   - tellsKnownAt: false where the parts tell what was known when.
    func lines(
        _ subject: String, _ parts: [String] = [], hasTimes: Bool = true, tellsKnownAt: Bool = true
    ) -> [String] {
        var first = subject
        if let site = meta?["site_id"]?.text { first += " of \(printable(site))" }
        if let from = time("from"), let to = time("to") {
            first += ", \(clock.brief(from)) to \(clock.brief(to)) (\(clock.title))" + (endsNow ? ", so far" : "")
        } else if hasTimes {
            first += " (times: \(clock.title))"
        }
        let second = parts + ((tellsKnownAt ? time("known_at") : nil).map { ["as known at \(clock.brief($0))"] } ?? [])
        return [first, second.joined(separator: ", "), currency.joined(separator: ", ")].filter { !$0.isEmpty }
    }

    /// How current the answer is, and what may be missing from it.
    private var currency: [String] {
        var parts: [String] = []
        if let newest = time("newest_event_time") { parts.append("newest event \(clock.text(newest))") }
        if case .number(let seconds)? = meta?["freshness_seconds"], let age = Double(seconds) {
            parts.append("last received \(AnswerTitle.duration(age)) ago")
        }
        if case .number(let gaps)? = meta?["gaps"], gaps != "0" {
            parts.append("\(gaps) gaps in which cameras saw nothing")
        }
        if meta?["settled"] == .bool(true) { parts.append("final") }
        return parts
    }

    private func time(_ name: String) -> Timestamp? { AnswerTitle.time(meta, name) }

    private static func time(_ meta: JSONValue?, _ name: String) -> Timestamp? {
        meta?[name]?.text.flatMap { Timestamp(rfc3339: $0) }
    }

    /// An age in the largest unit that says enough.
    static func duration(_ seconds: Double) -> String {
        switch seconds {
        case ..<120: "\(Int(seconds.rounded())) s"
        case ..<7200: "\(Int(seconds / 60)) min"
        case ..<172_800: "\(Int(seconds / 3600)) h"
        default: "\(Int(min(seconds, 1e12) / 86_400)) days"
        }
    }
}
