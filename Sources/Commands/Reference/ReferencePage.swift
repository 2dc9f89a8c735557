/// What `andon help TOPIC` and the reference article say about one topic: the same text for both.
struct ReferencePage: Sendable {
    /// A word after `andon help`.
    enum Topic: String, CaseIterable, Sendable {
        case figures = "FIGURES"
        case verdicts = "VERDICTS"
        case site = "SITE"
        case events = "EVENTS"
        case parameters = "PARAMETERS"
        case stream = "STREAM"

        /// The topic that a word names, in any case.
        init?(word: String) { self.init(rawValue: word.uppercased()) }

        var page: ReferencePage {
            switch self {
            case .figures: .figures
            case .verdicts: .verdicts
            case .site: .site
            case .events: .events
            case .parameters: .parameters
            case .stream: .stream
            }
        }
    }

    /// A table below a sentence or two.
    struct Section: Sendable {
        var title: String
        var text: String
        var header: [String] = []
        var rows: [[String]] = []
        /// An example, line by line as it would be typed or seen.
        var example = ""
    }

    var title: String
    var text: String
    var sections: [Section]

    /// For a terminal or a pipe.
    func lines(width: Int) -> [String] {
        [title] + [""] + wrapped(text, to: width)
            + sections.flatMap { section -> [String] in
                var lines = ["", section.title]
                if !section.text.isEmpty { lines += [""] + wrapped(section.text, to: width) }
                if !section.rows.isEmpty { lines += [""] + ReferencePage.pairs(section, width: width) }
                if !section.example.isEmpty {
                    lines += [""] + section.example.split(separator: "\n").map { "    " + $0 }
                }
                return lines
            }
    }

    /// The last column is the longest: it goes on below itself.
    private static func pairs(_ section: Section, width: Int) -> [String] {
        let cells = [section.header] + section.rows
        let widths = section.header.indices.dropLast().map { column in
            cells.map { displayWidth($0[column]) }.max() ?? 0
        }
        let indent = widths.reduce(2) { $0 + $1 + 2 }
        return cells.flatMap { row -> [String] in
            let begin = zip(row, widths).reduce("  ") { line, cell in
                line + cell.0 + String(repeating: " ", count: cell.1 - displayWidth(cell.0) + 2)
            }
            let text = wrapped(row[row.count - 1], to: max(24, width - indent))
            let lines = (text.isEmpty ? [""] : text).enumerated().map { number, part in
                (number == 0 ? begin : String(repeating: " ", count: indent)) + part
            }
            return lines.map { line in String(line.reversed().drop { $0 == " " }.reversed()) }
        }
    }

    /// As an article of the catalog: its own title one level below the article's.
    var markdown: String {
        var text = "## \(title)\n\n" + wrapped(self.text, to: 120).joined(separator: "\n") + "\n"
        for section in sections {
            text += "\n### \(section.title)\n"
            if !section.text.isEmpty { text += "\n" + wrapped(section.text, to: 120).joined(separator: "\n") + "\n" }
            if !section.rows.isEmpty {
                text += "\n" + ReferencePage.row(section.header) + ReferencePage.row(section.header.map { _ in "---" })
                text += section.rows.map { row in
                    ReferencePage.row(row.isEmpty ? row : ["`\(row[0])`"] + row.dropFirst())
                }.joined()
            }
            if !section.example.isEmpty {
                text += "\n" + section.example.split(separator: "\n").map { "    \($0)\n" }.joined()
            }
        }
        return text
    }

    private static func row(_ cells: [String]) -> String {
        "| " + cells.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ") + " |\n"
    }

    /// The whole reference, as the catalog holds it.
    static var article: String {
        """
        # Reference

        Every member, parameter, verdict and figure, with its default or formula.

        ## Overview

        This page is written by `andon reference` from the lists that the program itself uses, and a test compares both.
        `andon help FIGURES` prints one topic of it: \(Topic.allCases.map { "`\($0.rawValue)`" }.joined(separator: ", ")).
        <doc:Specification> has the rules behind it.


        """ + Topic.allCases.map(\.page.markdown).joined(separator: "\n")
    }
}
