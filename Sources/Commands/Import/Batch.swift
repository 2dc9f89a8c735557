/// The lines of one request.
struct Batch {
    /// A line that was read but belongs to the next batch.
    struct Event {
        var line: LineReader.Line
        /// Offset in the file after this line.
        var end: Int64
    }

    private(set) var body: [UInt8] = []
    /// Line numbers, from 1, of the events in ``body``.
    private(set) var lines: [Int64] = []
    /// Numbers of lines that are too long for any request.
    private(set) var tooLong: [Int64] = []
    /// Offset in the file after the last line.
    private(set) var end: Int64
    /// Number of the last line.
    private(set) var endLine: Int64
    /// Whether the file ends here.
    private(set) var isLast = false

    /// Adds lines until the batch is full or the file ends; blank lines do not count (SPEC 2.2).
    /// - Parameters:
    ///   - pending: the line that did not fit into the previous batch; set to the line that does not fit into this one.
    ///   - line: number of the last line before this batch.
    init(
        from reader: inout LineReader, pending: inout Event?, line: Int64, eventsMaximum: Int, bytesMaximum: Int
    ) throws(CommandFailure) {
        endLine = line
        end = reader.offset
        while lines.count < eventsMaximum {
            let event: Event
            if let waiting = pending {
                event = waiting
                pending = nil
            } else if let line = try reader.line() {
                event = Event(line: line, end: reader.offset)
            } else {
                isLast = true
                return
            }
            if case .text(let text) = event.line, body.count + text.count + 1 > bytesMaximum, !lines.isEmpty {
                pending = event
                return
            }
            take(event)
        }
    }

    private mutating func take(_ event: Event) {
        endLine += 1
        end = event.end
        switch event.line {
        case .tooLong:
            tooLong.append(endLine)
        case .text(let text):
            let isBlank = text.allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0d }
            guard !isBlank else { return }
            lines.append(endLine)
            body += text
            body.append(UInt8(ascii: "\n"))
        }
    }
}
