internal import EventLog
internal import EventModel
internal import Foundation
internal import HTTPServer
internal import Locks
internal import ProjectionStore
internal import Projector
internal import Query
internal import Sites

/// Answers questions from the stores in a folder, without a server: with the same code that a server answers with, so
/// that everything behind the client is the same.
struct StoredAnswers: Sendable {
    /// Where the names of people and stations are taken from.
    static let registry = Option.text(
        "registry", "DATA-DIR", "with --data-dir of a replay: the data directory that has the names of people")

    private let directory: DataDirectory
    private let partitions: StoredPartitions
    private let service: QueryService
    private let sites: SitesService

    /// Who answers: the server that `--url` names, or that runs on the data directory; the stores in the folder of
    /// `--data-dir` where none runs, or where it answers nobody without a key.
    static func client(_ invocation: Invocation) throws -> APIClient {
        let isNamed = invocation.settings.isGiven(DataDirectory.option.spec)
        let hasServer = try invocation.optional(ServerAccess.url) != nil
        guard isNamed, !hasServer else { return .live(try ServerAccess(invocation)) }
        let directory = DataDirectory(path: try invocation.value(DataDirectory.option))
        try directory.requireFolder()
        guard RunningMark.isTaken(directory) else {
            return try StoredAnswers(directory, invocation).asked(invocation)
        }
        let live = APIClient.live(try ServerAccess(invocation))
        return live.access.key == nil ? live.orStored(directory, invocation) : live
    }

    init(_ directory: DataDirectory, _ invocation: Invocation) throws {
        self.directory = directory
        let stores = try explaining("cannot read the stores in '\(directory.path)'") {
            try directory.stores.map { partition, path in try StoredProjections(path: path, partition: partition) }
        }
        guard let epoch = stores.first?.place.logEpoch else {
            throw CommandFailure(
                .failure, "'\(directory.path)' holds no projections",
                why: "there is neither projections.sqlite nor partition-N.sqlite in it",
                next:
                    "andon up --data-dir \(directory.path) makes them from a log, andon replay --into DIR in a new folder"
            )
        }
        let partitions = StoredPartitions(stores)
        self.partitions = partitions
        let names = try Self.names(directory, try invocation.optional(Self.registry), LogEpoch(bytes: epoch))
        let only = partitions.sites.count == 1 ? partitions.sites.first : nil
        service = QueryService(
            QueryService.Parts(
                partitioned: partitions,
                authorize: { request, _ in
                    guard let site = request.queryValue("site_id").map({ SiteID($0) }) ?? only else {
                        return .refused(.problem(400, "site_id: the folder holds several sites"))
                    }
                    return .granted(site)
                },
                registry: { site in
                    names[site] ?? (try? partitions.store(of: site)?.definition(of: site, knownAt: .latest))
                }), threadCount: 1)
        sites = SitesService(
            SitesService.Parts(
                query: service, sites: { partitions.sites },
                authorize: { request in
                    request.queryValue("site_id").map { .sites([SiteID($0)]) } ?? .everything
                }))
    }

    /// The definitions with names; the stores have them without.
    private static func names(
        _ directory: DataDirectory, _ other: String?, _ epoch: LogEpoch
    ) throws -> [SiteID: PlacedDefinition] {
        let named = other.map { DataDirectory(path: $0) }
        try named?.requireExisting()
        let definitions = try explaining("cannot read the names in '\((named ?? directory).path)'") {
            try RegistryStore.read(path: (named ?? directory).registry, epoch: epoch)
        }
        guard named == nil || !definitions.isEmpty else {
            throw CommandFailure(
                .failure, "'\(other ?? "")' holds no definitions of the log that was folded",
                why: "the stores are of log \(epoch)", next: "name the data directory of that log with --registry")
        }
        return Dictionary(definitions.map { ($0.siteID, $0) }) { first, _ in first }
    }

    // MARK: Asking

    fileprivate func asked(_ invocation: Invocation) throws -> APIClient {
        try check(invocation)
        let client = APIClient(access: ServerAccess(url: directory.path, key: nil)) { request in answer(request) }
        let places = directory.stores.compactMap { partition, path in
            StorePlace.read(path: path).map { "\(partition.value):\(grouped($0.nextOffset.value))" }
        }
        invocation.console.note(
            "answered from the stores in '\(directory.path)', folded to \(places.prefix(8).joined(separator: ", "))"
                + (places.count > 8 ? ", …" : ""))
        if partitions.hasOld {
            invocation.console.note(
                "another version of Andon has folded them: figures may differ from those that this one computes")
        }
        return client
    }

    /// A site that is not there is told with those that are.
    private func check(_ invocation: Invocation) throws(CommandFailure) {
        let names = partitions.sites.map { printable($0.text) }
        let shown = names.prefix(10).joined(separator: ", ") + (names.count > 10 ? ", …" : "")
        guard let site = try invocation.optional(QueryFlags.site) else {
            let asksAll = invocation.positionals.first == QueryQuestion.sites.rawValue
            guard names.isEmpty || names.count > 1 && !asksAll else { return }
            throw CommandFailure(
                .usage, "--site is missing", why: names.isEmpty ? "the stores hold nothing" : "there is \(shown)",
                next: "andon \(invocation.command.name) --help")
        }
        guard partitions.store(of: SiteID(site)) == nil else { return }
        throw CommandFailure(
            .failure, "'\(directory.path)' holds nothing of site '\(printable(site))'",
            why: names.isEmpty ? "the stores hold nothing" : "it holds \(shown)", next: "check --site and --data-dir")
    }

    /// Answers as a server does.
    private func answer(_ request: APIRequest) -> APIAnswer {
        let parts = request.target.split(separator: "?", maxSplits: 1)
        let path = String(parts.first ?? "")
        let query = (parts.count > 1 ? parts[1].split(separator: "&") : []).map { pair -> (String, String) in
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let texts = sides.map { $0.removingPercentEncoding ?? "" }
            return (texts[0], texts.count > 1 ? texts[1] : "")
        }
        guard let route = (service.routes + sites.routes).first(where: { $0.pattern == path }) else {
            return APIAnswer(status: 404, body: HTTPResponse.problem(404, "nothing answers \(path)").body)
        }
        let exchange = StoredExchange()
        let head = HTTPRequest(method: .get, path: path, query: query.map { (name: $0.0, value: $0.1) })
        if case .respond(let response) = route.serve(head, exchange) { exchange.complete(response) }
        let response = exchange.wait()
        return APIAnswer(status: response.status, body: response.body)
    }
}

/// Waits for the answer to one question.
private final class StoredExchange: HTTPExchange {
    private let response = Monitor<HTTPResponse?>(nil)

    func complete(_ response: HTTPResponse) { self.response.update { $0 = $0 ?? response } }

    func wait() -> HTTPResponse { response.wait { $0 } }
}

extension APIClient {
    /// Asks the server, and the stores of its folder if it answers nobody without a key.
    fileprivate func orStored(_ directory: DataDirectory, _ invocation: Invocation) -> APIClient {
        let stored = Guarded<APIClient?>(nil)
        return APIClient(access: access) { request throws(TransportFailure) in
            if let client = stored.withLock({ $0 }) { return try client.send(request) }
            let answer = try transport(request)
            guard answer.status == 401, request.method == "GET" else { return answer }
            invocation.console.note(
                "the server on '\(directory.path)' wants a key, and there is none: these are its stored figures, which may "
                    + "lack the last second")
            do {
                let client = try StoredAnswers(directory, invocation).asked(invocation)
                stored.withLock { $0 = client }
                return try client.send(request)
            } catch {
                let refusal = error as? CommandFailure ?? CommandFailure(unexplained: error)
                throw TransportFailure(message: refusal.what, isRetriable: false, refusal: refusal)
            }
        }
    }
}

extension DataDirectory {
    /// Fails if there is no such folder.
    fileprivate func requireFolder() throws(CommandFailure) {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else {
            throw CommandFailure(
                .failure, "there is no folder '\(path)'",
                next: "name the folder of a server or of a replay with --data-dir")
        }
    }
}
