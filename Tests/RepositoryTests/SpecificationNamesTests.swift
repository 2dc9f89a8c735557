import Foundation
import Testing

/// The names by which programs know Andon: what the code writes and reads, the specification lists.
@Suite("The specification lists every name of the interface")
struct SpecificationNamesTests {
    let repository = Repository.current

    /// Words in `code` spans and blocks of the articles with this prefix.
    func words(_ prefix: String) -> Set<String> {
        let texts = repository.files.filter { $0.path.hasPrefix(RuleTests.catalog + prefix) }.map(\.text)
        let spans = texts.flatMap { $0.matches(of: /`([^`\n]+)`|(?m)^ {4}(.+)$/).map { $0.output.1 ?? $0.output.2 } }
        return Set(spans.compactMap { $0 }.flatMap { $0.matches(of: /[a-z]+(?:_[a-z]+)*/).map { String($0.output) } })
    }

    /// Literals that `pattern` finds in the files of Sources for which `isWanted` holds.
    func literals(_ pattern: Regex<(Substring, Substring)>, in isWanted: (Repository.File) -> Bool) -> [String] {
        repository.sources.filter(isWanted).flatMap { file in
            file.text.matches(of: pattern).map { String($0.output.1) }
        }
    }

    static func isNamed(_ names: String...) -> (Repository.File) -> Bool {
        { file in names.contains { file.path.hasSuffix("/\($0).swift") } }
    }

    @Test("every member of an answer to a question is listed (SPEC 5.8, 8.5)")
    func answers() {
        let members = literals(/(?:member|key|Figure(?:<\w+>)?)\(\s*"([a-z_]+)"/) {
            ["Query", "Figures"].contains($0.module)
        }
        #expect(members.count > 60)
        #expect(Set(members).subtracting(words("Specification")) == [])
    }

    @Test("every member of an answer to a batch, and of a definition, is listed (SPEC 2.4, 3)")
    func gatewayAnswers() {
        let members = literals(
            /(?:member|key)\(\s*"([a-z_]+)"/, in: Self.isNamed("IngestAnswer", "DefinitionJSON", "DefinitionAnswer"))
        #expect(members.count > 20)
        #expect(Set(members).subtracting(words("Specification")) == [])
    }

    @Test("the table of verdicts has every code, in the order in which the rules are tried (SPEC 2.3)")
    func verdicts() {
        let codes = literals(/case \.\w+: "(\w+)"/, in: Self.isNamed("EventModel/Verdict"))
        let text = repository.file(RuleTests.catalog + "SpecificationIngest.md")?.text ?? ""
        let section = text.range(of: "### 2.3 ").map { text[$0.upperBound...].prefix { $0 != "#" } } ?? ""
        let listed = section.matches(of: /(?m)^\| `(\w+)` \|/).map { String($0.output.1) }
        #expect(codes.count > 10)
        #expect(listed == codes)
    }

    @Test("every member of a definition that is read is listed (SPEC 3)")
    func definitionMembers() {
        let read = literals(
            /(?:text|integer|number|array|clock|required|list)\((?:fields|members), "([a-z_]+)"/,
            in: Self.isNamed("DefinitionReader"))
        #expect(read.count > 12)
        #expect(Set(read).subtracting(words("SpecificationDefinition")) == [])
    }

    @Test("every parameter of a question is listed (SPEC 8.5)")
    func parameters() {
        let known = literals(/"([a-z_]+)"/, in: Self.isNamed("QueryKind"))
        #expect(known.count > 10)
        #expect(Set(known).subtracting(words("SpecificationInterface")) == [])
    }
}
