import EventLog
import EventModel
import Testing

@testable import Gateway

@Suite("The duplicate window")
struct DuplicateWindowTests {
    private let start = Timestamp(microseconds: 1_768_219_200_000_000)

    @Test("within its bound the window knows exactly what was let in and not taken back (SPEC 2.6)")
    func exact() {
        let seed = UInt64.random(in: .min ... .max)
        var generator = SeededGenerator(seed: seed)
        let window = SiteWindow()
        var expected: [EventClass: Set<Int64>] = [:]
        let slot = Array("w".utf8).withUnsafeBytes { window.slot(of: $0, hash: IDHash.of($0)) }
        for _ in 0..<4000 {
            let key = Int64.random(in: 0..<300, using: &generator)
            let eventClass = EventClass.allCases.randomElement(using: &generator) ?? .accepted
            if Bool.random(using: &generator) {
                let isNew = expected[eventClass, default: []].insert(key).inserted
                #expect(window.insert(key, of: slot, eventClass) == isNew, "seed \(seed)")
            } else {
                expected[eventClass]?.remove(key)
                window.remove(key, of: slot, eventClass)
            }
        }
        #expect(window.keyCount == expected.values.reduce(0) { $0 + $1.count }, "seed \(seed)")
    }

    @Test("a full ring lets its oldest keys go and keeps the newest (SPEC 2.6)")
    func bounded() {
        var ring = KeyRing()
        func insert(_ key: Int64) -> Bool { ring.insert(key, limit: 100) }
        for key in 0..<Int64(1000) { #expect(insert(key)) }
        #expect((100..<200).contains(ring.count))
        for key in Int64(900)..<1000 { #expect(!insert(key)) }
        // Older than all it knows: it passes, for the fold is the authority.
        #expect(insert(5))
        #expect(insert(5))
    }

    @Test("a site beyond its share loses its own keys, never another's (SPEC 2.6)")
    func fairness() {
        var window = DuplicateWindow(keysMaximum: 4096)
        let quiet = window.window(of: "quiet")
        let loud = window.window(of: "loud")
        func slot(_ window: SiteWindow, _ name: String) -> SiteWindow.Slot {
            Array(name.utf8).withUnsafeBytes { window.slot(of: $0, hash: IDHash.of($0)) }
        }
        #expect(quiet.insert(1, of: slot(quiet, "w"), .accepted))
        for worker in 0..<300 {
            for key in 0..<Int64(20) { _ = loud.insert(key, of: slot(loud, "w\(worker)"), .accepted) }
            window.maintain()
        }
        #expect(loud.keyCount <= 2048)
        #expect(!quiet.insert(1, of: slot(quiet, "w"), .accepted))
    }

    @Test("events of workers that no definition names are known as duplicates, however many there were (SPEC 2.6)")
    func strangers() throws {
        let window = SiteWindow()
        for number in 0..<3 * StrangerKeys.countMaximum {
            let key = SiteWindow.strangerKey(1, hash: UInt64(number))
            #expect(window.insert(key, of: SiteWindow.stranger, .quarantined))
            #expect(!window.insert(key, of: SiteWindow.stranger, .quarantined))
        }
        // They take neither a worker's room nor a key's.
        #expect(window.workerCount == 0 && window.keyCount == 0)
        // One that is defined later, and then breaks another rule, is still the same event.
        var sequencer = makeSequencer()
        let early = eventJSON(["worker_id": "\"w9\"", "timestamp": "\"2027-01-12T06:00:00Z\""])
        var definition = makeDefinition()
        definition.workers.append(.init(workerID: "w9"))
        let works = [
            try request([early]), .definition(definition, bodyBytes: 1), try request([early]),
            .definition(makeDefinition(), bodyBytes: 1), try request([early]),
        ]
        let records = sequencer.prepare(works, now: start)
        #expect(records.count == 3)
        let positions = records.indices.map {
            RecordPosition(partition: PartitionIndex(0), offset: LogOffset(Int64($0)))
        }
        let answers = sequencer.appended(positions).compactMap { outcome in
            if case .events(let answer) = outcome.answer { answer } else { nil }
        }
        #expect(
            answers.map { $0.rejections.map(\.verdict) } == [[.unknownWorker], [.timestampInFuture], [.unknownWorker]])
    }
}

@Suite("Cameras, stations and model versions of a site")
struct SiteSourcesTests {
    @Test("more cameras than a site may have are refused one by one, and what is known goes on (SPEC 2.3)")
    func tooManySources() throws {
        var sources = SiteSources(SourceRoom(), sourcesMaximum: 8, camerasMaximum: 3)
        var batch = EventBatch(siteID: "plant")
        let station = batch.ids.append(Array("s1".utf8))
        let ids = (0..<6).map { batch.ids.append(Array("c\($0)".utf8)) }
        let hashes: [UInt64] = (0..<7).map { 1000 + $0 }
        func admit(camera: UInt32?, model: UInt32?) -> Bool {
            batch.append(
                time: 0, type: .working, mark: .accepted, worker: station, workstation: station, camera: camera,
                modelVersion: model, confidence: 1, count: 0)
            return sources.admit(Source(batch.count - 1, of: batch, hashes))
        }
        #expect(ids.map { admit(camera: $0, model: nil) } == [true, true, true, false, false, false])
        #expect(ids.map { admit(camera: ids[0], model: $0) } == [true, true, true, true, true, false])
        #expect(admit(camera: ids[2], model: nil) && admit(camera: ids[0], model: ids[4]))
        #expect(!admit(camera: nil, model: ids[5]))
    }

    @Test("what the fold in the process knows counts from the start, as the same cameras (SPEC 2.3)")
    func folded() throws {
        let known = (0..<Limits.camerasPerSiteMaximum).map { number in
            SourceIDs(workstation: Array("s1".utf8)[...], camera: Array("c\(number)".utf8)[...])
        }
        let harness = try GatewayHarness(foldedSources: { body in for source in known { body("plant", source) } })
        try harness.define()
        let events = ["c0", "new", "c\(known.count - 1)"].enumerated().map { number, camera in
            eventJSON(["camera_id": "\"\(camera)\"", "timestamp": "\"2026-01-12T06:00:0\(number)Z\""])
        }
        let answer = harness.batch(events)
        #expect(answer["success_count"] == "2" && answer.errors == ["1:invalid_id:camera_id"])
        #expect(answer.text.contains("as many cameras"))
        // Another site has room of its own.
        try harness.define(makeDefinition("plant-2"))
        #expect(harness.batch(events, query: "?site_id=plant-2")["success_count"] == "3")
    }

    @Test("room for sources that one site has taken leaves each other site its own (SPEC 2.3)")
    func sourceRoom() {
        let room = SourceRoom(maximum: Limits.sourcesPerSiteGranted + 10)
        var (loud, quiet) = (SiteSources(room), SiteSources(room))
        func admitted(_ sources: inout SiteSources, _ count: Int) -> Int {
            var batch = EventBatch(siteID: "plant")
            let id = batch.ids.append([0x61])
            batch.append(
                time: 0, type: .working, mark: .accepted, worker: id, workstation: id, camera: id, modelVersion: nil,
                confidence: 1, count: 0)
            return (1...UInt64(count)).count { sources.admit(Source(0, of: batch, [$0 << 32 | $0])) }
        }
        #expect(admitted(&loud, 6000) == Limits.sourcesPerSiteGranted + 10)
        #expect(admitted(&quiet, 6000) == Limits.sourcesPerSiteGranted)
    }

    @Test(
        "an event of one camera too many is answered with its camera, and the others of its batch are kept (SPEC 2.4)")
    func surplusAnswer() throws {
        let parsed = try parse("[\(eventJSON(["camera_id": "\"c1\""]))]")
        let rejection = Rejection.surplus(index: 0, 0, of: parsed.batch)
        #expect(rejection.verdict == .invalidID && rejection.field == .cameraID && rejection.value.text == "c1")
        #expect(IngestAnswer.message(rejection).contains("as many cameras"))
        #expect(Rejection(index: 0, .invalidID, 0, of: parsed.batch) == rejection)
    }
}
