internal import Figures

/// The flags of commands that ask a server about a site, and the query that they make.
enum QueryFlags {
    static let site = Option.text("site", "SITE", "the site; without it the key's only one")
    static let from = time(
        "from", "begin of the window: a time with offset, or a local one of the site; default: today")
    static let to = time("to", "end of the window, itself outside; default: the end of today")
    static let knownAt = time("known-at", "answer with what was known at this time")
    static let period = Option<Period>.choice(
        "period", "PERIOD", "a window by its name, in place of --from and --to")
    static let within = Option<String>("within", "WHAT", "count only inside this time: all, shifts or shift:NAME") {
        text throws(InvalidValue) in
        guard text == "all" || text == "shifts" || text.hasPrefix("shift:") && text.count > 6 else {
            throw InvalidValue("all, shifts or shift:NAME")
        }
        return text
    }
    static let worker = Option.text("worker", "ID", "only this worker", repeatable: true)
    static let station = Option.text("station", "ID", "only this workstation", repeatable: true)
    static let sort = Option.text(
        "sort", "FIELD", "order by a member of the answer or the begin of its name; -FIELD: largest first")
    static let limit = Option.integer("limit", "N", "only the first N", in: 1...100_000)
    static let groupBy = Option<HealthGrouping>.choice(
        "group-by", "WHAT", "groups of model-health, health-trend and drift")
    static let subject = Option.text(
        "of", "WHAT", "trend: factory, worker:ID or workstation:ID; heatmap: workers, workstations or cameras")
    static let bucket = Option<BucketLength>.choice(
        "bucket", "LENGTH", "length of a bucket of trend or heatmap", default: .hour)
    static let days = Option.integer("days", "N", "health-trend: so many days", in: 1...HealthTrend.daysMaximum)
    static let week = Option.text("week", "WEEK", "report: an ISO week like 2026-W03; default: the last full one")
    static let baselineFrom = time("baseline-from", "drift: begin of what the window is compared with")
    static let baselineTo = time(
        "baseline-to", "drift: its end; without both, as long as the window and just before it")
    static let allIntervals = Option.flag(
        "all-intervals", "explain: one line for every event, also where neighbours have the same state")
    static let minPosition = Option.text(
        "min-position", "P:O", "wait until the fold has passed this position of an ingest answer")
    static let knownAtA = time("known-at-a", "compare: what was known at this time, before; default: now")
    static let knownAtB = time("known-at-b", "compare: what was known at this time, after; default: now")
    static let all = Option.flag("all", "compare: also what is equal")
    static let cursor = Option.text(
        "cursor", "CURSOR", "history and sites: go on where a page ended, by its next_cursor")
    static let utc = Option.flag("utc", "show times in UTC instead of the site's zone")

    /// SPEC 5.1's names of windows.
    enum Period: String, CaseIterable, Sendable {
        case today, yesterday
        case thisWeek = "this_week"
        case lastWeek = "last_week"
        case thisMonth = "this_month"
        case lastMonth = "last_month"
        case shift
        case previousShift = "previous_shift"
    }

    /// A time, as a person may write it: the space between date and time, as tables show it, becomes a `T`.
    ///
    /// Whether it is a time the server decides, which knows the site's zone (SPEC 5.1).
    static func time(_ name: String, _ help: String) -> Option<String> {
        Option(name, "TIME", help) { text throws(InvalidValue) in
            guard text.utf8.first.map({ (0x30...0x39).contains($0) }) ?? false else {
                throw InvalidValue("a time such as 2026-01-12T08:00, 2026-01-12 or 2026-01-12T07:00:00Z")
            }
            let characters = Array(text)
            guard characters.count > 11, characters[10] == " ", characters[11].isNumber else { return text }
            return String(characters[..<10]) + "T" + String(characters[11...])
        }
    }

    /// The parameters for the values of these options, in this order; options that are not given are left out.
    static func parameters(
        _ invocation: Invocation, _ options: [(name: String, option: Option<String>)]
    ) throws(CommandFailure) -> [(name: String, value: String)] {
        var query: [(name: String, value: String)] = []
        for (name, option) in options {
            for value in try invocation.values(option) { query.append((name, value)) }
        }
        return query
    }
}
