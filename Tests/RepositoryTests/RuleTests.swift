import Foundation
import Testing

@Suite("Rules of SPEC.md and the tests that hold them")
struct RuleTests {
    /// The rules of spec 1 that this program implements.
    static let rules = [
        "1", "2.1", "2.2", "2.3", "2.4", "2.5", "2.6", "2.7", "2.8", "3", "4.1", "4.2", "4.3", "4.4", "4.5", "5.1",
        "5.2",
        "5.3", "5.4", "5.8", "5.9", "6.1", "6.2", "7.1", "7.2", "7.4", "8.1", "8.2", "8.3", "8.4", "8.5", "8.6",
    ]

    private static let present = named(in: Repository.current.tests)

    /// Numbers of rules that titles of tests name: `… (SPEC 2.3, 2.6)`, `SPEC 5.2's …`.
    static func named(in files: [Repository.File]) -> Set<String> {
        let titles = files.flatMap { file in
            file.text.matches(of: /@(?:Test|Suite)\(\s*"((?:[^"\\]|\\.)*)"/).map { String($0.output.1) }
        }
        let groups = titles.flatMap { title in
            title.matches(of: /SPEC ([0-9]+(?:\.[0-9]+)?(?:(?:, | and |, SPEC )[0-9]+(?:\.[0-9]+)?)*)/).map {
                $0.output.1
            }
        }
        return Set(groups.flatMap { $0.matches(of: /[0-9]+(?:\.[0-9]+)?/).map { String($0.output) } })
    }

    @Test("every rule that is implemented is named by the title of a test", arguments: rules)
    func everyRule(rule: String) {
        #expect(Self.present.contains(rule))
    }

    @Test("rules are read from titles, one or several, and from nowhere else")
    func reading() {
        let text = """
            // SPEC 9.9
            @Test("a (SPEC 2.3, 2.6)") func a() {}
            @Test(
                "b: SPEC 5.1 and 5.2's, by \\"SPEC 12\\"", arguments: [1])
            """
        let file = Repository.File(path: "Tests/X/Y.swift", text: text)
        #expect(Self.named(in: [file]) == ["2.3", "2.6", "5.1", "5.2", "12"])
    }
}
