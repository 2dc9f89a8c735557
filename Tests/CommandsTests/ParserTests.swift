import Foundation
internal import Locks
import TestKit
import Testing

@testable import Commands

@Suite("The words of a command line")
struct ParserTests {
    enum Colour: String, CaseIterable { case red, green }

    static let name = Option.text("name", "TEXT", "a name")
    static let number = Option.integer("number", "N", "a number", in: 1...10, default: 3)
    static let site = Option.text("site", "SITE", "a site", repeatable: true)
    static let open = Option.flag("open", "a flag")
    static let colour = Option<Colour>.choice("colour", short: "c", "COLOUR", "a colour", default: .red)

    /// What `andon try …` hands to its command.
    struct Seen: Equatable {
        var name: String?
        var number = 0
        var sites: [String] = []
        var open = false
        var colour = Colour.red
        var positionals: [String] = []
    }

    func run(
        _ words: [String], environment: [String: String] = [:], positionals: Int = 0
    ) -> (exit: ExitCode, seen: Seen?, errors: String) {
        let seen = Guarded<Seen?>(nil)
        let command = Command(
            path: ["try"], summary: "tries", examples: [.init("andon try", "tries")],
            positionals: (0..<positionals).map { .init(name: "ARG\($0)", help: "an argument") },
            options: [Self.name.spec, Self.number.spec, Self.site.spec, Self.open.spec, Self.colour.spec],
            run: { call in
                let now = Seen(
                    name: try call.optional(Self.name), number: try call.value(Self.number),
                    sites: try call.values(Self.site), open: try call.isSet(Self.open),
                    colour: try call.value(Self.colour), positionals: call.positionals)
                seen.withLock { $0 = now }
                return .success
            })
        let recorder = Recorder()
        let exit = recorder.run(["try"] + words, commands: [command], environment: environment)
        return (exit, seen.withLock { $0 }, recorder.errors)
    }

    @Test("--name VALUE, --name=VALUE, -n VALUE, flags, repeats and -- are understood")
    func forms() {
        let words = [
            "--name", "a", "--number=7", "--site", "x", "--site=y", "--open", "-c", "green", "one", "--", "--two",
        ]
        let result = run(words, positionals: 2)
        #expect(
            result.seen
                == Seen(
                    name: "a", number: 7, sites: ["x", "y"], open: true, colour: .green, positionals: ["one", "--two"]))
        #expect(result.exit == .success)
    }

    @Test("a value keeps its own equals signs, and may begin with one dash")
    func valuesStayWhole() {
        #expect(run(["--name=a=b"]).seen?.name == "a=b")
        #expect(run(["--name", "-5"]).seen?.name == "-5")
        #expect(run(["--name=--x"]).seen?.name == "--x")
        #expect(run(["-cgreen"]).seen?.colour == .green)
    }

    @Test("of a repeated option that is not repeatable the last one wins")
    func lastWins() {
        #expect(run(["--number=4", "--number=5"]).seen?.number == 5)
    }

    @Test("flags win over the environment, that over the file, that over the default (DESIGN 5)")
    func precedence() throws {
        let directory = try TemporaryFolder()
        let file = try directory.write(
            "andon.json", "{ /* plant */ number: 4, site: ['a', 'b'], open: true, \"try\": { number: 5 }, }")
        #expect(run([]).seen?.number == 3)
        #expect(run(["--config", file]).seen == Seen(number: 5, sites: ["a", "b"], open: true))
        #expect(run([], environment: ["ANDON_CONFIG": file]).seen?.number == 5)
        let environment = ["ANDON_NUMBER": "6", "ANDON_SITE": "c,d", "ANDON_OPEN": "no"]
        #expect(run(["--config", file], environment: environment).seen == Seen(number: 6, sites: ["c", "d"]))
        #expect(run(["--number=7", "--config", file], environment: environment).seen?.number == 7)
    }

    @Test("an environment variable that is empty is as good as none")
    func emptyEnvironment() {
        #expect(run([], environment: ["ANDON_NUMBER": ""]).seen?.number == 3)
    }

    @Test(
        "a wrong command line exits 64, says why, and runs nothing",
        arguments: [
            (["--number=11"], "it takes a whole number from 1 to 10"),
            (["--number=0"], "it takes a whole number from 1 to 10"),
            (["--number=x"], "--number cannot be 'x'"),
            (["--name"], "--name needs a value"),
            (["--name", "--open"], "'--open' looks like the next option"),
            (["--name="], "a text that is not empty"),
            (["--colour=blue"], "red or green"),
            (["--nmae=x"], "did you mean '--name'?"),
            (["-x"], "has no option '-x'"),
            (["extra"], "does not know what to do with 'extra'"),
            (["--open=perhaps"], "true or false"),
        ])
    func usage(words: [String], message: String) {
        let result = run(words)
        #expect(result.exit == .usage)
        #expect(result.errors.contains(message), "\(result.errors)")
        #expect(result.seen == nil)
    }

    @Test("both ends of a range are values")
    func range() {
        #expect(run(["--number=1"]).seen?.number == 1)
        #expect(run(["--number=10"]).seen?.number == 10)
    }

    @Test("a wrong value names the place it came from")
    func origin() throws {
        #expect(run([], environment: ["ANDON_NUMBER": "99"]).errors.contains("ANDON_NUMBER cannot be '99'"))
        let directory = try TemporaryFolder()
        let file = try directory.write("andon.json", "{number: 99}")
        #expect(run(["--config", file]).errors.contains("'number' in \(file) cannot be '99'"))
    }

    @Test(
        "a configuration that cannot be used exits 65",
        arguments: [
            ("{", "is not a configuration"), ("[1]", "is not a configuration"), ("{nmae: 'x'}", "did you mean 'name'?"),
            ("{name: {a: 1}}", "is not an option"), ("{name: null}", "is not an option"),
        ])
    func badConfiguration(text: String, message: String) throws {
        let directory = try TemporaryFolder()
        let file = try directory.write("andon.json", text)
        let result = run(["--config", file])
        #expect(result.exit == .badData)
        #expect(result.errors.contains(message), "\(result.errors)")
    }

    @Test("a configuration that is not there exits 65")
    func missingConfiguration() {
        #expect(run(["--config", "/nowhere/andon.json"]).exit == .badData)
    }

    @Test("a missing argument is named")
    func missingPositional() {
        let result = run(["one"], positionals: 2)
        #expect(result.exit == .usage)
        #expect(result.errors.contains("ARG1 is missing"))
    }
}
