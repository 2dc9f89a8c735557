internal import Observability

/// Splits the words of a command line into flags and positionals.
struct Parser {
    /// By option name, in the order given.
    private(set) var flags: [String: [String]] = [:]
    private(set) var positionals: [String] = []
    private let command: Command

    /// - Throws: a usage error that names the word, and a suggestion if it looks like a typing error.
    init(_ words: some Sequence<String>, for command: Command) throws(CommandFailure) {
        self.command = command
        var rest = Array(words)[...]
        while let word = rest.popFirst() {
            if word == "--" {
                positionals += rest
                break
            } else if word.hasPrefix("--") {
                try long(word.dropFirst(2), &rest)
            } else if word.hasPrefix("-"), word.count > 1 {
                try short(word.dropFirst(), &rest)
            } else {
                positionals.append(word)
            }
        }
    }

    private mutating func long(_ word: Substring, _ rest: inout ArraySlice<String>) throws(CommandFailure) {
        let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard let spec = command.allOptions.first(where: { $0.name == parts[0] }) else {
            let names = command.allOptions.map(\.name)
            let guess = Suggestion.nearest(to: String(parts[0]), among: names)
            throw CommandFailure(
                .usage, "andon \(command.name) has no option '--\(printable(String(parts[0])))'",
                next: guess.map { "did you mean '--\($0)'?" } ?? "andon \(command.name) --help")
        }
        try take(spec, attached: parts.count == 2 ? String(parts[1]) : nil, &rest)
    }

    private mutating func short(_ word: Substring, _ rest: inout ArraySlice<String>) throws(CommandFailure) {
        guard let letter = word.first, let spec = command.allOptions.first(where: { $0.short == letter }) else {
            throw CommandFailure(
                .usage, "andon \(command.name) has no option '-\(printable(String(word)))'",
                next: "andon \(command.name) --help")
        }
        var attached: String?
        if word.count > 1 {
            guard !spec.isFlag else {
                throw CommandFailure(
                    .usage, "'-\(printable(String(word)))' is more than one option",
                    why: "-\(letter) takes no value, and letters are not joined", next: "write each option apart")
            }
            attached = String(word.dropFirst())
            if attached?.hasPrefix("=") == true { attached?.removeFirst() }
        }
        try take(spec, attached: attached, &rest)
    }

    private mutating func take(
        _ spec: OptionSpec, attached: String?, _ rest: inout ArraySlice<String>
    ) throws(CommandFailure) {
        if spec.isFlag {
            flags[spec.name, default: []].append(attached ?? "true")
        } else if let attached {
            flags[spec.name, default: []].append(attached)
        } else if let next = rest.first, !next.hasPrefix("--") {
            flags[spec.name, default: []].append(next)
            rest.removeFirst()
        } else {
            throw CommandFailure(
                .usage, "--\(spec.name) needs a value: \(spec.valueName ?? "VALUE")",
                why: rest.first.map { "'\(printable($0))' looks like the next option" },
                next: "write --\(spec.name)=\(spec.valueName ?? "VALUE")")
        }
    }
}
