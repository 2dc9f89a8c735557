import EventModel
import Foundation
import Locks
import Observability
import SQLite
import TestKit
import Testing

@testable import Replay

@Suite("The file of rebuilds, and their records")
struct JobStoreTests {
    private let now = Timestamp(microseconds: 1_770_000_000_000_000)

    @Test("a row that is not what was written counts for nothing, and is recorded")
    func damagedRow() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/jobs.sqlite"
        let names = Guarded<[String]>([])
        let store = try JobStore(path: path, journal: Journal { event in names.withLock { $0.append(event.name) } })
        #expect(try store.put(RebuildJob(by: "a", after: nil, at: now)) == .taken)
        let connection = try Connection(path: path, .shared)
        try connection.execute("UPDATE jobs SET record = replace(record, 'running', 'paused')")
        #expect(try store.jobs() == [])
        #expect(names.withLock { $0 }.contains("job_unreadable"))
    }

    @Test("a file that is no database is put aside, and rebuilds can be started again")
    func damagedFile() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/jobs.sqlite"
        let wrong = Data("this was never a database, and it is long enough to have a header of one".utf8)
        try wrong.write(to: URL(fileURLWithPath: path))
        let names = Guarded<[String]>([])
        let store = try JobStore(path: path, journal: Journal { event in names.withLock { $0.append(event.name) } })
        #expect(names.withLock { $0 } == ["jobs_put_aside"])
        #expect(try Data(contentsOf: URL(fileURLWithPath: path + ".damaged")) == wrong)
        #expect(try store.put(RebuildJob(by: "a", after: nil, at: now)) == .taken)
    }

    @Test("the schema's examples are read, and written again as they were")
    func examples() throws {
        let top = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let file = top.appending(path: "Schemas/andon/v1/job.schema.json")
        let schema = try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any]
        let examples = try #require(schema?["examples"] as? [NSDictionary])
        #expect(examples.count == 2)
        for example in examples {
            let id = try #require((example["id"] as? String).flatMap { JobID($0) })
            let bytes = Array(try JSONSerialization.data(withJSONObject: example))
            let job = try #require(RebuildJobRecord.job(bytes, id: id))
            #expect(
                try JSONSerialization.jsonObject(with: Data(RebuildJobRecord.json(job))) as? NSDictionary == example)
            #expect(RebuildJobRecord.job(bytes, id: try #require(JobID("another"))) == nil)
        }
    }

    @Test("a record with a member of another type or value is none")
    func hostile() throws {
        var job = RebuildJob(by: "n", reason: "r", pace: .eventsPerSecond(5), after: nil, at: now)
        job = try #require(try job.after(.promote(accepted: 3, forced: "f"), by: "m", at: now))
        let json = String(decoding: RebuildJobRecord.json(job), as: UTF8.self)
        #expect(RebuildJobRecord.job(Array(json.utf8), id: job.id) == job)
        let changes = [
            ("\"by\":\"n\"", "\"by\":1"), ("\"pace\":5", "\"pace\":0"), ("\"pace\":5", "\"pace\":\"fast\""),
            ("\"promoted\"", "\"level\""), ("\"accepted_differences\":3", "\"accepted_differences\":-3"),
            ("\"forced_reason\":\"f\"", "\"forced_reason\":true"), ("\"revision\":2", "\"revision\":0"),
            ("\"follows\":null", "\"follows\":\"A B\""), ("\"follows\"", "\"x\""), ("2026-", "26-"),
        ]
        for (from, to) in changes {
            #expect(json.contains(from))
            #expect(RebuildJobRecord.job(Array(json.replacing(from, with: to).utf8), id: job.id) == nil, "\(to)")
        }
        #expect(RebuildJobRecord.job([], id: job.id) == nil)
    }
}
