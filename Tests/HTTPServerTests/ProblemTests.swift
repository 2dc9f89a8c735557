import HTTPServer
import Testing

@Suite("Problems")
struct ProblemTests {
    @Test("a problem has the members of RFC 9457, its own, and its headers")
    func problem() throws {
        let problem = Problem(
            422, detail: "no such worker",
            extensions: [
                ("code", .string("unknown_worker")), ("field", .string("worker_id")), ("position", .null),
                ("index", .integer(3)), ("retry", .bool(false)), ("errors", .raw(Array("[]".utf8))),
            ], headers: [("Retry-After", "5")])
        let response = problem.response
        #expect(response.status == 422)
        #expect(response.headers.map(\.name) == ["Content-Type", "Retry-After"])
        #expect(
            String(decoding: response.body, as: UTF8.self)
                == #"{"type":"about:blank","title":"Unprocessable Content","status":422,"detail":"no such worker","#
                + #""code":"unknown_worker","field":"worker_id","position":null,"index":3,"retry":false,"errors":[]}"#)
        #expect(HTTPResponse.problem(404).headers.map(\.value) == ["application/problem+json"])
        #expect(HTTPStatus.title(499) == "Client Error")
    }
}
