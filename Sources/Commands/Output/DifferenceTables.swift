internal import EventModel
internal import JSON

/// Lays out what differs between two generations of a partition, from the object of `andon rebuild diff -o json`: how many
/// of each kind, what differs most, and what is behind the hours of workers.
struct DifferenceTables {
    /// What differs in one partition.
    let partition: JSONValue

    /// Hours that are explained in tables; JSON has all of them.
    private static let explainedMaximum = 5
    private static let idNames = [
        "worker_id", "workstation_id", "camera_id", "model_version", "event_type", "class", "role", "version",
    ]

    var tables: [Table] {
        [counts, differences, findings, behind].compactMap { $0 }.filter { !$0.rows.isEmpty } + notes
    }

    private var counts: Table {
        var table = Table([
            .text("compared at \(partition["position"]?.text ?? "-")"), .number("equal"), .number("different"),
        ])
        for count in items("counts") {
            let (equal, different) = (Self.number(count["equal"]), Self.number(count["different"]))
            guard equal + different > 0 else { continue }
            table.append([Self.words(count["kind"]), grouped(equal), grouped(different)])
        }
        return table
    }

    private var differences: Table {
        var table = Table([
            .text("differs"), .text("site"), .text("of"), .text("time"), .text("figure"), .text("live"), .text("new"),
        ])
        for item in items("differences") {
            for member in item["members"]?.items ?? [] {
                let name = member["name"]?.text ?? ""
                table.append([
                    Self.words(item["kind"]), item["site_id"]?.text ?? "-", Self.ids(item), Self.time(item["time"]),
                    Self.figure(name), Self.value(member["before"], name), Self.value(member["after"], name),
                ])
            }
        }
        return table
    }

    /// Hours in which sums differ before those in which events alone do, each once.
    private var explained: [JSONValue] {
        let all = items("differences").filter { $0["cause"] != nil }
        let isHour = { (item: JSONValue) in item["kind"] == .string("worker_hour") }
        var seen: Set<String> = []
        let each = (all.filter(isHour) + all.filter { !isHour($0) }).filter { item in
            let hour = [item["site_id"], item["worker_id"], item["cause"]?["hour"]].map { $0?.text ?? "" }
            return seen.insert(hour.joined(separator: "\n")).inserted
        }
        return Array(each.prefix(Self.explainedMaximum))
    }

    private var findings: Table {
        var table = Table([.text("hour"), .text("worker"), .text("why it differs"), .text("events that differ")])
        for item in explained {
            let cause = item["cause"]
            let events = (cause?["events"]?.items ?? []).map { event in
                "\(Self.time(event["timestamp"])) \(event["event_type"]?.text ?? "")"
            }
            let omitted = Self.number(cause?["events_omitted"])
            table.append([
                Self.time(cause?["hour"]), item["worker_id"]?.text ?? "-", cause?["message"]?.text ?? "-",
                events.isEmpty
                    ? "-" : events.joined(separator: ", ") + (omitted > 0 ? ", \(grouped(omitted)) more" : ""),
            ])
        }
        return table
    }

    /// The intervals and counts of the same hours that only one generation has; those of both where all are the same.
    private var behind: Table {
        var table = Table([
            .text("hour"), .text("worker"), .text("in"), .text("what"), .text("station"), .text("from"), .text("to"),
            .text("position"), .text("known since"),
        ])
        for item in explained {
            let hour = [Self.time(item["cause"]?["hour"]), item["worker_id"]?.text ?? "-"]
            let (live, new) = (item["cause"]?["live"], item["cause"]?["new"])
            let (rows, others) = (live?["items"]?.items ?? [], new?["items"]?.items ?? [])
            if rows == others {
                for row in rows { table.append(hour + ["both"] + Self.cells(row)) }
            } else {
                for row in rows where !others.contains(row) { table.append(hour + ["live"] + Self.cells(row)) }
                for row in others where !rows.contains(row) { table.append(hour + ["new"] + Self.cells(row)) }
            }
            let omitted = max(Self.number(live?["items_omitted"]), Self.number(new?["items_omitted"]))
            if omitted > 0 {
                table.append(hour + ["-", "\(grouped(omitted)) more not shown", "-", "-", "-", "-", "-"])
            }
        }
        return table
    }

    private static func cells(_ row: JSONValue) -> [String] {
        let count = row["count"].map { " \(number($0))" } ?? ""
        return [
            (row["event_type"]?.text ?? "-") + count, row["workstation_id"]?.text ?? "-", time(row["from"]),
            count.isEmpty ? time(row["to"]) : "-", row["position"]?.text ?? "-", time(row["created_at"]),
        ]
    }

    private var notes: [Table] {
        let texts = items("notes").compactMap(\.text)
        guard !texts.isEmpty else { return [] }
        var table = Table([.text("not compared")])
        for text in texts { table.append([text]) }
        return [table]
    }

    private func items(_ name: String) -> [JSONValue] { partition[name]?.items ?? [] }

    // MARK: Cells

    private static func number(_ value: JSONValue?) -> Int64 {
        if case .number(let text)? = value { Int64(text) ?? 0 } else { 0 }
    }

    /// `worker_hour` as `worker hour`.
    private static func words(_ value: JSONValue?) -> String { (value?.text ?? "-").replacing("_", with: " ") }

    private static func ids(_ item: JSONValue) -> String {
        let texts = idNames.compactMap { item[$0]?.text }
        return texts.isEmpty ? "-" : texts.joined(separator: " ")
    }

    private static func figure(_ name: String) -> String {
        (name.hasSuffix("_us") ? String(name.dropLast(3)) : name).replacing("_", with: " ")
    }

    private static func value(_ value: JSONValue?, _ name: String) -> String {
        switch value {
        case .number(let text)? where name.hasSuffix("_us"): Int64(text).map(duration) ?? text
        case .number(let text)? where name == "units" || name == "samples": Int64(text).map { grouped($0) } ?? text
        case .string? where name.hasSuffix("_time") || name == "created_at" || name == "from" || name == "to":
            time(value)
        case let value?: value.text ?? "-"
        case nil: "-"
        }
    }

    /// Without a fraction of zeros.
    private static func time(_ value: JSONValue?) -> String {
        (value?.text ?? "-").replacing(".000000Z", with: "Z")
    }

    /// Microseconds as `1:02:03`, with a fraction where there is one.
    static func duration(_ microseconds: Int64) -> String {
        let (seconds, fraction) = microseconds.magnitude.quotientAndRemainder(dividingBy: 1_000_000)
        func padded(_ number: UInt64, _ digits: Int) -> String {
            String(repeating: "0", count: max(0, digits - "\(number)".count)) + "\(number)"
        }
        let text = "\(seconds / 3600):\(padded(seconds / 60 % 60, 2)):\(padded(seconds % 60, 2))"
        return (microseconds < 0 ? "-" : "") + text + (fraction > 0 ? "." + padded(fraction, 6) : "")
    }
}
