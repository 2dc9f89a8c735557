/// Completion in fish 3 and newer.
enum FishCompletion {
    static func text(_ commands: [Command]) -> String {
        var lines: [String] = []
        for entry in CompletionScript.followers(commands) {
            for (word, meaning) in entry.words {
                lines.append(complete("__andon_at '\(entry.path)' 0", "-a \(word) -d '\(quoted(meaning))'"))
            }
        }
        for command in commands {
            for (place, value) in CompletionScript.places(command).enumerated() {
                lines.append(complete("__andon_at '\(command.name)' \(place)", offer(value)))
            }
            for spec in command.allOptions {
                let short = spec.short.map { " -s \($0)" } ?? ""
                let value = spec.valueName.map { CompletionScript.Value(name: $0, choices: spec.choices) }
                let takes = value.map { " -r " + offer($0) } ?? ""
                lines.append(
                    complete(
                        "__andon_at '\(command.name)'", "-l \(spec.name)\(short)\(takes) -d '\(quoted(spec.help))'"))
            }
        }
        let words = CompletionScript.followers(commands).flatMap { entry in
            entry.words.map { "'\(entry.path):\($0.word)'" }
        }
        let takers = commands.flatMap { command in
            CompletionScript.values(command).flatMap { CompletionScript.names($0.option) }
                .map { "'\(command.name):\($0)'" }
        }
        return """
            # Completion of andon for fish: andon completion fish > ~/.config/fish/completions/andon.fish
            set -g __andon_words \(words.joined(separator: " "))
            set -g __andon_takers \(takers.joined(separator: " "))
            \(engine)
            \(lines.joined(separator: "\n"))

            """
    }

    private static func complete(_ condition: String, _ what: String) -> String {
        "complete -c andon -n \"\(condition)\" \(what)"
    }

    private static func offer(_ value: CompletionScript.Value) -> String {
        switch value {
        case .choices(let choices): "-f -a '\(choices.joined(separator: " "))'"
        case .file: "-F"
        case .folder: "-f -a '(__fish_complete_directories (commandline -ct))'"
        case .any: "-f"
        }
    }

    private static func quoted(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("'", with: "\\'")
    }

    private static let engine = #"""
        function __andon_at --description 'whether the words so far are this command, with so many arguments'
            set -l so_far ''
            set -l place 0
            set -l pending ''
            set -l ended ''
            for word in (commandline -opc)[2..-1]
                if test -n "$pending"
                    set pending ''
                else if test -z "$ended" -a "$word" = --
                    set ended yes
                else if test -z "$ended"; and string match -q -- '-*' $word
                    contains -- "$so_far:$word" $__andon_takers; and set pending $word
                else if test $place = 0; and contains -- "$so_far:$word" $__andon_words
                    set so_far (string trim -- "$so_far $word")
                else
                    set place (math $place + 1)
                end
            end
            test "$so_far" = "$argv[1]"; or return 1
            test (count $argv) = 1 -o "$place" = "$argv[2]"
        end
        complete -c andon -f
        """#
}
