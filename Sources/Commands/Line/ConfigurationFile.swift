internal import Files
internal import Foundation
internal import JSON
internal import Observability

/// Options from a file: JSON with comments, one member per option. An object named after a command applies to it only.
///
///     {
///       data_dir: "/var/lib/andon",          // for every command
///       up: { listen: "0.0.0.0:8080", cors_origin: ["https://board.example"] },
///       key: { create: { role: "viewer" } },
///     }
struct ConfigurationFile: Sendable, Equatable {
    var path = ""
    /// By name in the file, e.g. `data_dir`.
    var values: [String: [String]] = [:]

    init() {}

    /// Reads the options of one command from the file at `path`.
    /// - Throws: 65 if the file cannot be read, is not JSON or names an option that no command has.
    init(path: String, command: [String], among commands: [Command]) throws(CommandFailure) {
        let bytes: [UInt8]
        do throws(FileFailure) {
            bytes = try WholeFile.read(path)
        } catch {
            throw CommandFailure(
                .badData, "cannot read the configuration file '\(path)'", why: error.reason,
                next: "check the path given with --config or ANDON_CONFIG")
        }
        try self.init(bytes: Data(bytes), path: path, command: command, among: commands)
    }

    /// Reads the options of one command from bytes already in memory.
    init(bytes: Data, path: String, command: [String], among commands: [Command]) throws(CommandFailure) {
        self.path = path
        guard case .object(var members)? = JSONValue(relaxed: bytes) else {
            throw CommandFailure(
                .badData, "'\(path)' is not a configuration", why: "it has to be one JSON object; comments are allowed",
                next: "andon up --help lists the options; data-dir is written data_dir there")
        }
        try add(members, commands: commands)
        for word in command {
            guard case .object(let inner)? = members[word] else { break }
            try add(inner, commands: commands)
            members = inner
        }
    }

    private mutating func add(_ members: [String: JSONValue], commands: [Command]) throws(CommandFailure) {
        let known = Set(commands.flatMap { $0.allOptions.map(\.fileName) })
        let words = Set(commands.flatMap(\.path))
        for (name, value) in members.sorted(by: { $0.key < $1.key }) {
            if case .object = value, words.contains(name) { continue }
            guard known.contains(name), let texts = value.texts else {
                let guess = Suggestion.nearest(to: name, among: known.union(words))
                throw CommandFailure(
                    .badData, "'\(printable(name))' in \(path) is not an option",
                    why: "members are options (text, number, true or false, or a list of these) and commands (objects)",
                    next: guess.map { "did you mean '\($0)'?" })
            }
            values[name] = texts
        }
    }
}

extension JSONValue {
    /// The option's values; nil if the JSON value cannot be one.
    fileprivate var texts: [String]? {
        switch self {
        case .bool(let value): return [value ? "true" : "false"]
        case .number(let value): return ["\(value)"]
        case .string(let value): return [value]
        case .array(let values):
            let texts = values.compactMap { value in
                if case .array = value { return nil as [String]? }
                return value.texts
            }
            return texts.count == values.count ? texts.flatMap { $0 } : nil
        case .null, .object: return nil
        }
    }
}
