import Access
import Clocks
import EventModel
import HTTPServer
import JSON
import Locks
import TestKit
import Testing

@testable import Replay

/// Routes over partitions that are fakes, called without a network.
final class RebuildScene: Sendable {
    let partitions: [FakePartition]
    let board: any JobBoard
    let keeper: RebuildKeeper
    let service: RebuildService
    let audits = Monitor<[AuditRecord]>([])
    private let keys: KeyStore
    private let folder: TemporaryFolder
    private let routes: [HTTPRoute]
    let operatorKey: String

    /// - Parameters:
    ///   - runs: whether the keeper's thread runs; else nothing is carried out but by its steps.
    ///   - held: how many of the partitions are held; the others do not answer.
    init(
        partitions count: Int32 = 2, board: any JobBoard = InMemoryJobBoard(), clock: any ProcessClock = .system,
        runs: Bool = true, held: Int? = nil
    ) throws {
        let partitions = (0..<count).map { FakePartition($0) }
        let folder = try TemporaryFolder()
        let keys = try KeyStore(path: folder.file("keys.sqlite"))
        let answering = partitions.prefix(held ?? partitions.count)
        let keeper = RebuildKeeper(board: board, clock: clock) {
            Dictionary(uniqueKeysWithValues: answering.map { ($0.partition, $0) })
        }
        (self.partitions, self.board, self.keeper, self.folder, self.keys) = (partitions, board, keeper, folder, keys)
        operatorKey = try keys.create(role: .operator, name: "night shift", at: clock.now).text
        var parts = RebuildService.Parts(
            board: board, holders: LocalRebuildHolders(keeper, partitions: partitions.map(\.partition)),
            access: AccessControl(keys: keys, policy: .init(requestsPerMinute: 0)))
        parts.clock = clock
        let audits = audits
        parts.audit = { record in audits.withLock { $0.append(record) } }
        service = RebuildService(parts)
        routes = service.routes
        if runs { keeper.start() }
    }

    deinit {
        service.stop()
        keeper.stop()
    }

    func key(_ role: Role, sites: [SiteID] = []) throws -> String {
        try keys.create(role: role, sites: sites, at: SystemClock().now).text
    }

    /// Folds to the end of the log in every partition.
    func foldAll() { for partition in partitions { partition.foldAll() } }

    /// The operator's key unless another one is given; empty: none.
    func send(_ method: HTTPMethod, _ target: String, key: String? = nil) -> Answered {
        let waiting = begin(method, target, key: key)
        return waiting()
    }

    /// Sends a request; what it returns waits for the answer.
    func begin(_ method: HTTPMethod, _ target: String, key: String? = nil) -> @Sendable () -> Answered {
        let exchange = Kept()
        let parts = target.split(separator: "?", maxSplits: 1)
        let query = (parts.count < 2 ? [] : parts[1].split(separator: "&")).map { pair in
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (name: String(sides[0]), value: sides.count > 1 ? String(sides[1]) : "")
        }
        let path = "/api/admin/rebuilds" + parts.first.map { $0 == "/" ? "" : String($0) }!
        let segments = path.split(separator: "/")
        let found = routes.first { route in
            let pattern = route.pattern.split(separator: "/")
            return route.method == method && pattern.count == segments.count
                && zip(pattern, segments).allSatisfy { $0.hasPrefix("{") || $0 == $1 }
        }
        guard let found else { return { Answered(.problem(404)) } }
        let values = zip(found.pattern.split(separator: "/"), segments).filter { $0.0.hasPrefix("{") }.map {
            String($1)
        }
        let sent = key ?? operatorKey
        let request = HTTPRequest(
            method: method, path: path, pathParameters: values, query: query,
            headerLookup: { $0 == "Authorization" && !sent.isEmpty ? "Bearer \(sent)" : nil })
        if case .respond(let response) = found.serve(request, exchange) { exchange.complete(response) }
        return { Answered(exchange.response) }
    }

    /// Starts a rebuild and returns its id.
    func start() throws -> String {
        let answer = send(.post, "/?reason=why")
        try #require(answer.status == 201, "\(answer.text)")
        return try #require(answer["id"])
    }

    private final class Kept: HTTPExchange {
        private let answer = Monitor<HTTPResponse?>(nil)
        func complete(_ response: HTTPResponse) { answer.update { $0 = response } }
        var response: HTTPResponse { answer.wait { $0 } }
    }

    /// An answer, and its members as text.
    struct Answered {
        let status: Int
        let text: String
        let json: JSONValue?
        let headers: [(name: String, value: String)]

        init(_ response: HTTPResponse) {
            (status, headers) = (response.status, response.headers)
            text = String(decoding: response.body, as: UTF8.self)
            json = JSONValue(response.body)
        }

        subscript(name: String) -> String? { json?[name]?.text }
        func items(_ name: String) -> [JSONValue] { json?[name]?.items ?? [] }
    }
}

/// A board on which somebody else acts just before this process' first change.
final class RacingBoard: JobBoard {
    private let inner = InMemoryJobBoard()
    private let rival = Guarded<(@Sendable (InMemoryJobBoard) -> Void)?>(nil)

    /// What the other one does, once.
    func race(_ rival: @escaping @Sendable (InMemoryJobBoard) -> Void) { self.rival.withLock { $0 = rival } }

    func jobs() -> [RebuildJob] { inner.jobs() }

    func put(_ job: RebuildJob) -> JobVerdict {
        let first = rival.withLock { rival in
            defer { rival = nil }
            return rival
        }
        first?(inner)
        return inner.put(job)
    }

    func watch(_ changed: @escaping @Sendable () -> Void) { inner.watch(changed) }
    var failure: String? { nil }
}
