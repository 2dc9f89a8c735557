internal import Foundation
internal import Observability

/// The tool `andon`: finds the command for the words given, checks its options, runs it, and reports errors.
public struct CommandLineTool: Sendable {
    /// The version of this build; the spec version is that of SPEC.md.
    public static let version = "0.1.0"

    let commands: [Command]
    let console: Console
    let environment: [String: String]

    init(commands: [Command] = CommandLineTool.allCommands, console: Console, environment: [String: String]) {
        self.commands = commands
        self.console = console
        self.environment = environment
    }

    /// The tool in this process, writing to its stdout and stderr.
    public init() {
        let environment = ProcessInfo.processInfo.environment
        self.init(console: .standard(environment: environment), environment: environment)
    }

    /// Runs one command line, without the program name, and returns the exit code.
    public func run(_ words: [String]) -> ExitCode {
        do {
            return try dispatch(words)
        } catch let failure as CommandFailure {
            let verbose = words.contains("--verbose") || words.contains("-v")
            if ServerOptions.asksForJSON(words, environment) {
                StructuredLog(format: .json, console: console).write(.commandFailed(failure))
            } else {
                for line in failure.lines(verbose: verbose) { console.note(line) }
            }
            return failure.exitCode
        } catch is ReaderGone {
            return .success
        } catch {
            for line in CommandFailure(unexplained: error).lines(verbose: false) { console.note(line) }
            return .failure
        }
    }

    private func dispatch(_ words: [String]) throws -> ExitCode {
        switch words.first {
        case nil, "--help", "-h", "help":
            // `andon help site` is the topic, `andon help site apply` the command.
            if words.count == 2, let topic = ReferencePage.Topic(word: words[1]) {
                try console.line(topic.page.lines(width: console.columns ?? 120).joined(separator: "\n"))
            } else if words.first == "help", let command = longestMatch(words.dropFirst()) {
                try console.line(Help.text(command))
            } else if words.first == "help", words.count > 1 {
                // `andon help key` lists the commands that begin so.
                return try unknown(words.dropFirst() + ["--help"])
            } else {
                try console.line(Help.overview(commands))
            }
            return .success
        case "--version":
            try console.line("andon \(Self.version) (spec 2)")
            return .success
        default:
            break
        }
        guard let command = longestMatch(words[...]) else { return try unknown(words) }
        let rest = words.dropFirst(command.path.count)
        if rest.prefix(while: { $0 != "--" }).contains(where: { $0 == "--help" || $0 == "-h" }) {
            try console.line(Help.text(command))
            return .success
        }
        let invocation = try invocation(of: command, rest)
        try invocation.checkValues()
        return try command.run(invocation)
    }

    private func invocation(of command: Command, _ words: ArraySlice<String>) throws -> Invocation {
        let parsed = try Parser(words, for: command)
        try checkPositionals(parsed.positionals, of: command)
        var settings = Settings(flags: parsed.flags, environment: environment)
        if let path = settings.texts(Command.configuration.spec).last {
            settings.file = try ConfigurationFile(path: path, command: command.path, among: commands)
        }
        return Invocation(
            command: command, positionals: parsed.positionals, settings: settings, environment: environment,
            console: console)
    }

    private func checkPositionals(_ given: [String], of command: Command) throws(CommandFailure) {
        let wanted = command.positionals
        guard given.count >= wanted.count(where: { !$0.isOptional }) else {
            throw CommandFailure(
                .usage, "\(wanted[given.count].name) is missing", why: wanted[given.count].help,
                next: command.examples.first?.line)
        }
        guard given.count <= wanted.count else {
            throw CommandFailure(
                .usage, "andon \(command.name) does not know what to do with '\(printable(given[wanted.count]))'",
                next: "andon \(command.name) --help")
        }
        for (value, positional) in zip(given, wanted) where !positional.choices.isEmpty {
            guard !positional.choices.contains(value) else { continue }
            let guess = Suggestion.nearest(to: value, among: positional.choices)
            throw CommandFailure(
                .usage, "\(positional.name) cannot be '\(printable(value))'",
                why: "it is \(listed(positional.choices, last: "or"))",
                next: guess.map { "did you mean '\($0)'?" } ?? "andon \(command.name) --help")
        }
    }

    /// The command with the longest path that `words` begins with.
    private func longestMatch(_ words: ArraySlice<String>) -> Command? {
        commands.filter { words.starts(with: $0.path) }.max { $0.path.count < $1.path.count }
    }

    /// For an incomplete command, lists how it can continue; otherwise suggests what was meant.
    private func unknown(_ words: [String]) throws -> ExitCode {
        let group = commands.filter { !$0.isHidden && $0.path.count > 1 && $0.path[0] == words[0] }
        let second = words.dropFirst().first
        if !group.isEmpty, second == nil || second == "--help" || second == "-h" {
            let list = group.map { "  andon \($0.name)\n      \($0.summary)" }.joined(separator: "\n")
            guard second == nil else {
                try console.line(list)
                return .success
            }
            throw CommandFailure(
                .usage, "andon \(words[0]) needs one more word",
                next: group.map { "andon \($0.name)" }.joined(separator: ", or "))
        }
        let known = group.isEmpty ? commands.filter { !$0.isHidden }.map { $0.path[0] } : group.map { $0.path[1] }
        let word = group.isEmpty ? words[0] : second ?? ""
        let prefix = group.isEmpty ? "" : words[0] + " "
        let guess = Suggestion.nearest(to: word, among: Set(known))
        throw CommandFailure(
            .usage, "andon has no command '\(printable(prefix + word))'",
            next: guess.map { "did you mean 'andon \(prefix)\($0)'?" } ?? "andon --help")
    }
}
