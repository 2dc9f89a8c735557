// Layer: end to end. The threads of the real program, as `top -H` shows them.
import Foundation
import ProcessHarness
import Testing

@testable import Commands

@Suite("Names of a server's threads", .timeLimit(.minutes(10)))
struct ServerThreadNameTests {
    private func names(of process: Int32) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task").compactMap { thread in
            // A thread may end meanwhile.
            try? String(contentsOfFile: "/proc/\(process)/task/\(thread)/comm", encoding: .utf8)
        }.map { $0.trimmingCharacters(in: .newlines) }
    }

    @Test("whoever looks at a server's threads sees what each of them does")
    func threads() throws {
        let plant = try PlantDirectory()
        let server = try AndonServer(plant.data, ["--alert-webhook", "http://127.0.0.1:9/hook", "--rate-limit", "0"])
        _ = try plant.ask(["sites"])
        let wanted: Set = ["http-0", "log-0", "fold-0", "commit-0", "scrub-0", "stream", "sites-0", "webhook-1"]
        // They name themselves, each at its begin.
        var found = try names(of: server.pid)
        while server.isRunning, !wanted.isSubset(of: found) { found = try names(of: server.pid) }
        #expect(wanted.isSubset(of: found))
        #expect(server.end(SIGTERM).exit == 0)
        let named = found.filter { !$0.hasPrefix("andon") && !$0.hasPrefix("MHD-") }
        #expect(Set(named).count == named.count, "no two have the same name: \(named.sorted())")
    }
}
