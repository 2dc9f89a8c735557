import Observability
import Testing

@testable import Commands

@Suite("Help and guesses")
struct HelpTests {
    @Test("no arguments and --help show examples before anything else, and every exit code")
    func overview() {
        for words in [[], ["--help"], ["-h"], ["help"]] {
            let recorder = Recorder()
            #expect(recorder.run(words) == .success)
            let text = recorder.output
            #expect(text.range(of: "Examples:")!.lowerBound < text.range(of: "Commands:")!.lowerBound)
            for code in [0, 1, 64, 65, 69, 75, 130] { #expect(text.contains(" \(code) "), "\(code)") }
            #expect(recorder.errors.isEmpty)
        }
    }

    @Test("every command answers --help with its examples, its options and the exit codes")
    func everyCommand() {
        for command in CommandLineTool.allCommands {
            let recorder = Recorder()
            #expect(recorder.run(command.path + ["--help"]) == .success)
            #expect(command.isHidden || !command.examples.isEmpty, "\(command.name)")
            for example in command.examples { #expect(recorder.output.contains(example.line)) }
            for option in command.allOptions { #expect(recorder.output.contains("--\(option.name)")) }
            #expect(recorder.output.contains("64 wrong usage"))
            let viaHelp = Recorder()
            #expect(viaHelp.run(["help"] + command.path) == .success)
            #expect(viaHelp.output == recorder.output)
        }
    }

    @Test("every example of every command parses")
    func examplesParse() throws {
        for command in CommandLineTool.allCommands {
            for example in command.examples where example.line.hasPrefix("andon ") {
                let words = Self.words(of: example.line).prefix { !["|", ">", ">>"].contains($0) }
                let rest = words.dropFirst(1 + command.path.count)
                #expect(Array(words.dropFirst().prefix(command.path.count)) == command.path, "\(example.line)")
                let parsed = try Parser(rest, for: command)
                let required = command.positionals.count { !$0.isOptional }
                let counts = required...command.positionals.count
                #expect(counts.contains(parsed.positionals.count), "\(example.line)")
            }
        }
    }

    /// As a shell splits a line: quotes keep spaces together.
    private static func words(of line: String) -> [String] {
        line.split(separator: "\"", omittingEmptySubsequences: false).enumerated().flatMap { number, part in
            number % 2 == 1 ? [String(part)] : part.split(separator: " ").map(String.init)
        }
    }

    @Test("names and letters of options are unique within a command")
    func uniqueOptions() {
        for command in CommandLineTool.allCommands {
            let names = command.allOptions.map(\.name)
            #expect(Set(names).count == names.count, "\(command.name)")
            let letters = command.allOptions.compactMap(\.short)
            #expect(Set(letters).count == letters.count, "\(command.name)")
        }
    }

    @Test("help for a group lists its commands; for a word that is none it says so")
    func helpForWords() {
        let group = Recorder()
        #expect(group.run(["help", "key"]) == .success)
        #expect(group.output.contains("andon key revoke") && !group.output.contains("andon query"))
        let unknown = Recorder()
        #expect(unknown.run(["help", "qurey"]) == .usage)
        #expect(unknown.errors.contains("did you mean 'andon query'?"))
    }

    @Test("--version names the build and the spec")
    func version() {
        let recorder = Recorder()
        #expect(recorder.run(["--version"]) == .success)
        #expect(recorder.output == "andon \(CommandLineTool.version) (spec 2)\n")
    }

    @Test("a slip of the fingers is answered with what was meant, and exit 64")
    func didYouMean() {
        let recorder = Recorder()
        #expect(recorder.run(["compeltion"]) == .usage)
        #expect(recorder.errors.contains("did you mean 'andon completion'?"))
        let far = Recorder()
        #expect(far.run(["xyzzy"]) == .usage)
        #expect(far.errors.contains("andon --help"))
        #expect(!far.errors.contains("did you mean"))
    }

    @Test("distance counts insertions, deletions, substitutions and swaps")
    func distance() {
        func distance(_ left: String, _ right: String) -> Int {
            Suggestion.distance(Array(left.utf8), Array(right.utf8))
        }
        #expect(distance("site", "site") == 0)
        #expect(distance("site", "sites") == 1)
        #expect(distance("site", "ite") == 1)
        #expect(distance("site", "side") == 1)
        #expect(distance("site", "stie") == 1)
        #expect(distance("", "abc") == 3)
        #expect(distance("kitten", "sitting") == 3)
    }

    @Test("a completion script for each shell names every command and option", arguments: ["bash", "zsh", "fish"])
    func completion(shell: String) {
        let recorder = Recorder()
        #expect(recorder.run(["completion", shell]) == .success)
        for command in CommandLineTool.allCommands where !command.isHidden {
            for word in command.path { #expect(recorder.output.contains(word)) }
            for option in command.allOptions { #expect(recorder.output.contains(option.name)) }
        }
    }

    @Test("a shell that is not known exits 64")
    func unknownShell() {
        let recorder = Recorder()
        #expect(recorder.run(["completion", "fihs"]) == .usage)
        #expect(recorder.errors.contains("did you mean 'fish'?"))
    }

    @Test("--verbose adds details to an error")
    func verbose() {
        let failure = CommandFailure(.tryAgain, "what", why: "why", next: "next", details: ["status 503"])
        #expect(failure.lines(verbose: false) == ["error: what", "  why:  why", "  next: next"])
        #expect(failure.lines(verbose: true).suffix(2) == ["  status 503", "  exit code 75"])
    }
}
