import EventModel
import HTTPServer
import Observability
import Query
import Testing

@testable import Cluster

@Suite("Forwarded questions at the holder")
struct ForwardedAccessTests {
    private static let token = ForwardingToken.random()
    private let access = ForwardedAccess(token: token)

    private static func request(_ headers: [String: String]) -> HTTPRequest {
        HTTPRequest(method: .get, path: "/api/ledger", headerLookup: { headers[$0] })
    }

    private func finding(_ headers: [String: String]) -> String {
        switch access.check(Self.request(headers)) {
        case .absent: "absent"
        case .granted(let site): "granted \(site)"
        case .refused(let response): "refused \(response.status)"
        }
    }

    @Test("the token and a site let a question in")
    func granted() {
        #expect(finding(["Andon-Forward-Token": Self.token.hex, "Andon-Forward-Site": "a"]) == "granted a")
    }

    @Test("the holder's log names the site of a forwarded question, once it is let in")
    func logged() {
        func notes(_ token: String) -> [JournalEvent.Field] {
            let headers = ["Andon-Forward-Token": token, "Andon-Forward-Site": "a"]
            var notes: [JournalEvent.Field] = []
            _ = access.check(
                HTTPRequest(
                    method: .get, path: "/api/ledger", headerLookup: { headers[$0] }, logNotes: { notes.append($0) }))
            return notes
        }
        #expect(notes(Self.token.hex) == [.init("site", "a")])
        #expect(notes("x") == [])
    }

    @Test("a token of another process, a broken one and none beside a site are 401; without a site it is 400")
    func refused() {
        for token in [ForwardingToken.random().hex, "", "x", Self.token.hex + "00", String(Self.token.hex.dropLast())] {
            #expect(finding(["Andon-Forward-Token": token, "Andon-Forward-Site": "a"]) == "refused 401")
        }
        #expect(finding(["Andon-Forward-Site": "a"]) == "refused 401")
        #expect(finding(["Andon-Forward-Token": Self.token.hex]) == "refused 400")
        #expect(finding(["Andon-Forward-Token": Self.token.hex, "Andon-Forward-Site": "a/b"]) == "refused 400")
    }

    @Test("a request with neither header is for the ordinary check alone")
    func absent() {
        #expect(finding(["Authorization": "Bearer x"]) == "absent")
        let ordinary = access.permission(Self.request([:])) { _ in .granted("ordinary") }
        guard case .granted("ordinary") = ordinary else {
            Issue.record("refused")
            return
        }
        let sent = ["Andon-Forward-Token": Self.token.hex, "Andon-Forward-Site": "s"]
        let forwarded = access.permission(Self.request(sent)) { _ in
            Issue.record("the ordinary check would ask for a key")
            return .refused(.problem(401))
        }
        guard case .granted("s") = forwarded else {
            Issue.record("refused")
            return
        }
    }
}
