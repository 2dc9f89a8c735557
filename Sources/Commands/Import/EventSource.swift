/// One event as the input has it.
struct SourceEvent: Equatable {
    enum Content: Equatable {
        /// JSON, as one line. Whether it is an event is for the gateway to judge.
        case json([UInt8])
        /// Cannot be sent: refused here, with a code of its own.
        case unreadable(code: String, reason: String, text: [UInt8])
    }

    /// Number of the line on which it begins, from 1.
    var line: Int64
    var content: Content
    /// Offset in the input behind it: where an import goes on.
    var end: Int64
    /// Number of the last line that was read for it.
    var endLine: Int64

    /// What the input has, for the file of rejected events.
    var text: [UInt8] {
        switch content {
        case .json(let text), .unreadable(_, _, let text): text
        }
    }
}

/// The events of an input, in order, whatever its format.
protocol EventSource {
    /// The next event; nil at the end.
    /// - Throws: 65 if the input cannot be read on from here; everything before was returned.
    mutating func next() throws(CommandFailure) -> SourceEvent?
}

extension EventSource {
    /// Passes over what an earlier run has sent.
    func after(_ offset: Int64) throws(CommandFailure) -> ResumedSource<Self> {
        var source = self
        while let event = try source.next() {
            if event.end > offset { return ResumedSource(first: event, rest: source) }
        }
        return ResumedSource(first: nil, rest: source)
    }
}

/// A source that goes on where an earlier run stopped.
struct ResumedSource<Source: EventSource>: EventSource {
    var first: SourceEvent?
    var rest: Source

    mutating func next() throws(CommandFailure) -> SourceEvent? {
        guard let event = first else { return try rest.next() }
        first = nil
        return event
    }
}

/// NDJSON: one event a line; blank lines do not count (SPEC 2.2).
struct LineSource: EventSource {
    private static let byteOrderMark: [UInt8] = [0xef, 0xbb, 0xbf]
    private var reader: LineReader
    private var line: Int64
    private var hasToldOfMark = false
    private let note: (String) -> Void

    /// - Parameters:
    ///   - line: number of lines before the reader's first.
    ///   - note: tells the user of something odd.
    init(_ reader: LineReader, line: Int64, note: @escaping (String) -> Void) {
        self.reader = reader
        self.line = line
        self.note = note
    }

    mutating func next() throws(CommandFailure) -> SourceEvent? {
        while let read = try reader.line() {
            line += 1
            guard case .text(var text) = read else { return tooLarge }
            if text.starts(with: Self.byteOrderMark) {
                text.removeFirst(Self.byteOrderMark.count)
                tellOfMark()
            }
            if text.last == UInt8(ascii: "\r") { text.removeLast() }
            guard text.contains(where: { $0 != 0x20 && $0 != 0x09 && $0 != 0x0d }) else { continue }
            return SourceEvent(line: line, content: .json(text), end: reader.offset, endLine: line)
        }
        return nil
    }

    private var tooLarge: SourceEvent {
        let content = SourceEvent.Content.unreadable(
            code: "too_large", reason: "the line is longer than a request may be; it was not sent", text: [])
        return SourceEvent(line: line, content: content, end: reader.offset, endLine: line)
    }

    /// Gateways skip a mark at the start of a request, so without this the size of a batch would show in verdicts.
    private mutating func tellOfMark() {
        guard !hasToldOfMark else { return }
        hasToldOfMark = true
        note(
            "line \(line): there is a byte-order mark in the middle of the file, as where two files were joined; skipped"
        )
    }
}
