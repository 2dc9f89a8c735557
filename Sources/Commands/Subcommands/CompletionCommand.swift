/// `andon completion bash|zsh|fish`
enum CompletionCommand {
    static let command = Command(
        path: ["completion"],
        summary: "prints a script for your shell that completes commands, options and values",
        examples: [
            .init("source <(andon completion bash)", "complete in this bash"),
            .init("andon completion fish > ~/.config/fish/completions/andon.fish", "complete in every new fish"),
        ],
        positionals: [
            .init(name: "SHELL", help: "your shell", choices: CompletionScript.Shell.allCases.map(\.rawValue))
        ],
        options: [],
        run: { invocation in
            guard let shell = CompletionScript.Shell(rawValue: invocation.positionals[0]) else { return .usage }
            let script = CompletionScript.text(for: shell, CommandLineTool.allCommands)
            try invocation.console.writeOutput(Array(script.utf8))
            return .success
        })
}
