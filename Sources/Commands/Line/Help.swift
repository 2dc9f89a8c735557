/// Help texts, all generated from the data that the parser uses.
enum Help {
    /// What `andon` prints without arguments.
    static func overview(_ commands: [Command]) -> String {
        let shown = commands.filter { !$0.isHidden }
        return """
            Andon turns the events of factory cameras into figures about people, stations and the whole plant.

            Examples:
              andon up --open
                  start everything on http://127.0.0.1:8080 without keys, to look around
              andon key create --role admin --out admin.key
                  create an admin key in a new file
              andon site apply site.json --key-file admin.key
                  define the site: who works where
              andon import events.ndjson --key-file admin.key --site plant-1
                  send a file of events
              andon query workers --key-file admin.key --site plant-1
                  ask for figures

            Commands:
            \(pairs(shown.map { ($0.name, $0.summary) }))

            andon COMMAND --help explains each of them; andon --version prints the version.
            andon help \(ReferencePage.Topic.allCases.map(\.rawValue).joined(separator: "|")) lists what there is of these.

            \(exitCodes)
            """
    }

    /// What `andon COMMAND --help` prints.
    static func text(_ command: Command) -> String {
        var sections = ["andon \(command.name): \(command.summary)"]
        sections.append(
            "Examples:\n"
                + command.examples.map { "  \($0.line)\n      \($0.meaning)" }.joined(separator: "\n"))
        sections.append("Usage: " + usage(command))
        if !command.discussion.isEmpty { sections.append(command.discussion) }
        if !command.positionals.isEmpty {
            sections.append("Arguments:\n" + pairs(command.positionals.map { ($0.name, argument($0)) }))
        }
        sections.append("Options:\n" + pairs(command.allOptions.map { (label($0), explanation($0)) }))
        sections.append(
            "Options can also come from the environment (ANDON_DATA_DIR for --data-dir) or from the file of --config\n"
                + "(data_dir). Flags override the environment, the environment overrides the file.")
        sections.append(exitCodes)
        return sections.joined(separator: "\n\n")
    }

    private static func usage(_ command: Command) -> String {
        let positionals = command.positionals.map { $0.isOptional ? "[\($0.name)]" : $0.name }
        return (["andon", command.name] + positionals + ["[options]"]).joined(separator: " ")
    }

    private static func argument(_ positional: Command.Positional) -> String {
        positional.choices.isEmpty ? positional.help : "\(positional.help): \(listed(positional.choices, last: "or"))"
    }

    private static func label(_ spec: OptionSpec) -> String {
        let short = spec.short.map { "-\($0), " } ?? ""
        let value = spec.valueName.map { " \($0)" } ?? ""
        return "\(short)--\(spec.name)\(value)"
    }

    private static func explanation(_ spec: OptionSpec) -> String {
        var text = spec.help
        if !spec.choices.isEmpty { text += ": " + listed(spec.choices, last: "or") }
        if spec.isRepeatable { text += " (may be repeated)" }
        if let value = spec.defaultText { text += " [\(value)]" }
        return text
    }

    private static var exitCodes: String {
        "Exit codes: " + ExitCode.meanings.map { "\($0.code.rawValue) \($0.meaning)" }.joined(separator: ", ")
    }

    /// Two columns; the left one is as wide as its widest entry.
    private static func pairs(_ pairs: [(String, String)]) -> String {
        let width = pairs.map(\.0.count).max() ?? 0
        return pairs.map { "  " + $0.0 + String(repeating: " ", count: width - $0.0.count + 3) + $0.1 }
            .joined(separator: "\n")
    }
}
