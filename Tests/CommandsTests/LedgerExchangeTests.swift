import HTTPServer
import JSON
internal import Locks
import Testing

@testable import Commands

@Suite("The ledger of a gateway without a fold")
struct LedgerExchangeTests {
    private final class Client: HTTPExchange {
        let answers = Guarded<[HTTPResponse]>([])
        func complete(_ response: HTTPResponse) { answers.withLock { $0.append(response) } }
    }

    @Test("a worker's ledger gets what this gateway has refused; other answers stay as they are (SPEC 7.4)")
    func added() {
        let client = Client()
        let ledger = Array(#"{"received":12345678901234567,"rejected":{},"meta":{"positions":{"0":1}}}"#.utf8)
        let problem = HTTPResponse.problem(503, "no worker answers")
        let page = HTTPResponse(status: 200, body: Array("<p>".utf8))
        for answer in [
            HTTPResponse.json(200, ledger, headers: [("ETag", "\"1\""), ("RateLimit", "r")]), problem, page,
        ] {
            LedgerExchange(client) { [("invalid_json", 2), ("wrong_site", 1)] }.complete(answer)
        }
        let answers = client.answers.withLock { $0 }
        let changed = JSONValue(answers[0].body)
        #expect(changed?["received"] == .number("12345678901234567"))
        #expect(changed?["meta"]?["positions"]?["0"] == .number("1"))
        #expect(changed?["rejected"] == .object(["invalid_json": .number("2"), "wrong_site": .number("1")]))
        #expect(answers[0].headers.map(\.name) == ["Content-Type", "RateLimit"])
        #expect(answers[1].body == problem.body && answers[2].body == page.body)
    }
}
