import Clocks
internal import Locks
import Observability
import Testing

@testable import Commands

@Suite("Log lines on their way", .timeLimit(.minutes(10)))
struct LogQueueTests {
    @Test("nobody waits for a reader that is stalled; what does not fit is dropped and counted, errors last")
    func stalled() {
        let (begun, released) = (Latch(), Latch())
        let text = Guarded("")
        let console = Console(
            writeOutput: { _ in },
            writeError: { line in
                begun.open()
                released.wait()
                text.withLock { $0 += line }
            }, outputIsTerminal: false, errorIsTerminal: false, usesColour: false)
        let log = StructuredLog(format: .text, console: console, clock: ManualClock()).queued
        log.write(JournalEvent("first", .info, "first"))
        begun.wait()
        // The writer is stuck in its first line.
        for number in 0..<LogQueue.linesMaximum + 5 { log.write(JournalEvent("many", .info, "info \(number)")) }
        log.write(JournalEvent("failed", .error, "an error"))
        released.open()
        log.flush()
        let lines = text.withLock { $0 }.split(separator: "\n")
        #expect(lines.count == 1 + LogQueue.linesMaximum + 1 + 1)
        #expect(lines.contains { $0.hasSuffix("error an error") })
        #expect(lines.contains { $0.contains("5 log lines were dropped") })
        #expect(lines[0].hasSuffix("info first") && lines[1].hasSuffix("info info 0"))
    }
}
