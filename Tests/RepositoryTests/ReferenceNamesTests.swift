import Foundation
import Testing

/// `Reference.md` is written by the program from its own lists; what is not a list there is compared here.
@Suite("The reference lists every name of the interface")
struct ReferenceNamesTests {
    let names = SpecificationNamesTests()

    /// First cells of the tables below a heading of the second level.
    func listed(_ topic: String) -> Set<String> {
        let text = Repository.current.file(RuleTests.catalog + "Reference.md")?.text ?? ""
        let section = text.range(of: "\n## \(topic)\n").map { range in
            let rest = text[range.upperBound...]
            return rest[..<(rest.range(of: "\n## ")?.lowerBound ?? rest.endIndex)]
        }
        return Set((section ?? "").matches(of: /(?m)^\| `([a-z_]+)` \|/).map { String($0.output.1) })
    }

    @Test("every member of an event that the parser looks for is listed, and no other (SPEC 2.1)")
    func events() {
        let parser = Repository.current.files.filter { $0.path.hasPrefix("Sources/CSimdjson/") }.map(\.text).joined()
        let members = Set(parser.matches(of: /&event\.([a-z_]+)(?:;| :)/).map { String($0.output.1) })
        #expect(members.count == 9)
        #expect(listed("Events") == members)
    }

    @Test("every member of a definition that is read is listed, and no other (SPEC 3)")
    func definition() {
        let read = names.literals(
            /(?:text|integer|number|array|clock|required|list)\((?:fields|members), "([a-z_]+)"/,
            in: SpecificationNamesTests.isNamed("DefinitionReader"))
        let lists: Set = ["site", "workers", "workstations"]
        #expect(read.count > 12)
        #expect(Set(read).subtracting(lists).subtracting(listed("Site definition")) == [])
    }

    @Test("every parameter of a question and of a live stream is listed (SPEC 7.5, 8.5)")
    func parameters() {
        let kinds = names.literals(/"([a-z_]+)"/, in: SpecificationNamesTests.isNamed("QueryKind"))
        let stream = names.literals(/"([a-z_]+)"[,)]/, in: SpecificationNamesTests.isNamed("LiveRequest"))
        let known = kinds + stream
        #expect(kinds.count > 10 && stream.contains("interval_ms"))
        #expect(Set(known).subtracting(listed("Parameters")) == [])
    }
}
