import EventLog
import EventModel
import Testing

@testable import Publisher

/// Metric records with one wrong bit, as the publisher reads them back: none, another key, or another state.
@Suite("Damaged metric records")
struct DamagedRecordTests {
    private func flips(_ bytes: [UInt8]) -> [(bit: Int, bytes: [UInt8])] {
        (0..<bytes.count * 8).map { bit in
            var wrong = bytes
            wrong[bit / 8] ^= 1 << UInt8(bit % 8)
            return (bit, wrong)
        }
    }

    private func published() throws -> [(MetricKind, FollowedRecord)] {
        let stage = try Stage(now: at(12))
        let fold = try stage.fold()
        try fold.apply(
            .definition(createdAt: at(8)) {
                $0.shifts = [SiteDefinition.Shift(name: "früh/A", startMinute: 360, endMinute: 600)]
            })
        let events = [event(at(9), .working, worker: "a/b%ü"), event(at(9, 30), .productCount, worker: "a/b%ü")]
        // For an alert.
        let doubtful = (Int64(0)..<30).map { second in
            var sample = event(at(9, 40, second), .idle)
            sample.confidence = 100_000
            return sample
        }
        try fold.apply(.events(events + doubtful, createdAt: at(10)))
        try fold.commit()
        let core = try stage.core(fold)
        for _ in 0..<2 { stage.round(core) }
        return try MetricKind.allCases.map { kind in
            (kind, try #require(stage.topics.records(kind.topic(stage.names), PartitionIndex(0)).first))
        }
    }

    @Test("a key with one wrong bit is none, or names something else")
    func keys() throws {
        for (kind, record) in try published() {
            let key = try #require(MetricKey(record.key, kind: kind))
            #expect(key.bytes == record.key)
            for flip in flips(record.key) {
                #expect(MetricKey(flip.bytes, kind: kind) != key, "bit \(flip.bit) of \(kind)")
            }
        }
    }

    @Test("a value with one wrong bit in what the publisher goes by is none, or another state")
    func values() throws {
        for (kind, record) in try published() {
            let value = try #require(record.value)
            let state = try #require(ReceivedMetric(record, kind: kind)?.state)
            let text = String(decoding: value, as: UTF8.self)
            // Values of the members that tell two states apart; digits and letters of one byte.
            let patterns: [Regex<Substring>] = [
                /"status":"[a-z]+"/, /"as_of":"[^"]+"/, /"epoch":"[0-9a-f]+"/, /"offset":[0-9]+/, /"fold":[0-9]+/,
            ]
            let ranges = patterns.compactMap { text.firstRange(of: $0) }.map { range in
                text.utf8.distance(
                    from: text.startIndex, to: range.lowerBound)..<text.utf8.distance(
                        from: text.startIndex, to: range.upperBound)
            }
            #expect(ranges.count == patterns.count)
            for flip in flips(value) {
                let damaged = FollowedRecord(
                    position: record.position, key: record.key, value: flip.bytes, headers: record.headers,
                    timestamp: record.timestamp)
                guard let read = ReceivedMetric(damaged, kind: kind) else { continue }
                #expect(read.state != nil, "a damaged record is no removal: bit \(flip.bit)")
                let isTold = ranges.contains { $0.contains(flip.bit / 8) }
                // The case of T and Z in a time means nothing.
                if isTold, flip.bit % 8 != 5 { #expect(read.state != state, "bit \(flip.bit) of \(text)") }
            }
        }
    }
}
