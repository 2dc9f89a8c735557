/// Completion in zsh, by its own completion system.
enum ZshCompletion {
    static func text(_ commands: [Command]) -> String {
        let words = CompletionScript.followers(commands).map { entry in
            "        ('\(entry.path)') reply=(\(list(entry.words.map { ($0.word, $0.meaning) }))) ;;"
        }
        let options = commands.map { command in
            "        ('\(command.name)') reply=(\(list(command.allOptions.map { ("--\($0.name)", $0.help) }))) ;;"
        }
        let values = CompletionScript.valueCases(commands) { patterns, value in
            "        (\(patterns.map { "'\($0)'" }.joined(separator: "|"))) kind='\(value.word)' ;;"
        }
        return """
            #compdef andon
            # Completion of andon for zsh: source <(andon completion zsh), or this as a file _andon in a folder of $fpath
            _andon_words() { # the words that may follow a beginning of a command
                reply=()
                case $1 in
            \(words.joined(separator: "\n"))
                esac
            }
            _andon_options() { # the options of a command
                reply=('--help')
                case $1 in
            \(options.joined(separator: "\n"))
                esac
            }
            _andon_value() { # what may stand behind an option of a command, or at a place; nothing for a flag
                kind=''
                case $1:$2 in
            \(values.joined(separator: "\n"))
                esac
            }
            \(engine)
            """
    }

    /// `'word:meaning' …`, quoted as zsh and its `_describe` read it.
    private static func list(_ entries: [(String, String)]) -> String {
        entries.map { word, meaning in
            "'\(word):\(meaning.replacing("\\", with: "\\\\").replacing(":", with: "\\:").replacing("'", with: "'\\''"))'"
        }.joined(separator: " ")
    }

    private static let engine = #"""
        _andon_offer() { # what a kind of value stands for
            case $kind in
                (@file) _files ;;
                (@folder) _files -/ ;;
                (@any) _message 'a value' ;;
                (*) compadd -- ${=kind} ;;
            esac
        }
        _andon() {
            # Not `path`: in zsh that is where programs are looked for.
            local so_far='' pending='' ended='' word kind
            local -i place=0 i
            local -a reply
            for ((i = 2; i < CURRENT; i++)); do
                word=${(Q)words[i]}
                if [[ -n $pending ]]; then
                    pending=''
                elif [[ -z $ended && $word == -- ]]; then
                    ended=yes
                elif [[ -z $ended && $word == --*=* ]]; then
                    :
                elif [[ -z $ended && $word == -* ]]; then
                    _andon_value "$so_far" "$word"
                    if [[ -n $kind ]]; then pending=$word; fi
                else
                    _andon_words "$so_far"
                    if (( place == 0 )) && [[ -n ${(M)reply:#${(b)word}:*} ]]; then
                        so_far="${so_far:+$so_far }$word"
                    else
                        place+=1
                    fi
                fi
            done
            if [[ -z $pending && -z $ended && $PREFIX == --*=* ]]; then
                pending=${PREFIX%%=*}
                compset -P '*='
            fi
            if [[ -n $pending ]]; then
                _andon_value "$so_far" "$pending"
                _andon_offer
                return
            fi
            if [[ $PREFIX != -* ]]; then
                if (( place == 0 )); then
                    _andon_words "$so_far"
                    if (( $#reply )); then
                        _describe -t commands command reply
                        return
                    fi
                fi
                _andon_value "$so_far" "$place"
                if [[ -n $kind ]]; then
                    _andon_offer
                    return
                fi
            fi
            _andon_options "$so_far"
            _describe -t flags option reply
        }
        if [[ ${funcstack[1]} == _andon ]]; then
            _andon "$@"
        else
            (( $+functions[compdef] )) || { autoload -Uz compinit && compinit; }
            compdef _andon andon
        fi

        """#
}
