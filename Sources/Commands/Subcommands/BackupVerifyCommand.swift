/// `andon backup verify`
enum BackupVerifyCommand {
    static let command = Command(
        path: ["backup", "verify"],
        summary: "checks everything in a backup, and shows what it holds",
        discussion: """
            Compares every file with its hash, reads every record, and computes the digests of the projections again.
            Changes nothing. The exit code is 65 when something is not what was written.
            """,
        examples: [.init("andon backup verify /mnt/backup/2026-01-12", "check a backup")],
        positionals: [.init(name: "DIR", help: "the folder of the backup")],
        options: [OutputFormat.option.spec],
        run: { invocation in
            let signals = StopSignals.install(invocation.console)
            return try run(invocation, isStopping: { signals.isStopping })
        })

    static func run(_ invocation: Invocation, isStopping: @escaping () -> Bool) throws -> ExitCode {
        let directory = DataDirectory(path: invocation.positionals[0])
        let check = BackupCheck(
            directory: directory, files: WorkProgress("verify files", invocation.console, isStopping: isStopping),
            log: WorkProgress("verify the log", unit: "records", invocation.console, isStopping: isStopping))
        defer {
            check.files.end()
            check.log.end()
        }
        guard let outcome = try check.run() else { return .interrupted }
        let more = [("events", outcome.events), ("keys", Int64(outcome.keys))]
        try invocation.console.write(
            invocation.value(OutputFormat.option), json: { BackupCommand.json(outcome.manifest, more) },
            tables: { BackupCommand.tables(outcome.manifest, in: directory.path, more) })
        invocation.console.note("everything in it is what was written")
        return .success
    }
}
