import Clocks
import EventLog
import EventModel
import Foundation
import HTTPServer
import JSON
internal import Locks
import Observability
import TestKit
import Testing

@testable import Access
@testable import Gateway
@testable import Sites

extension ManualClock {
    /// 2026-01-12T12:00:00Z
    static var atNoon: ManualClock { ManualClock(now: Timestamp(microseconds: 1_768_219_200_000_000)) }

    /// Moves both clocks forward, or sets the wall clock back.
    func advance(seconds: Int64) {
        if seconds < 0 { set(now + seconds * Microseconds.second) } else { advance(milliseconds: Int(seconds) * 1000) }
    }
}

/// An exchange that keeps its answer.
final class RecordingExchange: HTTPExchange {
    private let answer = Monitor<HTTPResponse?>(nil)
    /// What the handler added to the answer before there was one.
    let headers = Guarded<[(name: String, value: String)]>([])
    /// What the handler added to the request's line in the log.
    let notes = Guarded<[JournalEvent.Field]>([])

    func complete(_ response: HTTPResponse) {
        var response = response
        response.headers += headers.withLock { $0 }
        response.logFields = notes.withLock { $0 } + response.logFields
        answer.update { answer in
            precondition(answer == nil, "answered twice")
            answer = response
        }
    }

    /// The answer, once it is there.
    var response: HTTPResponse { answer.wait { $0 } }
    var isAnswered: Bool { answer.withLock { $0 != nil } }
}

/// A gateway over a log in memory, called without a network.
final class GatewayHarness: Sendable {
    let log: InMemoryLog
    /// Of a gateway that shares registry and keys with others.
    let topics: (any Topics)?
    let registry: any DefinitionRegistry
    let clock: ManualClock
    let folder: TemporaryFolder
    let keys: any KeySource & KeyAdministration
    let gateway: Gateway
    let routes: [HTTPRoute]
    let adminKey: String
    /// What the gateway has recorded.
    let events: Monitor<[JournalEvent]>

    /// - Parameters:
    ///   - topics: registry and keys are in them, not in files.
    ///   - folder: one of an earlier harness, to restart on its files.
    ///   - keepsAnswers: whether answers to Idempotency-Keys are in a file there.
    init(
        log: InMemoryLog = InMemoryLog(), topics: (any Topics)? = nil, clock: ManualClock = .atNoon,
        folder: TemporaryFolder? = nil, keepsAnswers: Bool = false,
        folded: [PlacedDefinition] = [],
        foldedSources: @escaping @Sendable (_ body: (SiteID, SourceIDs) -> Void) -> Void = { _ in },
        requestsPerMinute: Int = 0,
        isOpen: Bool = false,
        audit: @escaping @Sendable (AuditRecord) -> Void = { _ in },
        older: @escaping @Sendable (OlderDefinitionQuestion) throws -> OlderDefinition = { _ in .behind },
        notReady: @escaping @Sendable () -> [String] = { [] }
    ) throws {
        self.log = log
        self.clock = clock
        self.topics = topics
        self.folder = try folder ?? TemporaryFolder()
        let events = Monitor<[JournalEvent]>([])
        self.events = events
        let journal = Journal { event in events.update { $0.append(event) } }
        if let topics {
            keys = try TopicKeyStore(topics: topics, journal: journal)
            registry = try TopicRegistry(topics: topics, log: log, journal: journal)
        } else {
            keys = try KeyStore(path: self.folder.file("keys.sqlite"), clock: clock, journal: journal)
            registry = try RegistryStore(
                path: self.folder.file("registry.sqlite"), epoch: log.epoch)
        }
        adminKey = try keys.create(role: .admin, at: clock.now).text
        let access = AccessControl(
            keys: keys, policy: .init(requestsPerMinute: requestsPerMinute, isOpenToLoopback: isOpen), clock: clock)
        var parts = Gateway.Parts(log: log, registry: registry, access: access)
        if keepsAnswers { parts.answersPath = self.folder.file("answers.sqlite") }
        parts.folded = folded
        parts.foldedSources = foldedSources
        parts.clock = clock
        parts.olderDefinitions = older
        parts.hooks = GatewayHooks(audit: audit, journal: journal)
        let gateway = try Gateway(parts)
        self.gateway = gateway
        routes =
            gateway.routes + SessionRoutes(access).routes
            + HealthRoutes.routes {
                (gateway.notReady + notReady()).map { ReadinessReason(.starting, $0) } + gateway.watchedClock.reasons
            }
        gateway.start()
    }

    deinit {
        log.releaseAppends()
        gateway.stop()
        (registry as? TopicRegistry)?.stop()
        (keys as? TopicKeyStore)?.stop()
    }

    func key(_ role: Role, sites: [SiteID] = [], rateLimit: Int? = nil) throws -> String {
        try keys.create(role: role, sites: sites, rateLimit: rateLimit, at: clock.now).text
    }

    /// Puts a definition and expects it to be taken.
    func define(_ definition: SiteDefinition = makeDefinition()) throws {
        let response = send(.put, "/api/sites/\(definition.siteID)", body: DefinitionJSON.bytes(definition))
        try #require([200, 201].contains(response.status), "\(response.text)")
    }

    /// A request that is answered, now or by the log thread.
    func send(
        _ method: HTTPMethod, _ target: String, body: [UInt8] = [], key: String? = nil,
        headers: [String: String] = [:], address: String = "127.0.0.1"
    ) -> HTTPResponse {
        start(method, target, body: body, key: key, headers: headers, address: address).response
    }

    func send(
        _ method: HTTPMethod, _ target: String, body: String, key: String? = nil, headers: [String: String] = [:]
    ) -> HTTPResponse {
        send(method, target, body: Array(body.utf8), key: key, headers: headers)
    }

    func batch(_ events: [String], query: String = "?site_id=plant", key: String? = nil) -> HTTPResponse {
        send(.post, "/api/events/batch\(query)", body: "[\(events.joined(separator: ","))]", key: key)
    }

    /// A request whose answer may still have to come. `key` is the admin's unless it is given; empty: none.
    func start(
        _ method: HTTPMethod, _ target: String, body: [UInt8] = [], key: String? = nil,
        headers: [String: String] = [:], address: String = "127.0.0.1", isSecure: Bool = false
    ) -> RecordingExchange {
        let exchange = RecordingExchange()
        let parts = target.split(separator: "?", maxSplits: 1)
        let query = (parts.count < 2 ? [] : parts[1].split(separator: "&")).map { pair in
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (name: String(sides[0]), value: sides.count > 1 ? String(sides[1]) : "")
        }
        var headers = headers
        let key = key ?? adminKey
        if !key.isEmpty { headers["authorization"] = "Bearer \(key)" }
        let lowered = Dictionary(headers.map { ($0.key.lowercased(), $0.value) }) { $1 }
        guard let (route, parameters) = route(method, String(parts[0])) else {
            exchange.complete(.problem(404))
            return exchange
        }
        let outcome = body.withUnsafeBytes { body in
            route.serve(
                HTTPRequest(
                    method: method, path: String(parts[0]), pathParameters: parameters, query: query, body: body,
                    clientAddress: address, isLoopback: address.hasPrefix("127."),
                    headerLookup: { lowered[$0.lowercased()] }, securityLookup: { isSecure },
                    answerHeaders: { added in exchange.headers.withLock { $0 += added } },
                    logNotes: { field in exchange.notes.withLock { $0.append(field) } }),
                exchange)
        }
        if case .respond(let response) = outcome { exchange.complete(response) }
        return exchange
    }

    private func route(_ method: HTTPMethod, _ path: String) -> (HTTPRoute, [String])? {
        let segments = path.split(separator: "/")
        for route in routes where route.method == method {
            let pattern = route.pattern.split(separator: "/")
            guard pattern.count == segments.count else { continue }
            let pairs = zip(pattern, segments)
            guard pairs.allSatisfy({ $0.hasPrefix("{") || $0 == $1 }) else { continue }
            return (route, pairs.filter { $0.0.hasPrefix("{") }.map { String($0.1) })
        }
        return nil
    }

    /// What the log holds, partition by partition.
    func records() throws -> [RecordContent] {
        var contents: [RecordContent] = []
        for partition in (0..<log.partitionCount).map({ PartitionIndex($0) }) {
            var next = LogOffset.zero
            while next < (try log.endOffset(partition)) {
                next = try log.read(partition, from: next, byteLimit: 1 << 20) { record in
                    var batch = EventBatch(siteID: "none")
                    switch try RecordCodec.decode(record.payload, into: &batch) {
                    case .events: contents.append(.events(batch))
                    case .definition(let definition): contents.append(.definition(definition))
                    case .clockSetBack(let record): contents.append(.clockSetBack(record))
                    }
                }
            }
        }
        return contents
    }

    func batches() throws -> [EventBatch] {
        try records().compactMap { if case .events(let batch) = $0 { batch } else { nil } }
    }
}

extension KeyAdministration {
    func create(
        role: Role, sites: [SiteID] = [], rateLimit: Int? = nil, at now: Timestamp
    ) throws -> (text: String, key: APIKey) {
        try create(role: role, sites: sites, name: "", rateLimit: rateLimit, at: now)
    }
}

extension HTTPResponse {
    var text: String { String(decoding: body, as: UTF8.self) }

    func header(_ name: String) -> String? { headers.first { $0.name.lowercased() == name.lowercased() }?.value }

    /// A member of the JSON body, as text of a number or string.
    subscript(_ name: String) -> String? {
        guard case .object(let members)? = JSONValue(body, depthMaximum: 64) else { return nil }
        switch members[name] {
        case .number(let text), .string(let text): return text
        case .null: return "null"
        default: return nil
        }
    }

    /// `index:code:field` of each entry of `errors`.
    var errors: [String] {
        guard case .object(let members)? = JSONValue(body, depthMaximum: 64),
            case .array(let errors)? = members["errors"]
        else { return [] }
        return errors.map { error in
            guard case .object(let members) = error, case .number(let index)? = members["index"],
                case .string(let code)? = members["code"]
            else { return "?" }
            if case .string(let field)? = members["field"] { return "\(index):\(code):\(field)" }
            return "\(index):\(code)"
        }
    }
}
