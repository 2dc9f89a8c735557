import Foundation
import Testing

/// Style that a compiler does not check. What these tests cannot see: whether a name is good or a comment true.
@Suite("Style of the sources")
struct StyleTests {
    let repository = Repository.current

    /// Every place where one of `words` stands in the code of `files`, comments and strings apart.
    func places(of words: [String], in files: [Repository.File]) -> [String] {
        files.flatMap { file -> [String] in
            let code = String(decoding: SwiftText.code(file.text), as: UTF8.self)
            return words.flatMap { word in
                code.ranges(of: word).filter { !isInsideWord(code, $0) }
                    .map { "\(file.path):\(code.line(of: $0.lowerBound)): \(word)" }
            }
        }
    }

    func isInsideWord(_ code: String, _ range: Range<String.Index>) -> Bool {
        guard range.lowerBound > code.startIndex else { return false }
        let before = code[code.index(before: range.lowerBound)]
        return before.isLetter || before.isNumber || before == "_"
    }

    @Test("the repository is found: these tests look at real files")
    func found() {
        #expect(repository.file("Package.swift") != nil)
        #expect(repository.sources.count > 20)
        #expect(repository.tests.count > 5)
    }

    @Test("no Swift file is longer than 300 lines")
    func fileLength() {
        let long = repository.swift.filter { $0.text.utf8.count { $0 == UInt8(ascii: "\n") } > 300 }
        #expect(long.map(\.path) == [])
    }

    @Test("no function is longer than 60 lines")
    func functionLength() {
        let long = repository.swift.flatMap { file in
            FunctionSpan.all(in: file.text).filter { $0.lines > 60 }
                .map { "\(file.path):\($0.firstLine): \($0.lines) lines" }
        }
        #expect(long == [])
    }

    @Test("the scanner of functions sees bodies, and neither strings nor protocols nor comments")
    func scanner() {
        let text = #"""
            protocol P {
                func none() -> Int
                var x: Int { get }
            }
            // func commented() {
            func one(_ a: () -> Void = { }) -> [Int] {
                let s = "} \("}" + f("}")) {"
                return [1]
            }
            struct S {
                init() { /* } */ }
                subscript(i: Int) -> Int {
                    i
                }
            }
            """#
        #expect(
            FunctionSpan.all(in: text) == [
                FunctionSpan(firstLine: 6, lines: 4), FunctionSpan(firstLine: 11, lines: 1),
                FunctionSpan(firstLine: 12, lines: 3),
            ])
        let long = "func long() {\n" + String(repeating: "    f()\n", count: 59) + "}\n"
        #expect(FunctionSpan.all(in: long) == [FunctionSpan(firstLine: 1, lines: 61)])
    }

    @Test("no library prints or ignores an error by force")
    func noPrintNoForce() {
        #expect(places(of: ["print(", "try!"], in: repository.sources) == [])
    }

    @Test("the language, the core, JSON and the figures read no clock (DESIGN 1.2, 2)")
    func noClock() {
        let files = repository.sources.filter { ["EventModel", "Timeline", "JSON", "Figures"].contains($0.module) }
        let clocks = ["Date()", "clock_gettime", "ContinuousClock", "SuspendingClock", "Glibc", "DispatchTime"]
        #expect(Set(files.map(\.module)).count == 4)
        #expect(places(of: clocks, in: files) == [])
    }

    @Test("the language and the core know no Foundation (DESIGN 2)")
    func noFoundation() {
        let files = repository.sources.filter { ["EventModel", "Timeline"].contains($0.module) }
        #expect(!files.isEmpty)
        #expect(places(of: ["Foundation", "FoundationEssentials"], in: files) == [])
    }

    @Test("no test sleeps: tests wait for events")
    func noSleeps() {
        let calls = /(?:Thread|Task)\.sleep|\b(?:usleep|nanosleep)\(|(?:^|[\s(;{])(?:Glibc\.|Foundation\.)?sleep\([^)]/
        let found = repository.tests.flatMap { file in
            SwiftText.code(file.text).split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
                .filter { !$0.contains("func sleep(") && $0.firstMatch(of: calls) != nil }
                .map { "\(file.path): \($0)" }
        }
        #expect(found == [])
        for line in ["sleep(1)", "  if x { sleep(2) }", "Thread.sleep(forTimeInterval: 1)", "usleep(3)"] {
            #expect(line.firstMatch(of: calls) != nil)
        }
        #expect("machine.sleep()".firstMatch(of: calls) == nil)
    }

    @Test("nothing is left to be done later")
    func nothingUnfinished() {
        let pattern = /\b(?:TO[D]O|FIX[M]E|XX[X])\b/
        let found = repository.files.flatMap { file in
            file.text.matches(of: pattern).map {
                "\(file.path):\(file.text.line(of: $0.range.lowerBound)): \($0.output)"
            }
        }
        #expect(found == [])
    }

    @Test("no file names a place of somebody's machine")
    func noMachinePaths() {
        let folders = ["work", "root", "home", "Users"].map { "/" + $0 + "/" }
        let found = repository.files.flatMap { file in
            folders.flatMap { folder in
                file.text.ranges(of: folder).filter { range in
                    guard range.lowerBound > file.text.startIndex else { return true }
                    let before = file.text[file.text.index(before: range.lowerBound)]
                    return !(before.isLetter || before.isNumber || "_-.}".contains(before))
                }.map { "\(file.path):\(file.text.line(of: $0.lowerBound)): \(folder)" }
            }
        }
        #expect(found == [])
    }

    @Test("text files are UTF-8 with Unix line ends, end with a newline and have no space at the end of a line")
    func lineEnds() {
        let found = repository.files.filter { $0.path.hasSuffix(".swift") || $0.path.hasPrefix("Deploy/") }
            .filter { file in
                let bytes = Array(file.text.utf8)
                let trailing = zip(bytes, bytes.dropFirst()).contains {
                    $0 == UInt8(ascii: " ") && $1 == UInt8(ascii: "\n")
                }
                return bytes.last != UInt8(ascii: "\n") || bytes.contains(UInt8(ascii: "\r")) || trailing
            }
        #expect(found.map(\.path) == [])
    }
}
