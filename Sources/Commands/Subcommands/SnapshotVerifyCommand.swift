internal import JSON
internal import Replay

/// `andon snapshot verify`
enum SnapshotVerifyCommand {
    static let command = Command(
        path: ["snapshot", "verify"],
        summary: "compares snapshots with their descriptions: hash, checks of all pages, digests",
        discussion: "Changes nothing. The exit code is 65 when one of them is not what was written.",
        examples: [
            .init("andon snapshot verify --data-dir ./andon-data", "all in ./andon-data/snapshots"),
            .init("andon snapshot verify p0-1200-1f2e3d4c5b6a --snapshot-dir /mnt/snapshots", "one of them"),
        ],
        positionals: [.init(name: "ID", help: "a snapshot, as andon snapshot list shows it", isOptional: true)],
        options: [
            DataDirectory.option.spec, SnapshotOptions.directory.spec, SnapshotOptions.partitions.spec,
            OutputFormat.option.spec,
        ],
        run: { invocation in
            let signals = StopSignals.install(invocation.console)
            return try run(invocation, isStopping: { signals.isStopping })
        })

    static func run(_ invocation: Invocation, isStopping: @escaping () -> Bool) throws -> ExitCode {
        let directory = DataDirectory(path: try invocation.value(DataDirectory.option))
        let snapshots = try SnapshotOptions.snapshots(invocation, of: directory)
        let manifests = try SnapshotOptions.selected(invocation, in: snapshots)
        let progress = WorkProgress("verify", invocation.console, isStopping: isStopping)
        defer { progress.end() }
        /// What is wrong with each; nil: nothing.
        var results: [(manifest: SnapshotManifest, trouble: String?)] = []
        for manifest in manifests where !progress.isStopped {
            do {
                let check = SnapshotCheck(snapshots)
                guard try check.run(manifest, { progress.note(done: $0, total: $1) }) else { continue }
                results.append((manifest, nil))
            } catch { results.append((manifest, reason(of: error))) }
            progress.end()
        }
        try invocation.console.write(
            invocation.value(OutputFormat.option), json: { json(results) },
            tables: {
                var table = Table([.text("snapshot"), .text("result"), .text("reason")])
                for (manifest, trouble) in results {
                    table.append([manifest.id.text, trouble == nil ? "ok" : "damaged", trouble ?? ""])
                }
                return [table]
            })
        guard !progress.isStopped else { return .interrupted }
        return results.allSatisfy { $0.trouble == nil } ? .success : .badData
    }

    private static func json(_ results: [(manifest: SnapshotManifest, trouble: String?)]) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.key("items")
            json.array { json in
                for (manifest, trouble) in results {
                    json.object { json in
                        json.member("id", manifest.id.text)
                        json.member("result", trouble == nil ? "ok" : "damaged")
                        json.key("reason")
                        json.string(orNull: trouble)
                    }
                }
            }
        }
        return json.bytes
    }
}
