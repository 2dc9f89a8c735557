import EventLog
import EventModel
import Testing

@testable import Gateway

/// Decisions as values: no thread, no log, no clock, no HTTP.
@Suite("The sequencer")
struct SequencerTests {
    let start = Timestamp(microseconds: 1_768_219_200_000_000)

    private func answers(_ outcomes: [AdmissionOutcome]) -> [EventsAnswer] {
        outcomes.compactMap { if case .events(let answer) = $0.answer { answer } else { nil } }
    }

    /// Change, version and offset of each definition.
    private func definitions(_ outcomes: [AdmissionOutcome]) -> [String] {
        outcomes.compactMap { outcome in
            guard case .definition(let roster, let change) = outcome.answer else { return nil }
            return "\(change.name) \(roster.placed.version) \(roster.placed.position)"
        }
    }

    private func positions(_ records: [NewRecord], from first: Int64 = 0) -> [RecordPosition] {
        records.indices.map {
            RecordPosition(partition: PartitionIndex(0), offset: LogOffset(first + Int64($0)))
        }
    }

    private func decode(_ record: NewRecord) throws -> EventBatch {
        var batch = EventBatch(siteID: "none")
        let kind = try RecordCodec.decode(record.payload, into: &batch)
        #expect(kind == .events)
        return batch
    }

    @Test("created_at is the clock's time and never goes back, also when the clock does (SPEC 1)")
    func stamps() throws {
        var sequencer = makeSequencer(newestStamp: start + 5)
        for (now, expected) in [(start, start + 5), (start + 9, start + 9), (start - 9, start + 9)] {
            let records = sequencer.prepare(
                [try request([eventJSON(["worker_id": "\"u\(now.microseconds)\""])])], now: now)
            #expect(records.map(\.createdAt) == [expected] && sequencer.stamp == expected)
            #expect(try decode(records[0]).createdAt == expected)
            _ = sequencer.appended(positions(records))
        }
    }

    private func lowConfidence(_ index: UInt32) -> Rejection {
        Rejection(
            index: index, verdict: .lowConfidence, field: .confidence,
            value: .confidence(Confidence(partsPerMillion: 100_000)))
    }

    @Test("duplicates are known within a request, within a group and from the window, in each class apart (SPEC 2.6)")
    func duplicates() throws {
        var sequencer = makeSequencer()
        let low = eventJSON(["confidence": "0.1"])
        let unknownStation = eventJSON(["workstation_id": "\"x\""])
        let group = [
            try request([eventJSON(), eventJSON(), low, low, unknownStation]),
            try request([eventJSON(), unknownStation]),
        ]
        let records = sequencer.prepare(group, now: start)
        #expect(records.count == 1)
        #expect(try decode(records[0]).marks == [.accepted, .lowConfidence, .unknownWorkstation])
        let answers = answers(sequencer.appended(positions(records)))
        #expect(
            answers[0].rejections == [
                lowConfidence(2), lowConfidence(3),
                Rejection(
                    index: 4, verdict: .unknownWorkstation, field: .workstationID, value: .string(Array("x".utf8))),
            ])
        #expect(answers.map(\.accepted) == [1, 0] && answers.map(\.duplicates) == [1, 1])
        // The same key in another class is new there; another type, worker or time is another key.
        let later = sequencer.prepare(
            [
                try request([
                    eventJSON(["event_type": "\"idle\""]), eventJSON(["worker_id": "\"w2\""]),
                    eventJSON(["timestamp": "\"2026-01-12T06:00:00.000001Z\""]), eventJSON(), low,
                ])
            ], now: start)
        #expect(try decode(later[0]).count == 3)
        #expect(self.answers(sequencer.appended(positions(later)))[0].duplicates == 1)
    }

    @Test("keys of a failed group are out of the window, those of earlier groups stay in it (SPEC 2.6)")
    func failure() throws {
        var sequencer = makeSequencer()
        let other = eventJSON(["worker_id": "\"w2\""])
        _ = sequencer.appended(positions(sequencer.prepare([try request([eventJSON()])], now: start)))
        #expect(sequencer.prepare([try request([eventJSON(), other]), try request([other])], now: start).count == 1)
        let failed = sequencer.failed()
        #expect(failed.count == 2 && failed.allSatisfy { if case .unavailable = $0.answer { true } else { false } })
        let again = sequencer.prepare([try request([eventJSON(), other])], now: start)
        let answer = answers(sequencer.appended(positions(again)))[0]
        #expect(answer.accepted == 1 && answer.duplicates == 1)
    }

    @Test("events after a definition in one group are judged by it, though they were parsed before (SPEC 3)")
    func definitionInTheGroup() throws {
        let old = makeRoster()
        var changed = makeDefinition()
        changed.workers.removeFirst()
        changed.workers.append(.init(workerID: "w9", name: "Nine"))
        changed.confidenceThreshold = Confidence(partsPerMillion: 950_000)
        var sequencer = makeSequencer(definitions: [old])
        let nine = eventJSON(["worker_id": "\"w9\"", "confidence": "0.96"])
        let events = [eventJSON(), nine, eventJSON(["worker_id": "\"w2\""])]
        let group = [
            try request(events, by: old), AdmissionRequest.definition(changed, bodyBytes: 1),
            try request(events, by: old),
        ]
        let records = sequencer.prepare(group, now: start)
        #expect(records.count == 3)
        let before = try decode(records[0])
        let after = try decode(records[2])
        #expect(before.marks == [.accepted, .unknownWorker, .accepted] && before.definitionVersion == 1)
        #expect(after.marks == [.unknownWorker, .accepted, .lowConfidence] && after.definitionVersion == 2)
        var batch = EventBatch(siteID: "none")
        guard case .definition(let record) = try RecordCodec.decode(records[1].payload, into: &batch) else {
            Issue.record("no definition")
            return
        }
        #expect(record.definition == changed.withoutPersonalData && record.createdAt == start)
        #expect(definitions(sequencer.appended(positions(records, from: 7))) == ["replaced 2 0:8"])
    }

    @Test("a failed group takes its definition back (SPEC 3)")
    func failedDefinition() throws {
        var changed = makeDefinition()
        changed.name = "Changed"
        var sequencer = makeSequencer()
        let put = AdmissionRequest.definition(changed, bodyBytes: 1)
        _ = sequencer.prepare([put, put], now: start)
        _ = sequencer.failed()
        let records = sequencer.prepare([try request([eventJSON()]), put, put], now: start)
        #expect(records.count == 2)
        #expect(try decode(records[0]).definitionVersion == 1)
        #expect(definitions(sequencer.appended(positions(records))) == ["replaced 2 0:1", "none 2 0:1"])
    }

    @Test("within a group, conditions and dry runs are judged after the definitions before them (SPEC 3)")
    func conditions() throws {
        var put = DefinitionPut(makeDefinition(), bodyBytes: 1)
        put.definition.name = "Changed"
        put.condition.matching = .some([1])
        var dryRun = put
        dryRun.condition.matching = .some([2])
        dryRun.isDryRun = true
        var sequencer = makeSequencer()
        let records = sequencer.prepare([put, put, dryRun].map(AdmissionRequest.definition), now: start)
        #expect(records.count == 1)
        let answers = sequencer.appended(positions(records, from: 7)).map { outcome in
            switch outcome.answer {
            case .definition(let roster, let change): "\(change.name) \(roster.placed.position)"
            case .judged(let roster, let change): "judged \(change.name) \(roster.placed.position)"
            case .conflict(let version): "conflict with \(version ?? 0)"
            default: "something else"
            }
        }
        #expect(answers == ["replaced 0:7", "conflict with 2", "judged none 0:7"])
    }

    @Test("a request without an event to store writes no record, and its answer is kept all the same (SPEC 2.5)")
    func nothingToStore() throws {
        let claim = IdempotencyClaim(apiKeyID: [1], path: [2], key: [3], bodyHash: .of([4]))
        var sequencer = makeSequencer()
        #expect(sequencer.prepare([try request(["1", "2"], claim: claim)], now: start).isEmpty)
        let kept = sequencer.appended([]).compactMap(\.kept)
        #expect(kept.map(\.verdicts.verdicts) == [[.invalidJSON, .invalidJSON]] && kept[0].position == nil)
    }

    @Test("a record with an Idempotency-Key has the verdict of every event of its request (SPEC 2.5)")
    func verdictsInTheRecord() throws {
        let claim = IdempotencyClaim(apiKeyID: [1], path: [2], key: [3], bodyHash: .of([4]))
        var sequencer = makeSequencer()
        let low = eventJSON(["confidence": "0.1"])
        let works = [try request([eventJSON(), "1", eventJSON(), low, low], claim: claim)]
        let batch = try decode(sequencer.prepare(works, now: start)[0])
        #expect(batch.count == 2 && batch.idempotency?.key == [3])
        #expect(
            batch.idempotency?.verdicts.verdicts == [
                .accepted, .invalidJSON, .duplicate, .lowConfidence, .lowConfidence,
            ])
    }
}

/// SplitMix64: small, and the same on every machine.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }
}
