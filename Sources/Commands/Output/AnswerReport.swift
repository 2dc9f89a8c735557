/// The format of a server's answer on stdout.
enum AnswerFormat: String, CaseIterable, Sendable {
    /// For people.
    case table
    /// For programs: the server's answer.
    case json
    /// For spreadsheets: every member under its own name, values as the server gave them.
    case csv

    static let option = Option<AnswerFormat>.choice(
        "output", short: "o", "FORMAT", "how to write the answer", default: .table)
}

/// A server's answer, laid out for people and for spreadsheets.
struct AnswerReport {
    /// What was asked, and how current the answer is: kept with the table wherever that goes.
    var title: [String] = []
    var tables: [Table] = []
    /// What the columns mean, for people who see the table right now.
    var legend: [String] = []
    var csv = CSVText(header: [])
}

extension Console {
    /// The only place that distinguishes the formats of answers.
    func write(_ format: AnswerFormat, json: () -> [UInt8], report: () throws -> AnswerReport) throws {
        switch format {
        case .json:
            try writeOutput(json() + [UInt8(ascii: "\n")])
        case .csv:
            let bytes = try report().csv.bytes
            // A terminal obeys what a name may hide; a file gets it unchanged.
            try writeOutput(outputIsTerminal ? Array(safeLines(bytes).utf8) : bytes)
        case .table:
            let report = try report()
            let legend = outputIsTerminal ? report.legend.flatMap { wrapped($0, to: columns ?? 80) } : []
            let blocks =
                [report.title] + report.tables.map { $0.lines(colour: usesColour, width: columns) } + [legend]
            try line(blocks.filter { !$0.isEmpty }.map { $0.joined(separator: "\n") }.joined(separator: "\n\n"))
        }
    }

    private func safeLines(_ bytes: [UInt8]) -> String {
        String(decoding: bytes, as: UTF8.self).split(separator: "\r\n", omittingEmptySubsequences: false)
            .map { printable(String($0)) }.joined(separator: "\n")
    }
}
