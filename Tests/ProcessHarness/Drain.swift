package import Foundation
internal import Locks

/// Reads a pipe to its end on a thread of its own, so that nobody waits for a full one.
package final class Drain: Sendable {
    private struct State {
        var text = ""
        var isAtEnd = false
    }

    private let state = Monitor(State())

    package init(_ handle: FileHandle) {
        let thread = Thread { [self] in
            while case let data = handle.availableData, !data.isEmpty {
                state.update { $0.text += String(decoding: data, as: UTF8.self) }
            }
            state.update { $0.isAtEnd = true }
        }
        thread.start()
    }

    /// All that was written so far.
    package var text: String { state.withLock { $0.text } }

    /// All that was written, once the writer has closed.
    package func wait() -> String { state.wait { $0.isAtEnd ? $0.text : nil } }

    /// Waits for the first whole line that `isWanted` likes.
    /// - Returns: nil where the writer closed without one, or the time was up.
    package func line(seconds: Int = 90, where isWanted: (Substring) -> Bool) -> String? {
        state.wait(milliseconds: seconds * 1000) { state -> String?? in
            // What follows the last line feed is not a whole line yet.
            let lines = state.text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
            if let line = lines.first(where: isWanted) { return String(line) }
            return state.isAtEnd ? .some(nil) : nil
        }.flatMap { $0 }
    }
}
