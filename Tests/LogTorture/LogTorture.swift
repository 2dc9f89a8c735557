import EventLog
import EventModel
import Foundation
import SQLiteLog

/// Appends to a log from several threads for ever and writes a line to stdout for every answer, until it is killed.
/// The test that kills it then looks whether all that it was answered is there.
///
///     log-torture FILE THREADS
@main
enum LogTorture {
    static func main() throws {
        guard CommandLine.arguments.count == 3, let threads = Int(CommandLine.arguments[2]) else { exit(64) }
        let log = try SQLiteLog.open(path: CommandLine.arguments[1])
        // The process id keeps the records of one life apart from those of the others.
        let life = ProcessInfo.processInfo.processIdentifier
        for thread in 0..<threads {
            Thread { appendForEver(log, life: life, thread: thread) }.start()
        }
        while true { pause() }
    }

    private static func appendForEver(_ log: SQLiteLog, life: Int32, thread: Int) {
        for call in 0... {
            let payloads = (0..<1 + call % 3).map { "\(life) \(thread) \(call) \($0)" }
            let records = payloads.map {
                NewRecord(key: [1], createdAt: Timestamp(microseconds: Int64(call)), payload: Array($0.utf8))
            }
            guard let positions = try? log.append(records) else { exit(1) }
            let lines = zip(positions, payloads).map { "\($0.offset.value) \($1)\n" }.joined()
            // One write each, so that the lines of threads do not mix.
            let isWritten = lines.withCString { write(1, $0, lines.utf8.count) == lines.utf8.count }
            guard isWritten else { exit(2) }
        }
    }
}
