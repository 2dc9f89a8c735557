internal import Foundation

/// The server that a command talks to, and the key for it.
struct ServerAccess: Sendable {
    /// `http://HOST:PORT`, without a trailing slash.
    var url: String
    var key: String?

    static let url = Option<String>(
        "url", "URL", "the server; without it the one that runs on the data directory", default: "http://127.0.0.1:8080"
    ) { text throws(InvalidValue) in
        guard let parts = URLComponents(string: text), parts.scheme == "http" || parts.scheme == "https",
            parts.host?.isEmpty == false, parts.query == nil, parts.fragment == nil
        else { throw InvalidValue("http://HOST:PORT or https://HOST:PORT") }
        return text.hasSuffix("/") ? String(text.dropLast()) : text
    }

    static let keyFile = Option.text(
        "key-file", "FILE", "file that holds the API key alone; or put the key itself into ANDON_API_KEY")

    static let options = [url.spec, DataDirectory.option.spec, keyFile.spec]

    init(url: String, key: String?) {
        self.url = url
        self.key = key
    }

    /// The server selected by the options of an invocation.
    init(_ invocation: Invocation) throws(CommandFailure) {
        let directory = DataDirectory(path: try invocation.value(DataDirectory.option))
        let named = try invocation.value(Self.url)
        url = invocation.settings.isGiven(Self.url.spec) ? named : directory.runningURL ?? named
        if let path = try invocation.optional(Self.keyFile) {
            key = try Self.readKey(path)
        } else {
            key = invocation.environment["ANDON_API_KEY"].flatMap { $0.isEmpty ? nil : $0 }
        }
    }

    private static func readKey(_ path: String) throws(CommandFailure) -> String {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw CommandFailure(
                .badData, "cannot read the key file '\(path)'", next: "andon key create --role operator > \(path)")
        }
        let key = String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        guard !key.isEmpty, key.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            throw CommandFailure(
                .badData, "'\(path)' holds no key", why: "a key is one word, as andon key create printed it",
                next: "andon key create --role operator > \(path)")
        }
        return key
    }
}
