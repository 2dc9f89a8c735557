import Foundation
import Testing

@Suite("Rules of the specification, and the code and tests that name them")
struct RuleTests {
    static let catalog = "Sources/andon/Andon.docc/"
    static let specification = RuleBook(articles(named: "Specification"))
    static let architecture = RuleBook(articles(named: "Architecture"))
    static let titled = titles(in: Repository.current.tests)

    private static func articles(named prefix: String) -> [String] {
        Repository.current.files.filter { $0.path.hasPrefix(catalog + prefix) }.map(\.text)
    }

    /// Rules that titles of tests name. The claims of the log's contract are titles, too.
    static func titles(in files: [Repository.File]) -> Set<String> {
        let titles = files.flatMap { file in
            file.text.matches(of: /(?:@Test|@Suite|ContractClaim)\(\s*(?:name: )?"((?:[^"\\]|\\.)*)"/)
                .map { String($0.output.1) }
                + file.text.matches(of: /@Test(?:\([^`\n]*\))?\s+func `([^`]+)`/).map { String($0.output.1) }
        }
        return Set(titles.flatMap { Citation.numbers(of: .specification, in: $0) })
    }

    /// All that may cite a rule, but for this suite, whose examples are made up.
    static let citing = Repository.current.files.filter { file in
        (file.path.hasPrefix("Sources/") || file.path.hasPrefix("Tests/") || file.path.hasPrefix("Schemas/")
            || file.path == "README.md")
            && !file.path.hasPrefix("Tests/RepositoryTests/") && !file.path.hasPrefix(catalog)
    }

    static let citations = citing.flatMap(Citation.all)

    /// Where something is cited that is not among `numbers`.
    static func places(citing work: Citation.Work, outside numbers: Set<String>) -> [String] {
        citations.filter { $0.work == work && !numbers.contains($0.number) }.map(\.place)
    }

    @Test("the specification has nine sections, whose rules count from 1 without a gap, each once")
    func completeness() {
        let numbers = Self.specification.rules.map(\.number)
        #expect(Set(numbers).count == numbers.count)
        let counts = [2: 9, 4: 5, 5: 11, 6: 6, 7: 9, 8: 11, 9: 6]
        let expected = (1...9).flatMap { section in
            counts[section].map { count in (1...count).map { "\(section).\($0)" } } ?? ["\(section)"]
        }
        #expect(Set(numbers) == Set(expected))
        #expect(Self.specification.sections.sorted() == (2...9).map(String.init))
    }

    @Test("each rule says whether it is built, and notes what is missing just where it is built in part")
    func marks() {
        for rule in Self.specification.rules {
            #expect(rule.mark != nil, "\(rule.number) has no mark")
            #expect(rule.hasNote == (rule.mark == .builtInPart), "\(rule.number)")
        }
    }

    @Test("every rule that is cited exists in the specification")
    func citedRulesExist() {
        #expect(Self.places(citing: .specification, outside: Self.specification.numbers) == [])
    }

    @Test("every principle and section of the design that is cited exists in the architecture article")
    func citedPrinciplesExist() {
        #expect(Self.places(citing: .architecture, outside: Self.architecture.numbers) == [])
    }

    @Test(
        "every rule that is built, in whole or in part, is named by the title of a test",
        arguments: specification.numbers(.built, .builtInPart))
    func builtRulesAreTested(rule: String) {
        #expect(Self.titled.contains(rule))
    }

    @Test("no code and no test cites a rule that is not built")
    func unbuiltRulesAreNotCited() {
        let built = Self.specification.numbers.subtracting(Self.specification.numbers(.notBuilt))
        #expect(Self.places(citing: .specification, outside: built) == [])
    }

    @Test("rules are read from headings, marks and notes from what stands below them")
    func readingRules() {
        let book = RuleBook([
            "# 2. Title\n\n## Overview\n\n### 2.1 One\n\n**Built.**\n\ntext\n\n### 2.2 Two\n\n**Built in part.**\n"
                + "\n> Not built: this.\n\n### 2.3 Three\n\n**Not built yet.**\n",
            "## 1. Nouns\ntext\n",
        ])
        #expect(book.sections == ["2"])
        #expect(
            book.rules == [
                .init(number: "2.1", mark: .built, hasNote: false),
                .init(number: "2.2", mark: .builtInPart, hasNote: true),
                .init(number: "2.3", mark: .notBuilt, hasNote: false), .init(number: "1", mark: nil, hasNote: false),
            ])
    }

    @Test(
        "citations are read alone, in lists and in ranges",
        arguments: [
            ("(SPEC 2.3, 2.6)", ["2.3", "2.6"]), ("b: SPEC 5.1 and 5.2's, by SPEC 12", ["5.1", "5.2", "12"]),
            ("SPEC 5.2–5.4 and 5.9", ["5.2", "5.3", "5.4", "5.9"]), ("SPEC 5–6", ["5", "6"]),
            ("(DESIGN 1.3, SPEC 2.7)", ["2.7"]), ("SPEC's day, SPEC.md 3", []), ("ASPEC 3", []),
        ] as [(String, [String])])
    func readingCitations(text: String, numbers: [String]) {
        #expect(Citation.numbers(of: .specification, in: text) == numbers)
    }

    @Test("titles are read from tests, suites and claims, and from nowhere else")
    func readingTitles() {
        let text = """
            // SPEC 9.9
            @Test("a (SPEC 2.3, 2.6)") func a() {}
            @Test(
                "b: SPEC 5.1 and 5.2's, by \\"SPEC 12\\"", arguments: [1])
            ContractClaim(name: "c (SPEC 7.3)") {
            @Test func `SPEC 8.1: d`() {
            """
        let file = Repository.File(path: "Tests/X/Y.swift", text: text)
        #expect(Self.titles(in: [file]) == ["2.3", "2.6", "5.1", "5.2", "12", "7.3", "8.1"])
    }
}
