// Layer: end to end. A session and a live stream on a real server.
import Foundation
import HTTPClient
import Locks
import ProcessHarness
import Testing

@testable import Commands

@Suite("Sessions and live streams of a real server", .timeLimit(.minutes(10)))
struct LiveServiceTests {
    private static let definition =
        #"{"site":{"site_id":"p1"},"workers":[{"worker_id":"W1"}],"workstations":[{"workstation_id":"S1"}]}"#

    /// What a stream has said so far.
    private final class Reader: Sendable {
        let text = Monitor("")
        let isOver = Latch()

        var handler: HTTPStreamClient.Handler {
            { [text, isOver] event in
                switch event {
                case .head: break
                case .part(let bytes): text.update { $0 += String(decoding: bytes, as: UTF8.self) }
                case .end: isOver.open()
                }
                return .taken
            }
        }

        /// Waits until the stream has said something.
        func wait(for part: String) { text.wait { $0.contains(part) ? () : nil } }
    }

    private func key(_ plant: PlantDirectory, _ role: String) throws -> String {
        let made = try AndonProcess.run(
            ["key", "create", "--data-dir", plant.data, "--role", role, "--rate-limit", "0"])
        try #require(made.exit == 0, "\(made.errors)")
        return made.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    @Test("a signed-in browser follows a site until its key is revoked (SPEC 7.5, 7.6)")
    func live() throws {
        let plant = try PlantDirectory()
        let (viewer, sender) = (try key(plant, "viewer"), try key(plant, "ingest"))
        let server = try plant.server()
        let file = try plant.folder.write("p1.json", Self.definition)
        try #require(try plant.run(["site", "apply", file]).exit == 0)
        let client = HTTPClient()
        let signedIn = try client.send(
            "POST", server.url + "/api/session", headers: [("Content-Type", "application/json")],
            body: Array(#"{"key":"\#(viewer)"}"#.utf8))
        #expect(signedIn.status == 200)
        let cookie = try #require(signedIn.header("Set-Cookie")?.split(separator: ";").first.map(String.init))
        let streams = HTTPStreamClient()
        defer { streams.stop() }
        let reader = Reader()
        _ = streams.open(
            server.url + "/api/stream?site_id=p1&topics=factory,events&interval_ms=250", headers: [("Cookie", cookie)],
            reader.handler)
        reader.wait(for: #"event: events"#)
        let event =
            #"{"timestamp":"2026-01-12T08:00:00Z","worker_id":"W1","workstation_id":"S1","event_type":"working","#
            + #""confidence":0.9}"#
        let posted = try client.send(
            "POST", server.url + "/api/events?site_id=p1",
            headers: [("Authorization", "Bearer \(sender)"), ("Content-Type", "application/json")],
            body: Array(event.utf8))
        #expect(posted.status == 201)
        reader.wait(for: #"data: {"kind":"change","items":[{"timestamp":"2026-01-12T08:00:00.000000Z""#)
        #expect(reader.text.withLock { $0.hasPrefix("retry: 2000\n\nevent: factory\nid: 0:") })
        let id = String(viewer.split(separator: "_")[1])
        #expect(try AndonProcess.run(["key", "revoke", id, "--yes", "--data-dir", plant.data]).exit == 0)
        reader.isOver.wait()
        let refused = try client.send("GET", server.url + "/api/session", headers: [("Cookie", cookie)])
        #expect(refused.status == 401 && refused.header("Set-Cookie")?.contains("Max-Age=0") == true)
    }
}
