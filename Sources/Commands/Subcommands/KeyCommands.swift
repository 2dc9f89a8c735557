internal import Access
internal import Clocks
internal import EventLog
internal import EventModel
internal import Foundation
internal import JSON
internal import KafkaLog

/// Where API keys are stored: in a data directory, or in a topic that all gateways and workers read.
private enum KeyPlace {
    static let specs = [DataDirectory.option.spec] + KafkaOptions.specs

    static func open<Result>(
        _ invocation: Invocation, _ body: (any KeyAdministration) throws -> Result
    ) throws -> Result {
        if let kafka = try KafkaOptions.given(invocation) { return try open(kafka, body) }
        let directory = DataDirectory(path: try invocation.value(DataDirectory.option))
        // Keys in any other folder would be keys that no server ever reads.
        guard directory.becomesStore else {
            try directory.requireExisting()
            throw CommandFailure(
                .failure, "'\(directory.path)' is no data directory of Andon", why: "it holds no log that can be read",
                next: "andon up --data-dir \(directory.path) creates one; or name another with --data-dir")
        }
        return try explaining("cannot work on the API keys in '\(directory.path)'") {
            do { return try body(try KeyStore(path: directory.keys)) } catch let error as KeyError
                where error.code == .damaged
            {
                throw DirectoryTrouble.keys(directory, error, isDamaged: true).failure
                    ?? CommandFailure(unexplained: error)
            }
        }
    }

    private static func open<Result>(
        _ kafka: KafkaOptions, _ body: (any KeyAdministration) throws -> Result
    ) throws -> Result {
        try explaining("cannot work on the API keys at \(kafka.brokers)") {
            let topics = try KafkaTopics(try kafka.settings("key"))
            defer { topics.close() }
            let keys = try TopicKeyStore(topics: topics, names: kafka.names)
            defer { keys.stop() }
            return try body(keys)
        }
    }

    /// Identity of the log that the keys are for, as a server tells it at `/livez`.
    static func logIdentity(_ invocation: Invocation) throws -> String? {
        guard let kafka = try KafkaOptions.given(invocation) else {
            return DataDirectory(path: try invocation.value(DataDirectory.option)).logIdentity
        }
        return try explaining("cannot read the log at \(kafka.brokers)") {
            let log = try KafkaLog.open(try kafka.settings("key"), role: .readOnly)
            defer { log.close() }
            return log.epoch.description
        }
    }
}

/// `andon key create` (SPEC 8.2)
enum KeyCreateCommand {
    private static let role = Option<Role>.choice("role", "ROLE", "what the key may do")
    private static let site = Option<SiteID>(
        "site", "SITE", "a site that the key is bound to; without any it is valid for all", repeatable: true
    ) { text throws(InvalidValue) in
        let site = SiteID(text)
        guard site.isValid else { throw InvalidValue("1 to 64 of the characters A-Z a-z 0-9 . _ -, and not . or ..") }
        return site
    }
    private static let name = Option<String>("name", "TEXT", "a name for the list of keys, up to 200 bytes") {
        text throws(InvalidValue) in
        guard text.utf8.count <= 200 else { throw InvalidValue("at most 200 bytes") }
        return text
    }
    private static let rateLimit = Option.integer(
        "rate-limit", "N", "requests a minute for this key, instead of the server's limits; 0: no limit",
        in: 0...10_000_000)

    private static let out = Option.text(
        "out", "FILE", "write the key into this new file, which only you can read, instead of printing it")

    static let command = Command(
        path: ["key", "create"],
        summary: "creates an API key and prints it once",
        discussion: """
            ingest sends events; viewer reads; operator does both; admin may do everything, definitions and keys too.
            A running server accepts the key within a second. Only its hash is stored: a lost key cannot be shown again.
            The file of --out holds the key on its first line, and below it the log that the key is for: a command with
            --key-file sends the key to the server of that log only.
            """,
        examples: [
            .init("andon key create --role admin --out admin.key", "a key for everything, in a file"),
            .init(
                "andon key create --role ingest --site plant-1 --name camera-3 --rate-limit 0",
                "a key for one camera server"),
        ],
        options: KeyPlace.specs + [role.spec, site.spec, name.spec, rateLimit.spec, out.spec],
        run: run)

    private static func run(_ invocation: Invocation) throws -> ExitCode {
        let role = try invocation.value(role)
        let path = try invocation.optional(out)
        if let path { try KeyFile.check(path) }
        let (made, log) = try KeyPlace.open(invocation) { keys in
            let log = try path == nil ? nil : KeyPlace.logIdentity(invocation)
            let made = try keys.create(
                role: role, sites: try invocation.values(site), name: try invocation.optional(name) ?? "",
                rateLimit: try invocation.optional(rateLimit), at: SystemClock().now)
            return (made, log)
        }
        let what = "key \(made.key.id), \(role.rawValue), \(KeyListCommand.sites(made.key))"
        if let path {
            try KeyFile(key: made.text, log: log).write(to: path)
            invocation.console.note("\(what); written to \(path)")
        } else {
            try invocation.console.line(made.text)
            invocation.console.note("\(what); keep it: it is not shown again")
        }
        return .success
    }
}

/// `andon key list`
enum KeyListCommand {
    static let command = Command(
        path: ["key", "list"],
        summary: "lists the API keys with their ids, revoked ones too; never the secrets",
        examples: [.init("andon key list", "what each key may do, and its id")],
        options: KeyPlace.specs + [OutputFormat.option.spec],
        run: { invocation in
            let keys = try KeyPlace.open(invocation) { try $0.list() }
            try invocation.console.write(
                invocation.value(OutputFormat.option), json: { json(keys) }, tables: { [table(keys)] })
            return .success
        })

    static func sites(_ key: APIKey) -> String {
        key.sites.isEmpty ? "all sites" : key.sites.map(\.text).joined(separator: ",")
    }

    private static func table(_ keys: [APIKey]) -> Table {
        var table = Table([
            .text("id"), .text("role"), .text("sites"), .number("requests/min"), .text("created"), .text("revoked"),
            .text("name"),
        ])
        for key in keys {
            let limit = key.rateLimit.map { $0 == 0 ? "no limit" : grouped($0) } ?? "default"
            table.append([
                key.id, key.role.rawValue, sites(key), limit, key.createdAt.formatted, key.revokedAt?.formatted ?? "-",
                key.name,
            ])
        }
        return table
    }

    private static func json(_ keys: [APIKey]) -> [UInt8] {
        JSONWriter.items(keys) { key, writer in
            writer.member("id", key.id)
            writer.member("name", key.name)
            writer.member("role", key.role.rawValue)
            writer.key("sites")
            writer.array { writer in for site in key.sites { writer.string(site.text) } }
            writer.key("rate_limit")
            writer.integer(orNull: key.rateLimit.map(Int64.init))
            writer.member("created_at", key.createdAt.formatted)
            writer.key("revoked_at")
            writer.string(orNull: key.revokedAt?.formatted)
        }
    }
}

/// `andon key revoke`
enum KeyRevokeCommand {
    static let command = Command(
        path: ["key", "revoke"],
        summary: "revokes an API key; a running server refuses it within a second",
        discussion: """
            Takes the id that andon key list shows, the key itself, or @FILE for the key in a file. Asks before it revokes;
            off a terminal it needs --yes. A revoked key cannot be made valid again.
            """,
        examples: [
            .init("andon key revoke 4a03989455b6e04d", "revoke the key with this id, as andon key list shows it"),
            .init("andon key revoke @admin.key --yes", "revoke the key in a file, without being asked"),
        ],
        positionals: [.init(name: "KEY", help: "the key's id, the key, or @FILE")],
        options: KeyPlace.specs + [Confirmation.yes.spec],
        run: run)

    private static func run(_ invocation: Invocation) throws -> ExitCode {
        let id = try id(invocation.positionals[0])
        let revoked = try KeyPlace.open(invocation) { keys in
            guard let key = try keys.list().first(where: { $0.id == id }) else { return false }
            if let time = key.revokedAt {
                throw CommandFailure(.failure, "key \(id) was revoked before, at \(time.formatted)")
            }
            let name = key.name.isEmpty ? "" : " '\(printable(key.name))'"
            try Confirmation.require(
                "revoke key \(id)\(name) (\(key.role.rawValue), \(KeyListCommand.sites(key)))", invocation)
            return try keys.revoke(id: id, at: SystemClock().now)
        }
        guard revoked else {
            throw CommandFailure(.failure, "there is no key with the id '\(id)'", next: "andon key list")
        }
        invocation.console.note("key \(id) is revoked")
        return .success
    }

    /// The id in what was given. What is no id is never repeated in a message: it may be a secret.
    private static func id(_ given: String) throws(CommandFailure) -> String {
        let text = given.hasPrefix("@") ? try KeyFile(path: String(given.dropFirst())).key : given
        let parts = text.split(separator: "_", maxSplits: 2, omittingEmptySubsequences: false)
        let id = parts.count == 3 && parts[0] == "andon" ? String(parts[1]) : text
        guard 1...32 ~= id.utf8.count, id.allSatisfy(\.isHexDigit) else {
            throw CommandFailure(
                .usage, "KEY is neither a key nor the id of one", next: "andon key list shows the ids")
        }
        return id.lowercased()
    }
}
