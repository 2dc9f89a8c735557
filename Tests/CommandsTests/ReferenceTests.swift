import EventModel
import Foundation
import Testing

@testable import Commands

@Suite("The reference")
struct ReferenceTests {
    @Test("the article in the catalog is what andon reference writes")
    func article() throws {
        let top = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let file = top.appendingPathComponent("Sources/andon/Andon.docc/Reference.md")
        let written = try String(contentsOf: file, encoding: .utf8)
        let recorder = Recorder()
        #expect(recorder.run(["reference"]) == .success)
        #expect(
            written == recorder.output, "andon reference > Sources/andon/Andon.docc/Reference.md brings it up to date")
    }

    @Test("each topic is printed by andon help, in any case of letters, within the width of a page")
    func topics() {
        for topic in ReferencePage.Topic.allCases {
            for word in [topic.rawValue, topic.rawValue.lowercased()] {
                let recorder = Recorder()
                #expect(recorder.run(["help", word]) == .success)
                #expect(recorder.output.hasPrefix(topic.page.title + "\n"))
                #expect(!recorder.output.contains(" \n"))
            }
            #expect(
                topic.page.sections.allSatisfy { section in section.rows.allSatisfy { $0.count == section.header.count }
                })
            let recorder = Recorder()
            _ = recorder.run([])
            #expect(recorder.output.contains(topic.rawValue))
        }
    }

    @Test(
        "every figure says what it is computed from, and nothing is said of a figure that is not there (SPEC 5.2, 5.3)")
    func meanings() {
        let layouts: [(AnswerLayout, [String: String])] = [
            (.workers, FigureMeanings.worker), (.workstations, FigureMeanings.workstation),
            (.factory, FigureMeanings.factory), (.modelHealth, FigureMeanings.modelHealth),
            (.ledger, FigureMeanings.ledger),
        ]
        for (layout, meanings) in layouts {
            let names = Set(layout.members).subtracting([
                "worker_id", "worker_name", "workstation_id", "workstation_name",
            ])
            #expect(names.subtracting(meanings.keys) == [])
            #expect(Set(meanings.keys).subtracting(names) == [])
        }
    }

    @Test("the worked example is the reference day of the specification (SPEC 5.2)")
    func example() {
        let rows = ReferencePage.figures.sections[0].rows
        func example(_ member: String) -> String? { rows.first { $0[0] == member }?[2] }
        #expect(example("utilization_percentage") == "78.13")
        #expect(example("availability_percentage") == "87.5")
        #expect(example("units_per_hour") == "0.8")
        #expect(example("unknown_us") == "0")
    }

    @Test("the verdicts are those of admission, in the order of their rules (SPEC 2.3)")
    func verdicts() {
        #expect(ReferencePage.verdicts.sections[0].rows.map { $0[0] } == Verdict.allCases.map(\.code))
    }
}
