import Clocks
import EventLog
import EventModel
import Foundation
import HTTPClient
import HTTPServer
import Locks
import TestKit
import Testing

@testable import Gateway
@testable import Sites

/// What several threads do at once; also run under the thread sanitizer.
@Suite("Several clients at once")
struct ConcurrencyTests {
    /// Runs `body` on as many threads and waits for all.
    private func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
        let running = Monitor(count)
        for number in 0..<count {
            Thread {
                body(number)
                running.update { $0 -= 1 }
            }.start()
        }
        running.wait { $0 == 0 ? () : nil }
    }

    @Test("of events that several clients send at once each is accepted exactly once (SPEC 2.6)")
    func onceEach() throws {
        let harness = try GatewayHarness()
        try harness.define()
        let accepted = Guarded(0)
        let duplicates = Guarded(0)
        onThreads(4) { _ in
            for second in 0..<25 {
                let time = "\"2026-01-12T06:00:\(second + 10)Z\""
                let events = ["w1", "w2", "w3"].map { eventJSON(["worker_id": "\"\($0)\"", "timestamp": time]) }
                let response = harness.batch(events)
                accepted.withLock { $0 += Int(response["success_count"] ?? "") ?? -1000 }
                duplicates.withLock { $0 += Int(response["duplicate_count"] ?? "") ?? -1000 }
            }
        }
        #expect(accepted.withLock { $0 } == 75 && duplicates.withLock { $0 } == 225)
        let stored = try harness.batches()
        #expect(stored.reduce(0) { $0 + $1.count } == 75)
        // created_at never goes back along the log of one gateway.
        #expect(stored.map(\.createdAt) == stored.map(\.createdAt).sorted())
    }

    @Test("whatever follows a definition in the log was judged by it or a later one (SPEC 3)")
    func definitionsAndEvents() throws {
        let harness = try GatewayHarness()
        try harness.define()
        let without = makeDefinition()
        var with = without
        with.workers.append(.init(workerID: "w4"))
        let definitions = [with, without].map { DefinitionJSON.bytes($0) }
        onThreads(3) { thread in
            for round in 0..<20 {
                if thread == 0 {
                    let body = definitions[round % 2]
                    _ = harness.send(.put, "/api/sites/plant", body: body)
                } else {
                    let time = "\"2026-01-12T0\(thread):00:\(round + 10)Z\""
                    _ = harness.batch([eventJSON(["worker_id": "\"w4\"", "timestamp": time])])
                }
            }
        }
        var isKnown = false
        var version: UInt64 = 0
        var events = 0
        for record in try harness.records() {
            switch record {
            case .clockSetBack: Issue.record("no clock was set back")
            case .definition(let definition):
                version += 1
                isKnown = definition.definition.workers.count == 4
            case .events(let batch):
                events += batch.count
                #expect(batch.definitionVersion == version)
                #expect(batch.marks.allSatisfy { $0 == (isKnown ? .accepted : .unknownWorker) })
            }
        }
        #expect(events == 40 && version > 2)
    }

    @Test("all repeats of an answered request at once get its answer, also while that goes to the file (SPEC 2.5)")
    func repeats() throws {
        let folder = try TemporaryFolder()
        let keeper = AnswerKeeper(
            try AnswerFile(path: folder.file("answers.sqlite"), epoch: .random(), ends: [:]), journal: .silent)
        let now = ManualClock.atNoon.now
        let others = Guarded(0)
        for number in 0..<100 {
            let claim = IdempotencyClaim(
                apiKeyID: [1], path: [2], key: Array("\(number)".utf8), bodyHash: .of(Array("\(number)".utf8)))
            let answer = KeptAnswer(claim, VerdictRuns([.accepted]), createdAt: now)
            let begun = keeper.begin(claim, now: now)
            #expect(begun == .claimed)
            keeper.finish(claim, answer)
            onThreads(4) { thread in
                if thread == 0 { return keeper.write() }
                for _ in 0..<20 where keeper.begin(claim, now: now) != .answered(answer) {
                    others.withLock { $0 += 1 }
                }
            }
        }
        #expect(others.withLock { $0 } == 0)
        keeper.stop()
    }

    @Test("a revoked key ends within a second also while requests with it run (SPEC 8.2)")
    func revocation() throws {
        let harness = try GatewayHarness()
        try harness.define()
        let (text, key) = try harness.keys.create(role: .ingest, at: harness.clock.now)
        let refused = Guarded(0)
        onThreads(3) { thread in
            for round in 0..<20 {
                if thread == 0, round == 10 { _ = try? harness.keys.revoke(id: key.id, at: harness.clock.now) }
                let status = harness.batch([eventJSON()], key: text).status
                if status == 401 { refused.withLock { $0 += 1 } }
            }
        }
        #expect(harness.batch([eventJSON()], key: text).status == 401)
        #expect(refused.withLock { $0 } >= 10)
    }

    @Test("over HTTP: a definition, a batch with a key, and problems that are problems")
    func overHTTP() throws {
        let harness = try GatewayHarness()
        let server = HTTPServer(configuration: HTTPServerConfiguration(), routes: harness.gateway.routes)
        let port = try server.start()
        defer { server.stop() }
        func send(_ method: String, _ path: String, _ body: [UInt8], key: String?) throws -> (Int, String) {
            var headers = [(name: "Content-Type", value: "application/json")]
            if let key { headers.append((name: "X-API-Key", value: key)) }
            let response = try HTTPClient().send(
                method, "http://127.0.0.1:\(port)\(path)", headers: headers, body: body)
            return (response.status, String(decoding: response.body, as: UTF8.self))
        }
        let definition = DefinitionJSON.bytes(makeDefinition())
        #expect(try send("PUT", "/api/sites/plant", definition, key: harness.adminKey).0 == 201)
        let (status, answer) = try send(
            "POST", "/api/events/batch?site_id=plant", Array("[\(eventJSON()),1]".utf8), key: harness.adminKey)
        #expect(status == 200 && answer.contains(#""success_count":1"#) && answer.contains(#""position":"0:1""#))
        #expect(try send("POST", "/api/events/batch?site_id=plant", [0x5b], key: harness.adminKey).0 == 400)
        #expect(try send("POST", "/api/events/batch?site_id=plant", [0x5b], key: nil).0 == 401)
        let tooMany = Array("[\(Array(repeating: "1", count: 1001).joined(separator: ","))]".utf8)
        #expect(try send("POST", "/api/events/batch?site_id=plant", tooMany, key: harness.adminKey).0 == 413)
    }
}
