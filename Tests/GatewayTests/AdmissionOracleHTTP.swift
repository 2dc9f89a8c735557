import EventModel
import HTTPClient
import HTTPServer
import Oracle
import Testing

@testable import Gateway

/// A gateway behind its HTTP server, and the oracle; one request after the other.
final class HTTPRun {
    private let seed: UInt64
    private var random: RandomIngest
    private let harness: GatewayHarness
    private let server: HTTPServer
    private let url: String
    private var oracle = OracleAdmission()
    private var sent: [OracleAdmission.Request] = []
    /// The next append fails; a request that has nothing to store leaves that to a later one.
    private var isFailing = false
    private(set) var statuses: Set<Int> = []

    init(seed: UInt64) throws {
        self.seed = seed
        random = RandomIngest(seed: seed)
        harness = try GatewayHarness()
        server = HTTPServer(configuration: HTTPServerConfiguration(), routes: harness.gateway.routes)
        url = "http://127.0.0.1:\(try server.start())"
        for site in RandomIngest.sites {
            let definition = random.definition(site)
            try harness.define(definition)
            _ = oracle.store([.definition(definition)], now: harness.clock.now.microseconds)
        }
    }

    func stop() { server.stop() }

    func step() throws {
        if random.once(in: 6) { harness.clock.advance(seconds: Int64(random.number(0..<100))) }
        let site = random.once(in: 20) ? RandomIngest.unknownSite : random.one(of: RandomIngest.sites)
        let isRepeated = !sent.isEmpty && random.once(in: 4)
        let request =
            isRepeated
            ? random.one(of: sent)
            : random.request(site: site, key: random.once(in: 2) ? nil : "k\(random.number(0..<9))")
        sent.append(request)
        // Keys of another path are other keys (SPEC 2.5).
        var asked = request
        asked.key = request.key.map { "\(Self.path(request)) \($0)" }
        let now = harness.clock.now.microseconds
        let expected = oracle.receive(asked, now: now)
        if !isFailing, random.once(in: 8) {
            harness.log.failNextAppends(1)
            isFailing = true
        }
        let response = try post(request)
        statuses.insert(response.status)
        switch expected {
        case .waits:
            if response.status == 503 {
                #expect(isFailing, "seed \(seed)")
                isFailing = false
                return oracle.fail([.events(asked)], now: now)
            }
            guard case .events(let answer)? = oracle.store([.events(asked)], now: now).first else { return }
            compare(response, answer, request)
        case .again(let answer): compare(response, answer, request)
        case .unknownSite: #expect(response.status == 404, "seed \(seed)")
        case .tooManyEvents: #expect(response.status == 413, "seed \(seed)")
        case .keyReused: #expect(response["code"] == "idempotency_key_reused", "seed \(seed)")
        case .malformed, .tooDeep, .noEvents: #expect(response.status == 400, "seed \(seed)")
        case .keyInFlight: Issue.record("nothing waits here, seed \(seed)")
        }
    }

    private static func path(_ request: OracleAdmission.Request) -> String {
        request.layout == .single ? "/api/events" : "/api/events/batch"
    }

    private func post(_ request: OracleAdmission.Request) throws -> HTTPResponse {
        var headers = [
            (name: "X-API-Key", value: harness.adminKey),
            (name: "Content-Type", value: request.layout == .lines ? "application/x-ndjson" : "application/json"),
        ]
        if let key = request.key { headers.append((name: "Idempotency-Key", value: key)) }
        let response = try HTTPClient().send(
            "POST", "\(url)\(Self.path(request))?site_id=\(request.site)", headers: headers, body: request.body)
        return HTTPResponse(status: response.status, body: response.body)
    }

    private func compare(
        _ response: HTTPResponse, _ answer: OracleAdmission.Answer, _ request: OracleAdmission.Request
    ) {
        #expect(
            response["created_at"] == Timestamp(microseconds: answer.createdAt).formatted,
            "seed \(seed): \(response.text)")
        if request.layout == .single, let error = answer.errors.first {
            #expect(response.status == 422, "seed \(seed)")
            let field = response["field"].map { $0 == "null" ? "-" : $0 }
            #expect("0 \(response["code"] ?? "") \(field ?? "")" == error, "seed \(seed)")
            return
        }
        #expect(response.status == (request.layout == .single && answer.accepted > 0 ? 201 : 200), "seed \(seed)")
        #expect(response["success_count"] == "\(answer.accepted)", "seed \(seed)")
        #expect(response["duplicate_count"] == "\(answer.duplicates)", "seed \(seed)")
        let errors = response.errors.map { error in
            let parts = error.split(separator: ":").map(String.init)
            return parts.count == 3 ? parts.joined(separator: " ") : parts.joined(separator: " ") + " -"
        }
        #expect(errors == answer.errors, "seed \(seed)")
    }
}
