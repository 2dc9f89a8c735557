import Foundation
import ProcessHarness
import TestKit
import Testing

@testable import Commands

@Suite("andon up and its keys")
struct ServiceTests {
    func status(_ url: String, _ path: String, key: String?) throws -> Int {
        let client = APIClient.live(ServerAccess(url: url, key: key))
        return try client.send(APIRequest(method: "GET", target: path)).status
    }

    @Test("says where it listens when it is ready, /readyz then answers 200, SIGTERM ends it with 0 (SPEC 8.1)")
    func readyAndStop() throws {
        let plant = try PlantDirectory()
        let server = try plant.server()
        #expect(server.url.hasPrefix("http://127.0.0.1:"))
        for path in ["/readyz", "/livez", "/health"] { #expect(try status(server.url, path, key: nil) == 200) }
        let end = server.end(SIGTERM)
        #expect(end.exit == 0)
        #expect(end.errors.split(separator: "\n").contains("listening on \(server.url)"))
        #expect(end.errors.contains("stopped"))
    }

    @Test("Ctrl-C ends it gracefully with 130")
    func interrupt() throws {
        let plant = try PlantDirectory()
        #expect(try plant.server().end(SIGINT).exit == 130)
    }

    @Test("a second process on the same data directory is refused with 69 and says why")
    func oneWriter() throws {
        let plant = try PlantDirectory()
        let server = try plant.server()
        let second = try AndonProcess.run(["up", "--data-dir", plant.data, "--listen", "127.0.0.1:0"])
        #expect(second.exit == 69)
        #expect(second.errors.contains("a log has one writer"))
        #expect(try status(server.url, "/readyz", key: nil) == 200)
    }

    @Test("a port that is taken exits 69 and says which")
    func portTaken() throws {
        let plant = try PlantDirectory()
        let server = try plant.server()
        let address = server.url.replacing("http://", with: "")
        let folder = try TemporaryFolder()
        let second = try AndonProcess.run(["up", "--data-dir", folder.path, "--listen", address])
        #expect(second.exit == 69)
        #expect(second.errors.contains("cannot listen on \(address)"))
    }

    @Test(
        "a key is printed alone, a running server honours it, and refuses it once it is revoked (SPEC 8.2)",
        .timeLimit(.minutes(10)))
    func keys() throws {
        let plant = try PlantDirectory()
        let server = try plant.server()
        let made = try AndonProcess.run([
            "key", "create", "--data-dir", plant.data, "--role=viewer", "--site=p1", "--site=p2", "--rate-limit=0",
        ])
        let key = try #require(made.output.hasSuffix("\n") ? String(made.output.dropLast()) : nil)
        #expect(key.wholeMatch(of: /andon_[0-9a-f]+_[A-Za-z0-9_-]{43}/) != nil)
        // 404: let in, but the site is not there; 403: another site; 401: not let in. The server reads the keys again for
        // the first key that it sees.
        #expect(try status(server.url, "/api/ledger?site_id=p1", key: key) == 404)
        #expect(try status(server.url, "/api/ledger?site_id=p3", key: key) == 403)
        #expect(try status(server.url, "/api/ledger?site_id=p1", key: nil) == 401)
        let id = String(key.split(separator: "_")[1])
        #expect(try AndonProcess.run(["key", "list", "--data-dir", plant.data]).output.contains("p1,p2"))
        #expect(try AndonProcess.run(["key", "revoke", id, "--yes", "--data-dir", plant.data]).exit == 0)
        // Nothing but an answer shows that the server has read the keys again: it does so for a request, twice a second at
        // most. The time limit ends a server that never does.
        while try status(server.url, "/api/ledger?site_id=p1", key: key) != 401 {}
        #expect(try AndonProcess.run(["key", "revoke", id, "--yes", "--data-dir", plant.data]).exit == 1)
    }

    @Test("the file of --out works with the server of its log, at once, and with no other (SPEC 8.2)")
    func keyFileOfALog() throws {
        let (plant, other) = (try PlantDirectory(), try PlantDirectory())
        let (server, stranger) = (try plant.server(), try other.server())
        let file = plant.folder.file("viewer.key")
        let made = try AndonProcess.run(
            ["key", "create", "--data-dir", plant.data, "--role=viewer", "--site=p1", "--out", file])
        #expect(made.exit == 0 && made.output.isEmpty)
        func ask(_ words: [String]) throws -> AndonProcess.Result {
            try AndonProcess.run(["query", "ledger", "--key-file", file] + words)
        }
        // 404, not 401: the key is in force, and nothing of the site is there yet.
        #expect(try ask(["--data-dir", plant.data]).exit == 1)
        let refused = try ask(["--url", stranger.url])
        #expect(refused.exit == 69 && refused.errors.contains("the key was not sent"), "\(refused.errors)")
        server.end(SIGKILL)
        // Without the server the stores answer, which hold no site.
        let gone = try ask(["--data-dir", plant.data])
        #expect(gone.exit == 64 && gone.errors.contains("the stores hold nothing"), "\(gone.errors)")
    }

    @Test("a key without a role, with an unknown one or an impossible site exits 64 (SPEC 8.2)")
    func badKeys() throws {
        for words in [[], ["--role=king"], ["--role=viewer", "--site=.."], ["--role=viewer", "--site=a/b"]] {
            let recorder = Recorder()
            #expect(recorder.run(["key", "create", "--data-dir", "/nowhere/andon"] + words) == .usage)
            #expect(recorder.output.isEmpty)
        }
    }

    @Test("--open needs no key from this machine and says so loudly (SPEC 8.2)")
    func open() throws {
        let plant = try PlantDirectory()
        let server = try AndonServer(plant.data, ["--open"])
        #expect(try status(server.url, "/api/ledger?site_id=p1", key: nil) == 404)
        #expect(server.end(SIGTERM).errors.contains("OPEN"))
    }

    @Test("--rate-limit answers 429 beyond so many requests a minute (SPEC 8.2)")
    func rateLimit() throws {
        let plant = try PlantDirectory()
        let server = try AndonServer(plant.data, ["--open", "--rate-limit", "3"])
        let answers = try (0..<4).map { _ in try status(server.url, "/api/ledger?site_id=p1", key: nil) }
        #expect(answers == [404, 404, 404, 429])
        #expect(try status(server.url, "/readyz", key: nil) == 200)
    }

    @Test("HOST:PORT is read with IPv6 in brackets, and nothing else passes")
    func listenAddress() throws {
        #expect(try ListenAddress("127.0.0.1:0").port == 0)
        #expect(try ListenAddress("[::1]:8080").host == "::1")
        for text in ["", "8080", ":8080", "a:b", "::1:8080", "127.0.0.1:65536", "127.0.0.1:-1", "[]:1"] {
            #expect(throws: InvalidValue.self, "\(text)") { try ListenAddress(text) }
        }
    }
}
