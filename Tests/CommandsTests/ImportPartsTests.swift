import TestKit
import Testing

@testable import Commands

@Suite("The parts of an import")
struct ImportPartsTests {
    func text(_ text: String) -> LineReader.Line { .text(Array(text.utf8)) }

    func read(_ text: String, from offset: Int64 = 0, limit: Int = 100) throws -> [(LineReader.Line, Int64)] {
        let directory = try TemporaryFolder()
        var reader = try LineReader(
            path: try directory.write("x", text), offset: offset, lineBytesMaximum: limit)
        var lines: [(LineReader.Line, Int64)] = []
        while let line = try reader.line() { lines.append((line, reader.offset)) }
        return lines
    }

    @Test("lines come with the offset behind them, so that reading can go on there")
    func offsets() throws {
        let all = try read("ab\n\ncde")
        #expect(all.map(\.0) == [text("ab"), text(""), text("cde")])
        #expect(all.map(\.1) == [3, 4, 7])
        #expect(try read("ab\n\ncde", from: 3).map(\.0) == [text(""), text("cde")])
        #expect(try read("ab\n", from: 3).isEmpty)
    }

    @Test("a line may be as long as the limit; a longer one is reported with its length and not kept")
    func limit() throws {
        let lines = try read("aaaa\nbbbbb\nc\n", limit: 4).map(\.0)
        #expect(lines == [text("aaaa"), .tooLong(byteCount: 5), text("c")])
        #expect(try read("bbbbb", limit: 4).map(\.0) == [.tooLong(byteCount: 5)])
    }

    @Test("lines that lie across two blocks of a large file stay whole")
    func blocks() throws {
        let line = String(repeating: "x", count: 999)
        let lines = try read(Array(repeating: line, count: 3_000).joined(separator: "\n"), limit: 999)
        #expect(lines.count == 3_000)
        #expect(lines.allSatisfy { $0.0 == text(line) })
        #expect(lines.last?.1 == 2_999_999)
    }

    func batches(_ text: String, events: Int, bytes: Int, lineLimit: Int = 100) throws -> [Batch] {
        let directory = try TemporaryFolder()
        let reader = try LineReader(path: try directory.write("x", text), offset: 0, lineBytesMaximum: lineLimit)
        var source: any EventSource = LineSource(reader, line: 0, note: { _ in })
        var pending: SourceEvent?
        var state = ImportState(file: nil, target: ImportTarget(url: "http://fake:1"))
        var all: [Batch] = []
        repeat {
            let batch = Batch(
                from: &source, pending: &pending, after: state, eventsMaximum: events, bytesMaximum: bytes)
            (state.offset, state.lines) = (batch.end, batch.endLine)
            all.append(batch)
        } while all.last?.isLast == false
        return all
    }

    @Test("a batch is full by events or by bytes, and the next goes on with the line that did not fit")
    func fullBatches() throws {
        let byBytes = try batches("aaa\nbbb\nccc\n", events: 10, bytes: 8)
        #expect(byBytes.map { String(decoding: Batch.body($0.events[...]), as: UTF8.self) } == ["aaa\nbbb\n", "ccc\n"])
        #expect(byBytes.map(\.end) == [8, 12])
        #expect(byBytes.map { $0.events.map(\.line) } == [[1, 2], [3]])
        let byEvents = try batches("a\n\nb\nc\n", events: 2, bytes: 100)
        #expect(byEvents.map { $0.events.map(\.line) } == [[1, 3], [4]])
    }

    @Test("a line that no request can carry is counted and passed over")
    func tooLong() throws {
        let all = try batches("a\nbbbbbb\nc\n", events: 10, bytes: 100, lineLimit: 5)
        #expect(all.map { $0.unreadable.map(\.line) } == [[2]])
        #expect(all[0].events.map(\.line) == [1, 3])
    }

    @Test("waits double up to a minute, last at least as long as the server asks, and end with patience")
    func backoff() {
        var backoff = Backoff(patienceMilliseconds: 1_000_000)
        let waits = (0..<9).map { _ in backoff.next(retryAfterSeconds: nil) }
        #expect(waits == [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000])
        backoff.reset()
        #expect(backoff.next(retryAfterSeconds: 9) == 9_000)
        #expect(backoff.next(retryAfterSeconds: .max) == 60_000)
        #expect(backoff.next(retryAfterSeconds: -1) == 1_000)
        var impatient = Backoff(patienceMilliseconds: 300)
        #expect(impatient.next(retryAfterSeconds: nil) == 250)
        #expect(impatient.next(retryAfterSeconds: nil) == 50)
        #expect(impatient.next(retryAfterSeconds: nil) == nil)
        var none = Backoff(patienceMilliseconds: 0)
        #expect(none.next(retryAfterSeconds: 1) == nil)
    }
}
