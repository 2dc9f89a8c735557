internal import Foundation

/// The server that a command talks to, and the key for it.
struct ServerAccess: Sendable {
    /// `http://HOST:PORT`, without a trailing slash.
    var url: String
    var key: String?
    /// Identity of the log that the server has to write before anything is sent to it; nil: any.
    var log: String?
    var logReason = LogReason.key

    /// Why it has to be that log.
    enum LogReason: Sendable {
        /// The key file names it.
        case key
        /// The data directory holds it: the server that runs there need not say so.
        case directory
        /// What was sent before went there.
        case start
    }

    static let url = Option<String>(
        "url", "URL", "the server, e.g. http://127.0.0.1:8080; without it the one that runs on the data directory"
    ) { text throws(InvalidValue) in
        guard let parts = URLComponents(string: text), parts.scheme == "http" || parts.scheme == "https",
            parts.host?.isEmpty == false, parts.query == nil, parts.fragment == nil
        else { throw InvalidValue("http://HOST:PORT or https://HOST:PORT") }
        return text.hasSuffix("/") ? String(text.dropLast()) : text
    }

    static let keyFile = Option.text(
        "key-file", "FILE", "the file that key create --out wrote, or one with the key alone; else ANDON_API_KEY")

    static let options = [url.spec, DataDirectory.option.spec, keyFile.spec]

    init(url: String, key: String?, log: String? = nil) {
        self.url = url
        self.key = key
        self.log = log
    }

    /// The server selected by the options of an invocation: the one that `--url` names, else the one that runs on the
    /// data directory.
    /// - Throws: 69 if no server runs there, 65 if the key belongs to another log than the directory's.
    init(_ invocation: Invocation) throws(CommandFailure) {
        let path = try invocation.optional(Self.keyFile)
        let file = try path.map { path throws(CommandFailure) in try KeyFile(path: path) }
        key = file?.key ?? invocation.environment["ANDON_API_KEY"].flatMap { $0.isEmpty ? nil : $0 }
        log = file?.log
        if let named = try invocation.optional(Self.url) {
            url = named
            return
        }
        let directory = DataDirectory(path: try invocation.value(DataDirectory.option))
        url = try directory.runningURL()
        guard let own = directory.logIdentity else { return }
        if let path, let log, log != own {
            throw CommandFailure(
                .badData, "the key in '\(path)' belongs to another log than the one in \(directory.path)",
                why: "the key is for log \(log), the directory holds log \(own)",
                next: "name that log's server with --url, or make a key for this one with andon key create")
        }
        (log, logReason) = (own, .directory)
    }

    /// What the user is told where a server writes another log than the wanted one.
    func refusal(wanted: String, found: String?) -> CommandFailure {
        let writes = found.map { "it writes log \($0)" } ?? "it does not say which log it writes"
        switch logReason {
        case .key, .directory:
            return CommandFailure(
                .unavailable, "\(url) is not the server that the key is for; the key was not sent",
                why: "\(writes), the key is for log \(wanted)",
                next: "check --url and --key-file; andon key create --out FILE makes a key for that server")
        case .start:
            return CommandFailure(
                .tryAgain, "\(url) is another server than a moment ago; nothing more was sent",
                why: "\(writes), and what was sent before went to log \(wanted)",
                next: "run the same command again: the new server gets everything")
        }
    }
}
