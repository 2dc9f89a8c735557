import EventModel
import Oracle

/// Makes up definitions and bodies that break every rule now and then, and repeat themselves often.
struct RandomIngest {
    var generator: SeededGenerator
    /// 2026-01-12T12:00:00Z.
    static let start: Int64 = 1_768_219_200_000_000
    /// Site that is never defined.
    static let unknownSite = "nowhere"
    static let sites = ["plant", "plant-2"]

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    mutating func number(_ range: Range<Int>) -> Int { Int.random(in: range, using: &generator) }

    /// True once in `count` times, about.
    mutating func once(in count: Int) -> Bool { number(0..<count) == 0 }

    mutating func one<Element>(of elements: [Element]) -> Element { elements[number(0..<elements.count)] }

    mutating func definition(_ site: String) -> SiteDefinition {
        var definition = SiteDefinition(siteID: SiteID(site), name: site)
        let workers = ["w1", "w2", "w3", "caf\u{e9}", "w5"].filter { _ in !once(in: 4) }
        definition.workers = workers.map { .init(workerID: WorkerID($0)) }
        definition.workstations = ["s1", "s2"].filter { _ in !once(in: 6) }.map {
            .init(workstationID: WorkstationID($0))
        }
        definition.confidenceThreshold = Confidence(partsPerMillion: one(of: [0, 500_000, 700_000, 900_001]))
        definition.maxFutureSeconds = one(of: [0, 300, 86_400])
        return definition
    }

    mutating func request(site: String, key: String?) -> OracleAdmission.Request {
        let layout = one(of: OracleAdmission.Layout.allCases)
        return OracleAdmission.Request(body: Array(body(layout, site).utf8), layout: layout, site: site, key: key)
    }

    private mutating func body(_ layout: OracleAdmission.Layout, _ site: String) -> String {
        if once(in: 25) {
            return one(of: [
                "", "{", "[1,]", "[\"\u{1}\"]", "nul", "[] []", "{\"events\":[]}", "[]", "\n\n", "[1 2]", "[{]}",
                "[{\"n\":\"a\"b\"},{\"n\":\"c\"d\"}]", "{\"events\":[tru],\"x\":nul}",
            ])
        }
        if once(in: 40) { return String(repeating: "[", count: 65) + String(repeating: "]", count: 65) }
        if once(in: 60) { return layout == .lines ? lines(1001, site) : "[" + list(1001, site) + "]" }
        switch layout {
        case .single: return element(site)
        case .lines: return lines(number(1..<6), site)
        case .batch:
            let list = "[" + list(number(1..<8), site) + "]"
            guard once(in: 2) else { return list }
            let envelope = once(in: 3) ? #","site_id":"\#(one(of: [site, "other"]))""# : ""
            return "{\"x\":{\"events\":[1]},\"events\" : \(list)\(envelope)}"
        }
    }

    private mutating func list(_ count: Int, _ site: String) -> String {
        if count > 100 { return Array(repeating: "1", count: count).joined(separator: ",") }
        return elements(count, site).joined(separator: " , ")
    }

    private mutating func lines(_ count: Int, _ site: String) -> String {
        if count > 100 { return Array(repeating: "{}", count: count).joined(separator: "\n") }
        return elements(count, site).map { once(in: 10) ? "{broken" : $0 }.joined(separator: "\n\r\n")
    }

    /// Elements of one request, which now and then repeat an earlier one of it.
    private mutating func elements(_ count: Int, _ site: String) -> [String] {
        var elements: [String] = []
        for _ in 0..<count {
            elements.append(!elements.isEmpty && once(in: 8) ? one(of: elements) : element(site))
        }
        return elements
    }

    /// An event, or now and then something else.
    private mutating func element(_ site: String) -> String {
        if once(in: 20) { return one(of: ["7", "null", "[]", "\"x\"", "true", "{}"]) }
        if once(in: 25) {
            return one(of: [
                "tru", "01", "\"\\ud83d\"", "\"a\u{1}\"", "{\"a\":1,}", "[1 2]", "{\"a\" \"b\"}", "\\", "{:}",
            ])
        }
        var fields: [(String, String)] = [
            ("timestamp", timestamp()), ("worker_id", "\"\(one(of: ["w1", "w2", "w3", "caf\u{e9}", "w5"]))\""),
            ("workstation_id", "\"\(one(of: ["s1", "s1", "s2"]))\""),
            ("event_type", "\"\(one(of: ["working", "idle", "absent", "product_count"]))\""),
            ("confidence", one(of: ["0.9", "0.95", "1", "0.7", "0.6999995", "0.69999949", "9e-1", "0.5"])),
        ]
        if once(in: 3) { fields.append(("count", one(of: ["1", "0", "null", "12", "1000000"]))) }
        if once(in: 4) { fields.append(("camera_id", one(of: ["\"c1\"", "\"c\\u00e9\"", "null"]))) }
        if once(in: 4) { fields.append(("model_version", one(of: ["\"m1\"", "null"]))) }
        if once(in: 5) { fields.append(("site_id", one(of: ["\"\(site)\"", "null", "\"other\""]))) }
        if once(in: 4) { fields.append(("unknown", "{\"timestamp\":[1,{\"a\":null}]}")) }
        if once(in: 25) {
            fields.append(("note", one(of: ["\"\\ud83d\"", "\"\\udc00\\\\\"", "NaN", "\"\\x\"", "+1"])))
        }
        if once(in: 3) { spoil(&fields) }
        // Of equal keys the last wins.
        if once(in: 8) { fields.insert(one(of: fields), at: 0) }
        return "{" + fields.map { "\"\($0.0)\" :\($0.1)" }.joined(separator: ", ") + "}"
    }

    private mutating func timestamp() -> String {
        let second = number(0..<6)
        let text = one(of: ["06:00:0\(second)Z", "07:00:0\(second).0000009+01:00", "06:00:0\(second).5z"])
        return once(in: 12) ? "\"2026-01-12T12:0\(number(0..<9)):00Z\"" : "\"2026-01-12T\(text)\""
    }

    /// Makes a field break a rule, or leaves it out.
    private mutating func spoil(_ fields: inout [(String, String)]) {
        let wrong: [(String, [String?])] = [
            (
                "timestamp",
                [
                    nil, "5", "null", "\"2026-02-30T06:00:00Z\"", "\"2026-01-12T06:00:60Z\"",
                    "\"2026-01-12T06:00:00\"", "\"1969-12-31T23:59:59Z\"", "\"2026-01-12T06:00:00+24:00\"", "\"\"",
                ]
            ),
            ("worker_id", [nil, "[]", "\"\"", "\"a\\u0000\"", "\"nobody\"", "\"cafe\u{301}\""]),
            ("workstation_id", [nil, "7", "\"\\u007f\"", "\"nowhere\"", "\"\(String(repeating: "x", count: 129))\""]),
            ("event_type", [nil, "true", "\"Working\"", "\"\""]),
            ("confidence", [nil, "\"0.9\"", "null", "1.000001", "-0.1", "1e9", "1.0000004", "123456789"]),
            ("count", ["\"1\"", "1.0", "2", "1e0", "-1", "1000001", "[]"]),
            ("camera_id", ["1", "\"\"", "\"\\n\""]), ("model_version", ["false", "\"\u{85}\""]),
            ("site_id", ["1", "\"\""]),
        ]
        let (name, values) = one(of: wrong)
        fields.removeAll { $0.0 == name }
        if let value = one(of: values) { fields.append((name, value)) }
    }
}
