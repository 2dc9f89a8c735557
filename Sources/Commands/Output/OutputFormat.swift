/// The format of data on stdout.
enum OutputFormat: String, CaseIterable, Sendable {
    /// For people.
    case table
    /// For programs: the server's answer, unchanged.
    case json

    static let option = Option<OutputFormat>.choice(
        "output", short: "o", "FORMAT", "how to write the answer", default: .table)
}

extension Console {
    /// The only place that distinguishes the formats.
    func write(_ format: OutputFormat, json: () -> [UInt8], tables: () throws -> [Table]) throws {
        switch format {
        case .json:
            try writeOutput(json() + [UInt8(ascii: "\n")])
        case .table:
            let blocks = try tables().map { $0.lines(colour: usesColour).joined(separator: "\n") }
            try line(blocks.joined(separator: "\n\n"))
        }
    }
}
