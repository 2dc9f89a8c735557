/// Shell completion scripts for commands and options, generated from the same data as the help.
enum CompletionScript {
    enum Shell: String, CaseIterable, Sendable { case bash, zsh, fish }

    static func text(for shell: Shell, _ commands: [Command]) -> String {
        let shown = commands.filter { !$0.isHidden }
        switch shell {
        case .bash: return bash(shown)
        case .zsh: return "#compdef andon\nautoload -U +X bashcompinit && bashcompinit\n" + bash(shown)
        case .fish: return fish(shown)
        }
    }

    /// The words that may follow each command prefix.
    private static func followers(_ commands: [Command]) -> [(path: String, words: [String])] {
        var words: [String: [String]] = [:]
        for command in commands {
            for depth in command.path.indices {
                let path = command.path[..<depth].joined(separator: " ")
                let word = command.path[depth]
                if !words[path, default: []].contains(word) { words[path, default: []].append(word) }
            }
            words[command.name, default: []] += command.positionals.flatMap(\.choices)
        }
        return words.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    private static func bash(_ commands: [Command]) -> String {
        let words = followers(commands).map { entry in
            let options = commands.first { $0.name == entry.path }?.allOptions.map { "--\($0.name)" } ?? ["--help"]
            return "        \"\(entry.path)\") words=\"\((entry.words + options).joined(separator: " "))\" ;;"
        }
        var choices: [String: [String]] = [:]
        for spec in commands.flatMap(\.allOptions) where !spec.choices.isEmpty {
            choices["--\(spec.name)"] = spec.choices
        }
        let values = choices.sorted { $0.key < $1.key }.map {
            "        \($0.key)) words=\"\($0.value.joined(separator: " "))\" ;;"
        }
        return """
            _andon() {
                local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} path="" words="" word
                for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
                    case $word in -*) break ;; *) path="${path:+$path }$word" ;; esac
                done
                case $path in
            \(words.joined(separator: "\n"))
                esac
                case $previous in
            \(values.joined(separator: "\n"))
                    --data-dir) COMPREPLY=($(compgen -d -- "$current")); return ;;
                    --config|--key-file) COMPREPLY=($(compgen -f -- "$current")); return ;;
                esac
                COMPREPLY=($(compgen -W "$words" -- "$current"))
                [ ${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- "$current"))
            }
            complete -F _andon andon

            """
    }

    private static func fish(_ commands: [Command]) -> String {
        var lines: [String] = []
        for entry in followers(commands) {
            let condition =
                entry.path.isEmpty
                ? "__fish_use_subcommand"
                : entry.path.split(separator: " ").map { "__fish_seen_subcommand_from \($0)" }.joined(
                    separator: "; and ")
            for word in entry.words {
                let summary = commands.first {
                    $0.name == [entry.path, word].filter { !$0.isEmpty }.joined(separator: " ")
                }
                let description = summary.map { " -d '\($0.summary.replacing("'", with: "\\'"))'" } ?? ""
                lines.append("complete -c andon -n '\(condition)' -a '\(word)'\(description)")
            }
        }
        for command in commands {
            let condition = command.path.map { "__fish_seen_subcommand_from \($0)" }.joined(separator: "; and ")
            for spec in command.allOptions {
                let short = spec.short.map { " -s \($0)" } ?? ""
                let value =
                    spec.isFlag ? "" : spec.choices.isEmpty ? " -r" : " -x -a '\(spec.choices.joined(separator: " "))'"
                let help = spec.help.replacing("'", with: "\\'")
                lines.append("complete -c andon -n '\(condition)' -l \(spec.name)\(short)\(value) -d '\(help)'")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
