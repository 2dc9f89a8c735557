/// One subcommand: its name, its parameters and its action.
struct Command: Sendable {
    struct Example: Sendable {
        var line: String
        var meaning: String
        init(_ line: String, _ meaning: String) {
            self.line = line
            self.meaning = meaning
        }
    }

    struct Positional: Sendable {
        var name: String
        var help: String
        /// The only valid values; empty if any value is valid.
        var choices: [String] = []
        /// Whether it may be left out; only the last ones may.
        var isOptional = false
    }

    /// The words that invoke it, e.g. `key create`.
    var path: [String]
    /// One line for the list of commands.
    var summary: String
    /// Paragraphs below the usage line.
    var discussion = ""
    var examples: [Example]
    var positionals: [Positional] = []
    var options: [OptionSpec]
    /// Works, but is not listed.
    var isHidden = false
    var run: @Sendable (Invocation) throws -> ExitCode

    var name: String { path.joined(separator: " ") }

    /// Its own options and those common to all commands.
    var allOptions: [OptionSpec] { options + Command.commonOptions }

    static let help = Option.flag("help", short: "h", "show this help")
    static let verbose = Option.flag("verbose", short: "v", "print more details when something fails")
    static let configuration = Option.text(
        "config", "FILE", "read options from this file (JSON, comments allowed)")

    private static let commonOptions = [configuration.spec, verbose.spec, help.spec]
}
