/// Shell completion scripts for commands, options and their values, generated from the same data as the help.
enum CompletionScript {
    enum Shell: String, CaseIterable, Sendable { case bash, zsh, fish }

    static func text(for shell: Shell, _ commands: [Command]) -> String {
        let shown = commands.filter { !$0.isHidden }
        return switch shell {
        case .bash: BashCompletion.text(shown)
        case .zsh: ZshCompletion.text(shown)
        case .fish: FishCompletion.text(shown)
        }
    }

    /// What a shell can offer for a value.
    enum Value: Equatable {
        case choices([String])
        case file
        case folder
        /// Some text that nobody can guess.
        case any

        init(name: String, choices: [String]) {
            self =
                switch name {
                case _ where !choices.isEmpty: .choices(choices)
                case "FILE": .file
                case "DIR": .folder
                default: .any
                }
        }

        /// One word for a shell function to pass on: the choices, or `@` and what it is.
        var word: String {
            switch self {
            case .choices(let choices): choices.joined(separator: " ")
            case .file: "@file"
            case .folder: "@folder"
            case .any: "@any"
            }
        }
    }

    /// The words that may follow each beginning of a command, with what they mean.
    static func followers(_ commands: [Command]) -> [(path: String, words: [(word: String, meaning: String)])] {
        var words: [String: [(word: String, meaning: String)]] = [:]
        for command in commands {
            for depth in command.path.indices {
                let path = command.path[..<depth].joined(separator: " ")
                let word = command.path[depth]
                guard !words[path, default: []].contains(where: { $0.word == word }) else { continue }
                let isWhole = depth == command.path.count - 1
                let group = commands.filter { $0.path.starts(with: command.path[...depth]) }.map { $0.path.last ?? "" }
                words[path, default: []].append((word, isWhole ? command.summary : listed(group, last: "or")))
            }
        }
        return words.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// Every option of a command as it is written: `--output` and `-o`.
    static func names(_ spec: OptionSpec) -> [String] { ["--\(spec.name)"] + (spec.short.map { ["-\($0)"] } ?? []) }

    /// What may stand behind each option of a command that takes a value.
    static func values(_ command: Command) -> [(option: OptionSpec, value: Value)] {
        command.allOptions.compactMap { spec in
            spec.valueName.map { (spec, Value(name: $0, choices: spec.choices)) }
        }
    }

    /// What may stand at each place of a command's arguments.
    static func places(_ command: Command) -> [Value] {
        command.positionals.map { Value(name: $0.name, choices: $0.choices) }
    }

    /// Lines of a `case` that answers what may stand behind an option (`query:--output`) or at a place (`query:0`).
    static func valueCases(_ commands: [Command], _ line: (_ patterns: [String], _ value: Value) -> String) -> [String]
    {
        commands.flatMap { command in
            values(command).map { spec, value in line(names(spec).map { "\(command.name):\($0)" }, value) }
                + places(command).enumerated().map { line(["\(command.name):\($0.offset)"], $0.element) }
        }
    }
}
