internal import EventModel
internal import JSON
internal import Locks
internal import Replay

/// `andon backup`
enum BackupCommand {
    static let command = Command(
        path: ["backup"],
        summary: "copies a data directory, beside a running server or a stopped one",
        discussion: """
            Log, projections, definitions with names, and keys, consistent with each other: andon up --data-dir DIR starts
            on the copy at once, here or on another machine. Events and questions go on while it is made.
            DIR is a new folder. After Ctrl-C, a failure or a kill it says that it is not whole, no server starts on it, and
            the same command goes on. The copy is the same log: never run a server on both and send events to each.
            On Kafka, the log is the brokers' to keep; andon snapshot create copies projections.
            """,
        examples: [
            .init(
                "andon backup /mnt/backup/2026-01-12 --data-dir ./andon-data", "then check it: andon backup verify DIR")
        ],
        positionals: [.init(name: "DIR", help: "the folder of the backup, which is not there yet")],
        options: [DataDirectory.option.spec, OutputFormat.option.spec],
        run: { invocation in
            let signals = StopSignals.install(invocation.console)
            BackgroundThread.giveWay()
            return try run(invocation, isStopping: { signals.isStopping })
        })

    /// The command with a way to stop it that a test can choose.
    static func run(_ invocation: Invocation, isStopping: @escaping () -> Bool) throws -> ExitCode {
        let console = invocation.console
        let environment = DirectoryBackup.Environment(
            log: WorkProgress("backup of the log", unit: "records", console, isStopping: isStopping),
            projections: WorkProgress("backup of the projections", console, isStopping: isStopping),
            note: { console.note($0) })
        let source = DataDirectory(path: try invocation.value(DataDirectory.option))
        let target = DataDirectory(path: invocation.positionals[0])
        let backup = DirectoryBackup(source: source, target: target, environment: environment)
        defer { environment.log.end() }
        guard let manifest = try backup.run() else {
            console.note("stopped; '\(target.path)' is not whole, and the same command goes on with it")
            return .interrupted
        }
        try console.write(
            invocation.value(OutputFormat.option), json: { json(manifest, []) },
            tables: { tables(manifest, in: target.path, []) })
        console.note("next: andon backup verify \(target.path)")
        return .success
    }

    /// - Parameter more: further lines.
    static func tables(_ manifest: BackupManifest, in path: String, _ more: [(String, Int64)]) -> [Table] {
        var table = Table([.text("in \(path)"), .text("value")])
        table.append(["log", manifest.log.description])
        table.append(["taken", manifest.createdAt.formatted])
        table.append(["records", grouped(manifest.end.value - manifest.skipped)])
        for (name, number) in more { table.append([name, grouped(number)]) }
        table.append(["sites", grouped(manifest.sites)])
        table.append([
            "projections", manifest.snapshot.map { "before offset \(grouped($0.nextOffset.value))" } ?? "none",
        ])
        table.append(["bytes", grouped(manifest.files.reduce(0) { $0 + $1.bytes })])
        guard let snapshot = manifest.snapshot, !snapshot.digests.isEmpty else { return [table] }
        var digests = Table([.text("site"), .text("digest of the projections")])
        for site in snapshot.digests { digests.append([site.site.description, site.digest]) }
        return [table, digests]
    }

    static func json(_ manifest: BackupManifest, _ more: [(String, Int64)]) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.member("log", manifest.log.description)
            json.member("created_at", manifest.createdAt.formatted)
            json.member("end", manifest.end.value)
            json.member("records", manifest.end.value - manifest.skipped)
            for (name, number) in more {
                json.key(name)
                json.integer(number)
            }
            json.member("sites", manifest.sites)
            json.key("snapshot")
            if let snapshot = manifest.snapshot {
                json.object { json in snapshot.write(to: &json) }
            } else {
                json.null()
            }
        }
        return json.bytes
    }
}
