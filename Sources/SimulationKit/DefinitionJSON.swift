public import EventModel

extension SiteDefinition {
    /// The body of `PUT /api/sites/{site_id}` that gives this definition (SPEC 3), names included.
    public var putBody: [UInt8] {
        var site: [(String, JSONText)] = [
            ("site_id", .text(siteID.text)), ("name", .text(name)), ("time_zone", .text(timeZone)),
            ("observation_ttl_seconds", .raw("\(observationTTLSeconds)")),
            ("confidence_threshold", .raw(decimal(Int64(confidenceThreshold.partsPerMillion)))),
            ("max_future_seconds", .raw("\(maxFutureSeconds)")), ("handover_minutes", .raw("\(handoverMinutes)")),
        ]
        if !shifts.isEmpty { site.append(("shifts", .list(shifts.map(\.json)))) }
        if let target = targetMicrounitsPerHour { site.append(("target_units_per_hour", .raw(decimal(target)))) }
        let members: [(String, JSONText)] = [
            ("site", .object(site)), ("workers", .list(workers.map(\.json))),
            ("workstations", .list(workstations.map(\.json))),
        ]
        return Array(JSONText.object(members).written.utf8)
    }

    /// Millionths as a decimal number.
    private func decimal(_ millionths: Int64) -> String {
        let digits = String(millionths % 1_000_000)
        return "\(millionths / 1_000_000)." + String(repeating: "0", count: 6 - digits.utf8.count) + digits
    }
}

extension SiteDefinition.Worker {
    fileprivate var json: JSONText {
        .object(
            [("worker_id", .text(workerID.text))]
                + JSONText.present(["name": name, "location": location, "active_since": activeSince]))
    }
}

extension SiteDefinition.Workstation {
    fileprivate var json: JSONText {
        .object(
            [("workstation_id", .text(workstationID.text)), ("capacity", .raw("\(capacity)"))]
                + JSONText.present(["name": name, "location": location, "line": line]))
    }
}

extension SiteDefinition.Shift {
    fileprivate var json: JSONText {
        let names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
        let chosen = names.indices.filter { days & (1 << UInt8($0)) != 0 }.map { JSONText.text(names[$0]) }
        return .object([
            ("name", .text(name)), ("start", .text(clock(startMinute))), ("end", .text(clock(endMinute))),
            ("days", .list(chosen)),
        ])
    }

    private func clock(_ minutes: Int) -> String {
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return two(minutes / 60) + ":" + two(minutes % 60)
    }
}

/// Just enough JSON to write a definition without Foundation.
private indirect enum JSONText {
    case text(String)
    case raw(String)
    case list([JSONText])
    case object([(String, JSONText)])

    /// Members that have a value, by name so that the order is always the same.
    static func present(_ members: [String: String?]) -> [(String, JSONText)] {
        members.sorted { $0.key < $1.key }.compactMap { name, value in value.map { (name, .text($0)) } }
    }

    var written: String {
        switch self {
        case .text(let text): "\"" + Self.escaped(text) + "\""
        case .raw(let text): text
        case .list(let items): "[" + items.map(\.written).joined(separator: ",") + "]"
        case .object(let members):
            "{" + members.map { "\"\($0.0)\":" + $0.1.written }.joined(separator: ",") + "}"
        }
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case "\u{0}"..<"\u{20}":
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
