internal import JSON

/// Lays out how a rebuild is, from the answer of a server.
struct RebuildTables {
    let status: JSONValue

    init(_ status: JSONValue) { self.status = status }

    var id: String { text("id") }
    var state: String { text("state") }

    var tables: [Table] { [Self.list([status]), partitions] }

    /// What a user should know beside the tables.
    var notes: [String] {
        let waiting = items("waiting").compactMap(\.text)
        let missing = items("missing").map {
            "partition \(printable($0["partition"]?.text ?? "-")): \(printable($0["reason"]?.text ?? "-"))"
        }
        let late =
            waiting.isEmpty
            ? []
            : ["not done yet in \(waiting.count == 1 ? "partition" : "partitions") \(listed(waiting, last: "and"))"]
        return late + missing
    }

    /// One line for each rebuild.
    static func list(_ rebuilds: [JSONValue]) -> Table {
        var table = Table([
            .text("rebuild"), .text("state"), .text("pace"), .text("started"), .text("by", mayShrink: true),
            .text("reason", mayShrink: true), .text("changed"), .text("by", mayShrink: true),
        ])
        for rebuild in rebuilds {
            func text(_ name: String) -> String { rebuild[name]?.text ?? "-" }
            let pace = text("pace")
            let forced = rebuild["forced_reason"]?.text.map { "forced: \($0)" }
            table.append([
                text("id"), text("state").replacing("_", with: " "), pace == "auto" ? pace : "\(pace)/s",
                seconds(text("created_at")), text("by"), forced ?? text("reason"), seconds(text("changed_at")),
                text("changed_by"),
            ])
        }
        return table
    }

    private var partitions: Table {
        var table = Table([
            .text("partition"), .text("state"), .number("records"), .number("of"), .number("%"), .number("events"),
            .number("events/s"), .number("ETA"), .text("failure"),
        ])
        for partition in items("partitions") {
            table.append(Self.row(partition["partition"]?.text ?? "-", partition["state"]?.text ?? "-", partition))
        }
        if let totals = status["totals"], items("partitions").count > 1 {
            table.append(Self.row("all", state, totals))
        }
        return table
    }

    private static func row(_ name: String, _ state: String, _ numbers: JSONValue) -> [String] {
        func number(_ name: String) -> Int64 { numbers[name]?.text.flatMap { Int64($0) } ?? 0 }
        let (done, total) = (number("records_done"), number("records_total"))
        return [
            name, state.replacing("_", with: " "), grouped(done), grouped(total),
            total > 0 ? "\(min(100, done * 100 / total))" : "-", grouped(number("events")),
            grouped(number("events_per_second")), numbers["eta_seconds"]?.text.flatMap { Int64($0) }.map(time) ?? "-",
            numbers["failure"]?.text ?? "",
        ]
    }

    /// `1:02:03`.
    private static func time(_ seconds: Int64) -> String {
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let minutes = seconds / 60 % 60
        return seconds < 3600
            ? "\(minutes):\(two(seconds % 60))" : "\(seconds / 3600):\(two(minutes)):\(two(seconds % 60))"
    }

    /// A time without its fraction.
    private static func seconds(_ time: String) -> String { time.hasSuffix("Z") ? String(time.prefix(19)) + "Z" : time }

    private func text(_ name: String) -> String { status[name]?.text ?? "-" }
    private func items(_ name: String) -> [JSONValue] { status[name]?.items ?? [] }
}
