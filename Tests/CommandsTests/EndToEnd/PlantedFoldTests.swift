// Layer: the whole program, as an operator uses it, on figures that a wrong fold has made.
import Dispatch
import Glibc
import HTTPClient
import JSON
import Locks
import ProcessHarness
import Testing

@testable import Commands

@Suite("A rebuild whose fold is wrong", .timeLimit(.minutes(10)))
struct PlantedFoldTests {
    private static let site = "plant"
    /// W1 is idle once, from 10:15 to 10:30; W2 never is.
    private static let day = [
        ("W1", "08:00", "working"), ("W2", "08:00", "working"), ("W1", "10:15", "idle"), ("W1", "10:30", "working"),
        ("W2", "11:00", "absent"), ("W1", "12:00", "absent"),
    ]

    private static func plant() throws -> PlantDirectory {
        let plant = try PlantDirectory()
        let site = try plant.folder.write(
            "site.json",
            """
            {"site":{"site_id":"\(Self.site)","time_zone":"UTC"},
            "workers":[{"worker_id":"W1"},{"worker_id":"W2"}],"workstations":[{"workstation_id":"S1"}]}
            """)
        let lines = day.map { worker, time, state in
            #"{"timestamp":"2026-01-12T\#(time):00Z","worker_id":"\#(worker)","workstation_id":"S1","#
                + #""event_type":"\#(state)","confidence":0.9}"#
        }
        let events = try plant.folder.write("events.ndjson", lines.joined(separator: "\n") + "\n")
        let server = try plant.server()
        #expect(try plant.run(["site", "apply", site]).exit == 0)
        #expect(try plant.run(["import", events, "--site", Self.site, "--batch", "1"]).exit == 0)
        server.end(SIGTERM)
        return plant
    }

    /// Time in µs in which each worker worked and was idle, between 08:00 and 12:00.
    private static func hours(_ plant: PlantDirectory) throws -> [String] {
        let answer = try plant.ask([
            "workers", "--site", site, "--from=2026-01-12T08:00:00Z", "--to=2026-01-12T12:00:00Z",
        ])
        return (answer["items"]?.items ?? []).map { worker in
            ["worker_id", "working_us", "idle_us"].map { worker[$0]?.text ?? "-" }.joined(separator: " ")
        }
    }

    private static let right = ["W1 13500000000 900000000", "W2 10800000000 0"]
    private static let wrong = ["W1 14400000000 0", "W2 10800000000 0"]

    private static func rebuild(_ plant: PlantDirectory, _ words: [String], exit: Int32 = 0) throws -> JSONValue {
        let result = try plant.run(["rebuild"] + words + ["-o", "json"])
        try #require(result.exit == exit, "\(words): exit \(result.exit), \(result.output)\(result.errors)")
        return try #require(JSONValue(result.output.utf8), "\(words)")
    }

    /// Waits until what is wanted of the rebuild is so: an answer waits for that no longer than five seconds.
    private static func settle(_ plant: PlantDirectory) throws {
        for _ in 0..<300 {
            let status = try rebuild(plant, ["status"])
            if status["waiting"] == .array([]), status["missing"] == .array([]) { return }
        }
        Issue.record("what is wanted is not so")
    }

    /// A server with a level rebuild that takes idle for working.
    private static func scene() throws -> (plant: PlantDirectory, server: AndonServer, id: String) {
        let plant = try plant()
        var server = try plant.server()
        let id = try #require(try rebuild(plant, ["start", "--reason", "a new program"])["id"]?.text)
        server.end(SIGKILL)
        try plant.plantWrongFold(of: id, .idle, takenFor: .working)
        server = try plant.server()
        #expect(try rebuild(plant, ["status", "--follow"])["state"] == .string("level"))
        return (plant, server, id)
    }

    /// The differences of a kind.
    private static func found(_ diff: JSONValue, _ kind: String) -> [JSONValue] {
        (diff["differences"]?.items ?? []).filter { $0["kind"]?.text == kind }
    }

    @Test(
        "the comparison names worker, hour and event; promote refuses until the difference is accepted (SPEC 8.10)"
    )
    func found() throws {
        let (plant, server, id) = try Self.scene()
        let digest = try plant.digest(Self.site)
        let diff = try Self.rebuild(plant, ["diff"], exit: 1)
        let different = try #require(diff["different"]?.text.flatMap { Int($0) })
        let hour = try #require(Self.found(diff, "worker_hour").first, "\(diff)")
        #expect(Self.found(diff, "worker_hour").count == 1)
        #expect(hour["worker_id"]?.text == "W1" && hour["time"]?.text == "2026-01-12T10:00:00.000000Z")
        #expect(hour["size"]?.text == "1800000000", "a quarter of an hour less idle, and as much more working")
        let events = hour["cause"]?["events"]?.items ?? []
        #expect(Set(events.map { $0["event_type"]?.text }) == ["idle", "working"])
        #expect(events.allSatisfy { $0["timestamp"]?.text == "2026-01-12T10:15:00.000000Z" })
        let winners = Self.found(diff, "event")
        #expect(winners.count == 2 && winners.allSatisfy { $0["worker_id"]?.text == "W1" })

        let answer = try HTTPClient().send(
            "POST", "\(server.url)/api/admin/rebuilds/\(id)/promote",
            headers: [("Authorization", "Bearer \(try plant.key())"), ("Content-Type", "application/json")])
        #expect(answer.status == 409 && JSONValue(answer.body)?["code"]?.text == "generations_differ")
        for words in [["promote"], ["promote", "--accept-diff", "\(different - 1)"]] {
            let refusal = try Self.rebuild(plant, words, exit: 1)
            #expect(refusal["different"]?.text == "\(different)" && Self.found(refusal, "worker_hour").count == 1)
        }
        #expect(try plant.run(["rebuild", "promote", "--force"]).exit == 64, "it needs a reason")
        #expect(try Self.hours(plant) == Self.right && plant.digest(Self.site) == digest)

        #expect(try Self.rebuild(plant, ["promote", "--accept-diff", "\(different)"])["state"]?.text == "promoted")
        try Self.settle(plant)
        #expect(try Self.hours(plant) == Self.wrong)
        #expect(try Self.rebuild(plant, ["rollback"])["state"]?.text == "rolled_back")
        try Self.settle(plant)
        #expect(try Self.hours(plant) == Self.right && plant.digest(Self.site) == digest)
        withExtendedLifetime(server) {}
    }

    @Test("of two operators who promote at once on other terms one wins; the other is told what is so (SPEC 8.10)")
    func twoOperators() throws {
        let (plant, server, _) = try Self.scene()
        let terms = [["--accept-diff", "100000"], ["--force", "--reason", "the old one was wrong"]]
        let answers = Guarded<[AndonProcess.Result]>([])
        let commands = terms.map { plant.command(["rebuild", "promote"] + $0 + ["-o", "json"]) }
        DispatchQueue.concurrentPerform(iterations: commands.count) { number in
            do {
                let result = try AndonProcess.run(commands[number])
                answers.withLock { $0.append(result) }
            } catch { Issue.record(error) }
        }
        let status = try Self.rebuild(plant, ["status"])
        let isForced = status["forced_reason"]?.text == "the old one was wrong"
        #expect((status["accepted_differences"]?.text == "100000") != isForced, "\(status)")
        #expect(status["revision"]?.text == "2")
        for answer in answers.withLock({ $0 }) {
            let told = JSONValue(answer.output.utf8)
            #expect(answer.exit == 0 && told?["state"]?.text == "promoted", "\(answer.errors)")
            #expect(told?["forced_reason"] == status["forced_reason"])
            #expect(told?["accepted_differences"] == status["accepted_differences"])
        }
        try Self.settle(plant)
        #expect(try Self.hours(plant) == Self.wrong)
        #expect(try Self.rebuild(plant, ["rollback"])["state"]?.text == "rolled_back")
        try Self.settle(plant)
        #expect(try Self.hours(plant) == Self.right)
        withExtendedLifetime(server) {}
    }
}
