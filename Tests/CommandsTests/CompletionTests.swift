// Layer: real shells. What TAB does in bash, zsh and fish.
import Foundation
import ProcessHarness
import TestKit
import Testing

@testable import Commands

@Suite("Completion in real shells", .timeLimit(.minutes(10)))
struct CompletionTests {
    private static func script(_ shell: CompletionScript.Shell) -> String {
        CompletionScript.text(for: shell, CommandLineTool.allCommands)
    }

    /// Whether a shell is there; says so where it is not.
    private static func isThere(_ shell: CompletionScript.Shell) -> Bool {
        let isThere = FileManager.default.isExecutableFile(atPath: "/usr/bin/\(shell.rawValue)")
        if !isThere { print("skipped: there is no \(shell.rawValue); Deploy/setup test installs it") }
        return isThere
    }

    /// What was typed before TAB, and what stands there afterwards: each is the only way to go on.
    static let inserted = [
        ("andon que", "andon query "), ("andon key cr", "andon key create "),
        ("andon query factory --per", "andon query factory --period "),
        ("andon query factory -o js", "andon query factory -o json "),
        ("andon query factory --output js", "andon query factory --output json "),
        ("andon key create --role op", "andon key create --role operator "),
        ("andon completion f", "andon completion fish "),
        ("andon import ev", "andon import events.ndjson "),
        ("andon import events.ndjson --rest", "andon import events.ndjson --restart "),
        ("andon import --key-file my", "andon import --key-file my.key "),
        ("andon up --data-dir pla", "andon up --data-dir plant/"),
    ]

    /// What was typed before TAB, some of what is offered, and what is not.
    static let offered: [(line: String, has: [String], hasNot: [String])] = [
        ("andon ", ["up", "key", "import", "query", "completion"], ["bench-part", "demo-data", "--help"]),
        ("andon key ", ["create", "list", "revoke"], ["--help", "events.ndjson"]),
        ("andon query ", ["workers", "factory", "ledger"], ["--site", "events.ndjson"]),
        ("andon query workers ", ["--site", "--url", "--help"], ["factory", "--role"]),
        ("andon key create --role ", ["ingest", "viewer", "operator", "admin"], ["--site", "events.ndjson"]),
        ("andon query factory -o ", ["table", "json"], ["--site"]),
        ("andon import --format ", ["auto", "ndjson", "json", "csv"], ["events.ndjson"]),
        ("andon query --site x ", ["workers", "factory"], ["--url"]),
        ("andon up --log-format ", ["text", "json"], []),
    ]

    private func folder() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try folder.write("events.ndjson", "")
        try folder.write("my.key", "")
        try FileManager.default.createDirectory(
            atPath: folder.file("plant"), withIntermediateDirectories: false)
        return folder
    }

    @Test("TAB in bash goes on where there is one way, and offers the ways where there are several")
    func bash() throws {
        guard Self.isThere(.bash) else { return }
        let folder = try folder()
        try folder.write("andon.bash", Self.script(.bash))
        let terminal = try ShellTerminal(
            ["/usr/bin/bash", "--norc", "--noprofile", "-i"], in: folder.path,
            setup: """
                bind 'set show-all-if-ambiguous on'; bind 'set page-completions off'; bind 'set bell-style none'
                bind 'set completion-query-items 0'; bind 'set enable-bracketed-paste off'
                show() { printf '\\n<%s>\\n' "$READLINE_LINE"; READLINE_LINE=; READLINE_POINT=0; }
                bind -x '"\\C-g": show'
                source ./andon.bash
                """)
        try check(terminal)
    }

    @Test("TAB in zsh does the same, and leaves the shell able to find programs")
    func zsh() throws {
        guard Self.isThere(.zsh) else { return }
        let folder = try folder()
        try folder.write("andon.zsh", Self.script(.zsh))
        let terminal = try ShellTerminal(
            ["/usr/bin/zsh", "-f", "-i"], in: folder.path,
            setup: """
                setopt no_beep no_prompt_cr; unsetopt auto_menu auto_remove_slash list_ambiguous; LISTMAX=1000; ZLE_REMOVE_SUFFIX_CHARS=
                autoload -Uz compinit && compinit -u -D
                show() { zle -I; print -r -- "<$BUFFER>"; BUFFER= }
                zle -N show; bindkey '^G' show
                source ./andon.zsh
                """)
        try check(terminal)
        #expect(try terminal.answer(to: "ls -d plant\n", until: "plant\n").contains("plant"))
    }

    private func check(_ terminal: ShellTerminal) throws {
        for (typed, wanted) in Self.inserted {
            let shown = try terminal.answer(to: typed + "\t\u{07}", until: ">\n")
            #expect(shown.contains("<\(wanted)>"), "\(typed): \(shown)")
        }
        for (line, has, hasNot) in Self.offered {
            let shown = try terminal.answer(to: line + "\t\u{07}", until: ">\n")
            let words = Set(shown.split(whereSeparator: \.isWhitespace).map(String.init))
            for word in has { #expect(words.contains(word), "\(line): no \(word) in \(shown)") }
            for word in hasNot { #expect(!words.contains(word), "\(line): \(word) in \(shown)") }
        }
    }

    @Test("fish offers the same")
    func fish() throws {
        guard Self.isThere(.fish) else { return }
        let folder = try folder()
        try folder.write("andon.fish", Self.script(.fish))
        func offers(_ line: String) throws -> [String] {
            let process = try AndonProcess.make([])
            process.executableURL = URL(filePath: "/usr/bin/fish")
            process.arguments = ["--no-config", "-c", "source andon.fish; complete -C '\(line)'"]
            process.currentDirectoryURL = folder.url
            let result = try AndonProcess.run(process)
            #expect(result.errors.isEmpty, "\(result.errors)")
            return result.output.split(separator: "\n").map { String($0.split(separator: "\t")[0]) }
        }
        for (typed, wanted) in Self.inserted {
            let last = wanted.split(separator: " ").last.map(String.init) ?? ""
            #expect(try offers(typed) == [last], "\(typed)")
        }
        for (line, has, hasNot) in Self.offered {
            // fish lists options only behind a dash.
            let asksForOptions = has.allSatisfy { $0.hasPrefix("--") }
            let words = try Set(offers(asksForOptions ? line + "-" : line))
            for word in has { #expect(words.contains(word), "\(line): no \(word) in \(words)") }
            for word in hasNot { #expect(!words.contains(word), "\(line): \(word) in \(words)") }
        }
    }

    @Test("every option that takes one of a few words offers these words")
    func choices() {
        for command in CommandLineTool.allCommands where !command.isHidden {
            for (spec, value) in CompletionScript.values(command) where !spec.choices.isEmpty {
                #expect(value == .choices(spec.choices), "\(command.name) --\(spec.name)")
            }
        }
    }
}
