internal import EventModel

/// How an import reads its input.
enum ImportFormat: String, CaseIterable, Sendable {
    /// By the file's name and first character.
    case auto
    /// One event a line.
    case ndjson
    /// One array of events.
    case json
    /// A table with a header.
    case csv

    static let option = Option<ImportFormat>.choice("format", "FORMAT", "how the events are written", default: .auto)
}

/// What an import reads: a file or stdin, in one of the formats.
struct ImportInput {
    /// Reserve for the newlines between the events of a batch.
    static let eventBytesMaximum = Limits.bodyBytesMaximum - 64

    let path: String
    /// nil for stdin, which cannot be read twice.
    let file: FileIdentity?
    let format: ImportFormat
    let mappings: [ColumnMapping]
    let stream: ByteStream

    /// Opens the input and finds out its format.
    /// - Throws: 65 if it cannot be read, 64 if `--map` is given for another format than CSV.
    init(path: String, format: ImportFormat, mappings: [ColumnMapping]) throws(CommandFailure) {
        self.path = path
        file = path == "-" ? nil : try FileIdentity(path: path)
        stream = try ByteStream(path: path)
        self.format = format == .auto ? Self.guess(path, stream.head, mappings) : format
        guard self.format == .csv || mappings.isEmpty else {
            throw CommandFailure(
                .usage, "--map is for CSV", why: "\(stream.name) is read as \(self.format.rawValue)",
                next: "add --format csv")
        }
        self.mappings = mappings
    }

    private static func guess(_ path: String, _ head: [UInt8], _ mappings: [ColumnMapping]) -> ImportFormat {
        let name = path.lowercased()
        if !mappings.isEmpty || name.hasSuffix(".csv") || name.hasSuffix(".csv.gz") { return .csv }
        let first = head.first { $0 != 0x20 && $0 != 0x09 && $0 != 0x0a && $0 != 0x0d }
        return first == UInt8(ascii: "[") ? .json : .ndjson
    }

    /// How the input is read, as far as that changes which events come of it.
    var reading: String {
        ([format.rawValue] + mappings.map { "\($0.column)=\($0.field)" }).joined(separator: "\n")
    }

    /// The events from where an earlier run stopped; call it once.
    /// - Parameter note: tells the user of something odd.
    func source(
        from start: ImportState, note: @escaping (String) -> Void
    ) throws(CommandFailure) -> any EventSource {
        switch format {
        case .auto, .ndjson:
            let reader = try LineReader(stream, offset: start.offset, lineBytesMaximum: Self.eventBytesMaximum)
            return LineSource(reader, line: start.lines, note: note)
        case .json:
            return try ArraySource(stream, elementBytesMaximum: Self.eventBytesMaximum).after(start.offset)
        case .csv:
            return try CSVSource(stream, mappings, rowBytesMaximum: Self.eventBytesMaximum, note: note)
                .after(start.offset)
        }
    }
}
