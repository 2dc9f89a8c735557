import EventModel
import HTTPServer
import JSON
import Testing

@testable import Gateway
@testable import Sites

@Suite("Changing a site's definition")
struct DefinitionChangeTests {
    static let three = """
        {"site":{"name":"P","time_zone":"CET"},"workers":[{"worker_id":"a","name":"Ada"},{"worker_id":"b"},\
        {"worker_id":"c","name":"Cy"}],"workstations":[{"workstation_id":"s","name":"Saw"}]}
        """
    static let next = """
        {"site":{"name":"P","time_zone":"Japan","handover_minutes":5},"workers":[{"worker_id":"b","name":"Bo"},\
        {"worker_id":"d"}],"workstations":[]}
        """

    private func put(
        _ harness: GatewayHarness, _ body: String, _ query: String = "", headers: [String: String] = [:]
    ) -> HTTPResponse {
        harness.send(.put, "/api/sites/plant\(query)", body: body, headers: headers)
    }

    /// `change`, `counts`, `site_changes` and `dropped` of an answer, without the rest.
    private func changes(_ response: HTTPResponse) -> String {
        let value = JSONValue(response.body)
        return ["change", "counts", "site_changes", "dropped"].map { name in
            value?[name].map { value in JSONWriter.text { $0.value(value) } } ?? "-"
        }.joined(separator: " ")
    }

    private static let firstChanges =
        #""created" {"workers":{"added":3,"changed":0,"dropped":0},"#
        + #""workstations":{"added":1,"changed":0,"dropped":0}} [] {"workers":[],"workstations":[]}"#
    private static let secondChanges =
        #""replaced" {"workers":{"added":1,"changed":1,"dropped":2},"#
        + #""workstations":{"added":0,"changed":0,"dropped":1}} ["time_zone","handover_minutes"] "#
        + #"{"workers":[{"name":"Ada","worker_id":"a"},{"name":"Cy","worker_id":"c"}],"#
        + #""workstations":[{"name":"Saw","workstation_id":"s"}]}"#

    @Test("every answer to a PUT counts who is added, changed and dropped, and names the dropped (SPEC 3)")
    func counts() throws {
        let harness = try GatewayHarness()
        #expect(changes(put(harness, Self.three)) == Self.firstChanges)
        let second = put(harness, Self.next)
        #expect(second.status == 200 && changes(second) == Self.secondChanges)
        let same = put(harness, Self.next)
        #expect(changes(same).hasPrefix(#""none" {"workers":{"added":0,"changed":0,"dropped":0}"#))
        #expect(same["dry_run"] == nil)
    }

    @Test("of many dropped ones an answer names the first hundred and counts all (SPEC 3)")
    func manyDropped() throws {
        let harness = try GatewayHarness()
        let workers = (0..<250).map { "{\"worker_id\":\"w\($0)\"}" }.joined(separator: ",")
        _ = put(harness, "{\"site\":{},\"workers\":[\(workers)]}")
        let answer = JSONValue(put(harness, #"{"site":{}}"#).body)
        #expect(answer?["counts"]?["workers"]?["dropped"]?.text == "250")
        #expect(answer?["dropped"]?["workers"]?.items.count == DefinitionAnswer.droppedMaximum)
    }

    @Test("dry_run=true answers what a PUT would, and stores nothing (SPEC 3)")
    func dryRun() throws {
        let harness = try GatewayHarness()
        let first = put(harness, Self.three, "?dry_run=true")
        #expect(first.status == 200 && changes(first) == Self.firstChanges)
        #expect(first["version"] == "1" && first["position"] == "null" && first["created_at"] == "null")
        #expect(JSONValue(first.body)?["dry_run"] == .bool(true))
        #expect(JSONValue(first.body)?["meta"]?["definition"] == .null)
        #expect(harness.send(.get, "/api/sites/plant").status == 404)
        _ = put(harness, Self.three, "?dry_run=false")
        let before = harness.send(.get, "/api/sites/plant")
        let second = put(harness, Self.next, "?dry_run=true")
        #expect(changes(second) == Self.secondChanges && second["version"] == "2")
        #expect(JSONValue(second.body)?["meta"]?["definition"]?.text == "1")
        let same = put(harness, Self.three, "?dry_run=true")
        #expect(same["change"] == "none" && same["version"] == "1" && same["position"] == "0:0")
        #expect(put(harness, #"{"site":{"time_zone":"x"}}"#, "?dry_run=true").status == 422)
        #expect(put(harness, Self.next, "?dry_run=yes")["parameter"] == "dry_run")
        #expect(harness.send(.get, "/api/sites/plant").body == before.body)
        #expect(try harness.records().count == 1)
    }

    @Test("If-Match takes the version in force alone, which GET tells as its ETag; another is 412 (SPEC 3)")
    func ifMatch() throws {
        let harness = try GatewayHarness()
        #expect(put(harness, Self.three, headers: ["If-Match": "*"]).status == 412)
        let none = put(harness, Self.three, headers: ["If-Match": "\"1\""])
        #expect(none.status == 412 && none["version"] == "null")
        #expect(none.header("Content-Type") == "application/problem+json")
        _ = put(harness, Self.three)
        let tag = try #require(harness.send(.get, "/api/sites/plant").header("ETag"))
        #expect(tag == "\"1\"")
        #expect(put(harness, Self.next, headers: ["If-Match": tag])["version"] == "2")
        // The second writer read version 1 as well.
        let late = put(harness, Self.three, headers: ["If-Match": tag])
        #expect(late.status == 412 && late["version"] == "2")
        #expect(put(harness, Self.three, "?dry_run=true", headers: ["If-Match": tag]).status == 412)
        #expect(put(harness, Self.three, headers: ["If-Match": "W/\"2\""]).status == 412)
        #expect(put(harness, Self.three, headers: ["If-Match": "\"x\", \"2\""])["version"] == "3")
        #expect(put(harness, Self.next, headers: ["If-Match": "*"])["version"] == "4")
        for text in ["4", "", "\"4", "\"4\" \"3\"", "\"4\","] {
            #expect(put(harness, Self.three, headers: ["If-Match": text]).status == 400, "\(text)")
        }
        #expect(harness.send(.get, "/api/sites/plant")["version"] == "4")
    }

    @Test("lists and definitions have strong tags, and a client that has them gets 304 until a byte changes (SPEC 8.8)")
    func notModified() throws {
        let harness = try GatewayHarness()
        _ = put(harness, Self.three)
        let paths = ["/api/sites", "/api/sites/plant", "/api/workers?site_id=plant", "/api/workstations?site_id=plant"]
        func tag(_ path: String) throws -> String { try #require(harness.send(.get, path).header("ETag")) }
        let tags = try paths.map(tag)
        for (path, tag) in zip(paths, tags) {
            #expect(tag.hasPrefix("\""))
            for header in [tag, "\"x\", W/\(tag)", "*"] {
                let same = harness.send(.get, path, headers: ["If-None-Match": header])
                #expect(same.status == 304 && same.body.isEmpty && same.header("ETag") == tag, "\(path)")
            }
            #expect(harness.send(.get, path, headers: ["If-None-Match": "\"x\""]).status == 200)
        }
        _ = put(harness, Self.next)
        for (path, old) in zip(paths, tags) {
            let answer = harness.send(.get, path, headers: ["If-None-Match": old])
            #expect(answer.status == 200 && answer.header("ETag") != old, "\(path)")
        }
        let bound = try harness.key(.viewer, sites: ["other"])
        #expect(harness.send(.get, "/api/sites", key: bound).header("ETag") != (try tag("/api/sites")))
    }

    @Test("If-None-Match: * creates a site and replaces none (SPEC 3)")
    func ifNoneMatch() throws {
        let harness = try GatewayHarness()
        #expect(put(harness, Self.three, headers: ["If-None-Match": "*"]).status == 201)
        #expect(put(harness, Self.next, headers: ["If-None-Match": "*"]).status == 412)
        #expect(put(harness, Self.next, headers: ["If-None-Match": "W/\"1\""]).status == 412)
        #expect(put(harness, Self.next, headers: ["If-None-Match": "\"7\""]).status == 200)
    }

    @Test("of two writers that read one version the first is stored, and the other gets 412 (SPEC 3)")
    func twoWriters() throws {
        let harness = try GatewayHarness()
        _ = put(harness, Self.three)
        harness.log.holdAppends()
        let exchanges = [Self.next, #"{"site":{}}"#].map { body in
            harness.start(.put, "/api/sites/plant", body: Array(body.utf8), headers: ["If-Match": "\"1\""])
        }
        harness.log.releaseAppends()
        #expect(Set(exchanges.map(\.response.status)) == [200, 412])
    }

    static let unknown: [(String, String, String)] = [
        (#"{"site":{},"worker":[]}"#, "/worker", "did you mean \"workers\"?"),
        (#"{"site":{"timezone":"CET"}}"#, "/site/timezone", "did you mean \"time_zone\"?"),
        (#"{"site":{"shift":[]}}"#, "/site/shift", "did you mean \"shifts\"?"),
        (#"{"site":{"shifts":[{"start":"06:00","end":"07:00","day":[]}]}}"#, "/site/shifts/0/day", "\"days\"?"),
        (#"{"site":{},"workers":[{"worker_id":"a","nmae":"x"}]}"#, "/workers/0/nmae", "\"name\"?"),
        (#"{"site":{},"workstations":[{"workstation_id":"a","a/b~":1}]}"#, "/workstations/0/a~1b~0", "known are"),
        (#"{"site":{},"shifts":[]}"#, "/shifts", "it belongs to \"site\""),
        (#"{"site":{},"workers":[{"worker_id":"a","capacity":1}]}"#, "/workers/0/capacity", "an item of \"workst"),
        (#"{"site":{"version":1}}"#, "/site/version", "known are"),
    ]

    @Test("a member that no definition has is an error with pointer and nearest name (SPEC 3)", arguments: unknown)
    func unknownMember(text: String, pointer: String, message: String) throws {
        #expect {
            try DefinitionJSON.read(text.utf8, site: "plant")
        } throws: { error in
            guard case .invalid(let faults)? = error as? DefinitionError, faults.count == 1 else { return false }
            return faults[0].pointer == pointer && faults[0].message.hasPrefix("unknown member; ")
                && faults[0].message.contains(message)
        }
    }

    @Test("a misspelt list drops nobody: 422, and the definition stays (SPEC 3)")
    func misspelt() throws {
        let harness = try GatewayHarness()
        _ = put(harness, Self.three)
        let answer = put(harness, #"{"site":{},"worker":[{"worker_id":"a"}]}"#)
        #expect(answer.status == 422)
        #expect(answer.text.contains(#"{"pointer":"/worker","message":"unknown member; did you mean \"workers\"?"}"#))
        #expect(harness.batch([eventJSON(["worker_id": "\"c\"", "workstation_id": "\"s\""])])["success_count"] == "1")
    }

    @Test("what GET or PUT answered can be put back, and changes nothing (SPEC 3)")
    func putBack() throws {
        let harness = try GatewayHarness()
        let answers = [put(harness, Self.three), harness.send(.get, "/api/sites/plant")]
        for answer in answers { #expect(put(harness, answer.text)["change"] == "none") }
        #expect(put(harness, put(harness, Self.three, "?dry_run=true").text)["change"] == "none")
    }

    @Test("a body that is not JSON is 400 and names line and column (SPEC 3)")
    func notJSON() throws {
        let harness = try GatewayHarness()
        let answer = put(harness, "{\"site\": {},\n  \"workers\": [{\"worker_id\": \"a\"}\n}")
        #expect(answer.status == 400 && answer["line"] == "3" && answer["column"] == "1")
        #expect(answer["detail"] == "the body is not JSON: line 3, column 1: ',' or ']' is expected here")
    }

    @Test("GET /api/sites lists the sites that the key may see, by id (SPEC 5.11)")
    func sites() throws {
        let harness = try GatewayHarness()
        #expect(harness.send(.get, "/api/sites").text == #"{"items":[],"meta":{}}"#)
        for site in ["b", "a", "c"] { _ = harness.send(.put, "/api/sites/\(site)", body: Self.three) }
        _ = harness.send(.put, "/api/sites/b", body: Self.next)
        let sizes = [1: #""worker_count":3,"workstation_count":1"#, 2: #""worker_count":2,"workstation_count":0"#]
        let items = [("a", "CET", 1), ("b", "Japan", 2), ("c", "CET", 1)].map { site, zone, version in
            #"{"site_id":"\#(site)","name":"P","time_zone":"\#(zone)","definition":\#(version),\#(sizes[version] ?? ""),"#
                + #""shifts":[],"board_names":true}"#
        }
        let all = harness.send(.get, "/api/sites")
        #expect(all.text == #"{"items":[\#(items.joined(separator: ","))],"meta":{}}"#)
        let bound = try harness.key(.viewer, sites: ["c", "none"])
        #expect(harness.send(.get, "/api/sites", key: bound).text == #"{"items":[\#(items[2])],"meta":{}}"#)
        #expect(harness.send(.get, "/api/sites", key: try harness.key(.ingest)).status == 403)
    }

    @Test("GET /api/sites says the names of shifts, each once, and whether boards show those of people (SPEC 5.11)")
    func siteOutline() throws {
        let harness = try GatewayHarness()
        let body = """
            {"site":{"name":"P","time_zone":"CET","board_names":false,"shifts":[{"name":"Night","start":"22:00","end":"06:00",\
            "days":["mon"]},{"name":"Day","start":"06:00","end":"22:00"},{"name":"Night","start":"23:00","end":"06:00",\
            "days":["sat"]}]},"workers":[],"workstations":[]}
            """
        #expect(harness.send(.put, "/api/sites/plant", body: body).status == 201)
        let sites = harness.send(.get, "/api/sites").text
        #expect(sites.contains(#""shifts":["Night","Day"],"board_names":false}"#))
    }
}
