// Layer: machine. What a replay shows of its progress, at times that the test gives.
import EventModel
import JSON
import Replay
import Testing

@testable import Commands

@Suite("The progress of a replay")
struct ReplayBoardTests {
    private func progress(_ partition: Int32, done: Int64, events: Int64, _ state: ReplayProgress.State)
        -> ReplayProgress
    {
        ReplayProgress(
            partition: PartitionIndex(partition), from: LogOffset(100), next: LogOffset(100 + done),
            end: LogOffset(1100), events: events, state: state)
    }

    @Test("a terminal has a bar with done/total, events/s and ETA for each partition that is folded, and one for all")
    func terminal() {
        var board = ReplayBoard(isTerminal: true, columns: 80)
        let first = [
            progress(0, done: 0, events: 0, .folding), progress(1, done: 0, events: 0, .folding),
            progress(2, done: 0, events: 0, .waiting),
        ]
        _ = board.status(first, milliseconds: 0)
        let next = [
            progress(0, done: 500, events: 9000, .folding), progress(1, done: 250, events: 4000, .folding),
            progress(2, done: 0, events: 0, .waiting),
        ]
        #expect(board.status(next, milliseconds: 400) == nil)
        let shown = board.status(next, milliseconds: 1000) ?? ""
        #expect(
            shown == """
                \u{1B}[3A\r\u{1B}[Jpartition 0 [#####.....] 50%  500 of 1,000 records  9,000 events/s  ETA 0:01
                partition 1 [##........] 25%  250 of 1,000 records  4,000 events/s  ETA 0:03
                all [##........] 25%  750 of 3,000 records  13,000 events/s  ETA 0:03

                """)
        #expect(board.end() == "\u{1B}[3A\r\u{1B}[J" && board.end() == nil)
    }

    @Test("off a terminal there is a line of JSON for each every five seconds")
    func lines() {
        var board = ReplayBoard(isTerminal: false, columns: nil)
        let one = { (done: Int64) in [self.progress(3, done: done, events: done * 10, .folding)] }
        #expect(board.status(one(0), milliseconds: 0) == nil && board.status(one(1), milliseconds: 4999) == nil)
        let line = board.status(one(500), milliseconds: 5000) ?? ""
        let value = JSONValue(line.utf8)
        #expect(value?["progress"]?.text == "replay" && value?["partition"] == .integer(3))
        #expect(value?["done"] == .integer(500) && value?["total"] == .integer(1000))
        #expect(value?["events_per_second"] == .integer(1000) && value?["eta_seconds"] == .integer(5))
        #expect(line.last == "\n" && board.end() == nil)
    }
}
