/// Completion in bash 4 and newer.
enum BashCompletion {
    static func text(_ commands: [Command]) -> String {
        let words = CompletionScript.followers(commands).map { entry in
            "        \"\(entry.path)\") _andon_reply=\"\(entry.words.map(\.word).joined(separator: " "))\" ;;"
        }
        let options = commands.map { command in
            "        \"\(command.name)\") _andon_reply=\""
                + command.allOptions.map { "--\($0.name)" }.joined(separator: " ") + "\" ;;"
        }
        let values = CompletionScript.valueCases(commands) { patterns, value in
            "        \(patterns.map { "\"\($0)\"" }.joined(separator: "|"))) _andon_reply=\"\(value.word)\" ;;"
        }
        return """
            # Completion of andon for bash: source <(andon completion bash)
            _andon_words() { # the words that may follow a beginning of a command
                _andon_reply=""
                case $1 in
            \(words.joined(separator: "\n"))
                esac
            }
            _andon_options() { # the options of a command
                _andon_reply="--help"
                case $1 in
            \(options.joined(separator: "\n"))
                esac
            }
            _andon_value() { # what may stand behind an option of a command, or at a place; nothing for a flag
                _andon_reply=""
                case $1:$2 in
            \(values.joined(separator: "\n"))
                esac
            }
            \(engine)
            """
    }

    private static let engine = #"""
        _andon_offer() { # COMPREPLY from words, or from what the file system has
            case $1 in
                @file) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$2") ;;
                @folder) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$2") ;;
                @any) COMPREPLY=() ;;
                *) mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2") ;;
            esac
        }
        _andon() {
            local current=${COMP_WORDS[COMP_CWORD]} so_far="" place=0 pending="" ended="" word i _andon_reply
            COMPREPLY=()
            for ((i = 1; i < COMP_CWORD; i++)); do
                word=${COMP_WORDS[i]}
                # bash takes --name=value apart.
                [ "$word" = "=" ] && continue
                if [ -n "$pending" ]; then
                    pending=""
                elif [ -z "$ended" ] && [ "$word" = "--" ]; then
                    ended=yes
                elif [ -z "$ended" ] && [ "${word:0:1}" = "-" ]; then
                    _andon_value "$so_far" "$word"
                    [ -n "$_andon_reply" ] && pending=$word
                else
                    _andon_words "$so_far"
                    if [ "$place" = 0 ] && [[ " $_andon_reply " == *" $word "* ]]; then
                        so_far="${so_far:+$so_far }$word"
                    else
                        place=$((place + 1))
                    fi
                fi
            done
            [ "$current" = "=" ] && current=""
            if [ -n "$pending" ]; then
                _andon_value "$so_far" "$pending"
                _andon_offer "$_andon_reply" "$current"
                return
            fi
            if [ "${current:0:1}" != "-" ]; then
                if [ "$place" = 0 ]; then
                    _andon_words "$so_far"
                    if [ -n "$_andon_reply" ]; then _andon_offer "$_andon_reply" "$current"; return; fi
                fi
                _andon_value "$so_far" "$place"
                if [ -n "$_andon_reply" ]; then _andon_offer "$_andon_reply" "$current"; return; fi
            fi
            _andon_options "$so_far"
            _andon_offer "$_andon_reply" "$current"
        }
        complete -F _andon andon

        """#
}
