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
        _ invocation: Invocation, makesDirectory: Bool = false, _ body: (any KeyAdministration) throws -> Result
    ) throws -> Result {
        if let kafka = try KafkaOptions.given(invocation) { return try open(kafka, body) }
        let directory = DataDirectory(path: try invocation.value(DataDirectory.option))
        if makesDirectory { try directory.create() } else { try directory.requireExisting() }
        return try body(try KeyStore(path: directory.keys))
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
}

/// `andon key create` (SPEC 8.2)
enum KeyCreateCommand {
    private static let role = Option<Role>.choice("role", "ROLE", "what the key may do")
    private static let site = Option<SiteID>(
        "site", "SITE", "a site that the key is bound to; without any it is good for all", repeatable: true
    ) { text throws(InvalidValue) in
        let site = SiteID(text)
        guard site.isValid else { throw InvalidValue("1 to 64 of the characters A-Z a-z 0-9 . _ -, and not . or ..") }
        return site
    }
    private static let name = Option<String>("name", "TEXT", "a name for people, up to 200 bytes") {
        text throws(InvalidValue) in
        guard text.utf8.count <= 200 else { throw InvalidValue("at most 200 bytes") }
        return text
    }
    private static let rateLimit = Option.integer(
        "rate-limit", "N", "requests a minute for this key, in place of the server's limits; 0: none",
        in: 0...10_000_000)

    static let command = Command(
        path: ["key", "create"],
        summary: "makes an API key and prints it, this once",
        discussion: """
            ingest sends events; viewer reads; operator does both; admin everything, definitions and keys too.
            A running server honours the key within a second. Only its hash is kept: a lost key cannot be shown again.
            """,
        examples: [
            .init("andon key create --role admin > admin.key", "a key for everything, in a file"),
            .init(
                "andon key create --role ingest --site plant-1 --name camera-3 --rate-limit 0",
                "a key for one camera server"),
        ],
        options: KeyPlace.specs + [role.spec, site.spec, name.spec, rateLimit.spec],
        run: { invocation in
            let role = try invocation.value(role)
            let made = try KeyPlace.open(invocation, makesDirectory: true) { keys in
                try keys.create(
                    role: role, sites: try invocation.values(site), name: try invocation.optional(name) ?? "",
                    rateLimit: try invocation.optional(rateLimit),
                    at: SystemClock().now)
            }
            try invocation.console.line(made.text)
            invocation.console.note(
                "key \(made.key.id), \(role.rawValue), \(KeyListCommand.sites(made.key)); keep it: it is not shown again"
            )
            return .success
        })
}

/// `andon key list`
enum KeyListCommand {
    static let command = Command(
        path: ["key", "list"],
        summary: "lists the API keys, revoked ones too; never the keys themselves",
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
        summary: "ends an API key; a running server refuses it within a second",
        examples: [.init("andon key revoke 3f9a61c02b7d", "end the key with this id, as andon key list shows it")],
        positionals: [.init(name: "ID", help: "the key's id")],
        options: KeyPlace.specs,
        run: { invocation in
            let id = invocation.positionals[0]
            let now = SystemClock().now
            guard try KeyPlace.open(invocation, { try $0.revoke(id: id, at: now) }) else {
                throw CommandFailure(
                    .failure, "there is no key '\(printable(id))' to revoke",
                    why: "it is unknown, or was revoked before",
                    next: "andon key list")
            }
            invocation.console.note("key \(printable(id)) is revoked")
            return .success
        })
}
