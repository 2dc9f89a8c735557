import Foundation
import Testing

/// What can be checked of documents: that they name what is there, and everything that is there.
@Suite("Documents follow the code")
struct DocumentationTests {
    let repository = Repository.current

    /// Swift modules of Sources in the order of Package.swift; those that only wrap C are left out.
    var modules: [String] {
        let text = repository.file("Package.swift")?.text ?? ""
        let swift = Set(repository.sources.compactMap(\.module))
        return text.matches(of: /\.(?:target|executableTarget)\(\s*name: "(\w+)"/).map { String($0.output.1) }
            .filter { swift.contains($0) }
    }

    func article(_ name: String) -> String { repository.file(RuleTests.catalog + name)?.text ?? "" }

    @Test("README lists every module, in the order of Package.swift")
    func readmeModules() {
        let text = repository.file("README.md")?.text ?? ""
        let section = text.range(of: "\n## Sources\n").map { text[$0.upperBound...] } ?? ""
        let listed = section.matches(of: /(?m)^ {4}(\w+) {2,}/).map { String($0.output.1) }
        #expect(modules.count > 15)
        #expect(listed == modules)
    }

    @Test("the architecture article has a line for every module, in the order of Package.swift")
    func architectureModules() {
        let text = article("Architecture.md")
        let table = text.range(of: "| module |").map { text[$0.lowerBound...].prefix { $0 != "#" } } ?? ""
        let names = table.split(separator: "\n").prefix { $0.hasPrefix("|") }.dropFirst(2).flatMap { row in
            row.split(separator: "|").first?.split(separator: ",").map { $0.filter { $0 != " " } } ?? []
        }
        #expect(names == modules)
    }

    @Test("every name of code in the glossary is declared somewhere in Sources")
    func glossary() {
        let code = repository.sources.map { String(decoding: SwiftText.code($0.text), as: UTF8.self) }
        let names = article("Glossary.md").matches(of: /(?m)\| `(\w+)` \|$/).map { String($0.output.1) }
        #expect(names.count > 25)
        let declared = Set(
            code.flatMap { text in
                text.matches(of: /\b(?:struct|class|enum|protocol|typealias|actor|var|let|func) (\w+)/)
                    .map { String($0.output.1) }
            })
        #expect(names.filter { !declared.contains($0) } == [])
    }

    @Test("every article of the catalog is listed on its first page")
    func catalog() {
        let names = repository.files.filter { $0.path.hasPrefix(RuleTests.catalog) }
            .map { String($0.path.dropFirst(RuleTests.catalog.count).dropLast(3)) }
        let first = article("Andon.md")
        #expect(names.count > 5)
        #expect(names.filter { $0 != "Andon" && !first.contains("<doc:\($0)>") } == [])
    }

    @Test("links of README lead to files that are there")
    func links() {
        let text = repository.file("README.md")?.text ?? ""
        let targets = text.matches(of: /\]\(([^)#]+)\)/).map { String($0.output.1) }
        #expect(targets.count > 5)
        #expect(targets.filter { !repository.has($0) } == [])
    }
}
