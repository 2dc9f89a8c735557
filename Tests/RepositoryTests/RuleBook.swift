/// The numbered rules of some articles of the DocC catalog, as their headings and marks say.
struct RuleBook {
    /// How much of a rule the program does; the words stand in bold below the rule's heading.
    enum Mark: String {
        case built = "Built"
        case builtInPart = "Built in part"
        case notBuilt = "Not built yet"
    }

    struct Rule: Equatable {
        var number: String
        /// nil where the first line below the heading is no mark.
        var mark: Mark?
        /// Whether a note says which part is missing.
        var hasNote: Bool
    }

    /// The rules under headings of the second and third level, in order.
    private(set) var rules: [Rule] = []
    /// Numbers in titles of articles: whole sections.
    private(set) var sections: [String] = []

    init(_ texts: [String]) {
        for text in texts {
            for part in RuleBook.parts(of: text) { add(part) }
        }
    }

    /// Every number that can be cited.
    var numbers: Set<String> { Set(rules.map(\.number) + sections) }

    /// Numbers with one of these marks.
    func numbers(_ marks: Mark...) -> [String] {
        rules.filter { rule in marks.contains { $0 == rule.mark } }.map(\.number)
    }

    private mutating func add(_ part: [Substring]) {
        guard let match = part[0].prefixMatch(of: #/([#]{1,3}) ([0-9]+(?:\.[0-9]+)?)\.? /#) else { return }
        let number = String(match.output.2)
        if match.output.1.count == 1 {
            sections.append(number)
        } else {
            let line = part.dropFirst().first { !$0.isEmpty } ?? ""
            let mark = line.wholeMatch(of: /\*\*(.+)\.\*\*/).flatMap { Mark(rawValue: String($0.output.1)) }
            rules.append(Rule(number: number, mark: mark, hasNote: part.contains { $0.hasPrefix("> Not built: ") }))
        }
    }

    /// The lines of each heading with what stands below it.
    private static func parts(of text: String) -> [[Substring]] {
        var parts: [[Substring]] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.prefixMatch(of: #/[#]{1,3} /#) != nil {
                parts.append([line])
            } else if !parts.isEmpty {
                parts[parts.count - 1].append(line)
            }
        }
        return parts
    }
}

/// A rule that a line of code, a comment or a title names: `SPEC 2.3, 2.6`, `SPEC 5.2–5.4 and 5.9`, `DESIGN 1.7`.
struct Citation {
    enum Work: String, CaseIterable {
        case specification = "SPEC"
        case architecture = "DESIGN"
    }

    var work: Work
    var number: String
    /// `path:line: WORK number`, for messages.
    var place: String

    /// All citations in a file, line by line.
    static func all(in file: Repository.File) -> [Citation] {
        let lines = Array(file.text.utf8).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        return lines.enumerated().flatMap { index, line -> [Citation] in
            // Most lines name nothing; looking at bytes keeps this quick.
            guard line.contains(capitals: "SPEC") || line.contains(capitals: "DESIGN") else { return [] }
            let text = String(decoding: line, as: UTF8.self)
            return Work.allCases.flatMap { work in
                numbers(of: work, in: text).map {
                    Citation(work: work, number: $0, place: "\(file.path):\(index + 1): \(work.rawValue) \($0)")
                }
            }
        }
    }

    /// Numbers that `text` cites of `work`; of a range all of them.
    static func numbers(of work: Work, in text: some StringProtocol) -> [String] {
        let list = /[ ]([0-9]+(?:\.[0-9]+)?(?:(?:, and |, | and | or |–|-)[0-9]+(?:\.[0-9]+)?)*)/
        return text.ranges(of: work.rawValue).flatMap { range -> [String] in
            let before = text[..<range.lowerBound].last
            guard before.map({ !$0.isLetter }) ?? true,
                let match = String(text[range.upperBound...].prefix(120)).prefixMatch(of: list)
            else { return [] }
            return String(match.output.1).matches(of: /([0-9]+(?:\.[0-9]+)?)(?:[–-]([0-9]+(?:\.[0-9]+)?))?/)
                .flatMap { expand(String($0.output.1), String($0.output.2 ?? $0.output.1)) }
        }
    }

    /// The numbers from `first` to `last`: both of one section, or both whole sections.
    private static func expand(_ first: String, _ last: String) -> [String] {
        let low = first.split(separator: ".").compactMap { Int($0) }
        let high = last.split(separator: ".").compactMap { Int($0) }
        guard low.count == high.count, low.dropLast() == high.dropLast(), let from = low.last, let to = high.last,
            from <= to
        else { return [first, last] }
        let prefix = low.count == 2 ? "\(low[0])." : ""
        return (from...to).map { "\(prefix)\($0)" }
    }
}

extension ArraySlice<UInt8> {
    fileprivate func contains(capitals word: StaticString) -> Bool {
        let length = word.utf8CodeUnitCount
        guard count >= length else { return false }
        return indices.dropLast(length - 1).contains { start in
            self[start] == word.utf8Start[0] && (1..<length).allSatisfy { self[start + $0] == word.utf8Start[$0] }
        }
    }
}
