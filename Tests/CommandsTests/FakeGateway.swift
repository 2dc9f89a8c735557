import Foundation
internal import Locks

@testable import Commands

/// A server of a few lines that keeps what it stored and fails when it is told to.
final class FakeGateway: Sendable {
    /// What happens to one request.
    enum Fate: Equatable {
        case answer
        /// Stored, but the answer is lost on its way.
        case storeAndBreak
        case breakOff
        case untrusted
        case status(Int, retryAfter: Int?)
    }

    struct State {
        var stored: [String] = []
        var requests: [APIRequest] = []
        var fates: [Fate] = []
        /// Identity of its log, as it says at `/livez`, which is not one of the requests; nil: it does not say.
        var log: String?
        /// What the ledger counts as folded, question by question; empty: the key may not ask.
        var folded: [Int] = []
        /// Bodies with more lines are too large.
        var linesMaximum = Int.max
    }

    let state = Guarded(State())

    /// - Parameter fates: of the first requests; all later ones are answered.
    init(fates: [Fate] = []) { state.withLock { $0.fates = fates } }

    var stored: [String] { state.withLock { $0.stored } }
    var requests: [APIRequest] { state.withLock { $0.requests } }

    func client(url: String = "http://fake:1", key: String? = "andon_k_s") -> APIClient {
        APIClient(access: ServerAccess(url: url, key: key)) { request throws(TransportFailure) in
            try self.handle(request)
        }
    }

    private func handle(_ request: APIRequest) throws(TransportFailure) -> APIAnswer {
        if request.target == "/livez" { return livez }
        if request.target.hasPrefix("/api/ledger") { return ledger }
        let fate = state.withLock { state in
            state.requests.append(request)
            return state.fates.isEmpty ? Fate.answer : state.fates.removeFirst()
        }
        switch fate {
        case .answer: return store(request)
        case .storeAndBreak:
            _ = store(request)
            throw TransportFailure(message: "connection reset")
        case .breakOff: throw TransportFailure(message: "connection refused")
        case .untrusted: throw TransportFailure(message: "certificate not trusted", isRetriable: false)
        case .status(let status, let retryAfter):
            let body = Array(#"{"title":"Busy","detail":"come back later"}"#.utf8)
            return APIAnswer(status: status, body: body, retryAfterSeconds: retryAfter)
        }
    }

    private var livez: APIAnswer {
        let log = state.withLock { $0.log }.map { #","log":"\#($0)""# } ?? ""
        return APIAnswer(status: 200, body: Array(#"{"status":"ok"\#(log)}"#.utf8))
    }

    private var ledger: APIAnswer {
        let folded = state.withLock { $0.folded.isEmpty ? nil : $0.folded.removeFirst() }
        guard let folded else { return APIAnswer(status: 403, body: []) }
        return APIAnswer(status: 200, body: Array(#"{"folded":\#(folded)}"#.utf8))
    }

    /// Lines that begin with `!` are rejected as what follows; repeats are duplicates.
    private func store(_ request: APIRequest) -> APIAnswer {
        let lines = String(decoding: request.body, as: UTF8.self).split(separator: "\n").map(String.init)
        if lines.count > state.withLock({ $0.linesMaximum }) { return APIAnswer(status: 413, body: []) }
        return state.withLock { state in
            var success = 0
            var duplicates = 0
            var errors: [String] = []
            for (index, line) in lines.enumerated() {
                if line.hasPrefix("!") {
                    errors.append(#"{"index":\#(index),"code":"\#(line.dropFirst())","field":null,"message":"no"}"#)
                } else if state.stored.contains(line) {
                    duplicates += 1
                } else {
                    success += 1
                    state.stored.append(line)
                }
            }
            let body = """
                {"success_count":\(success),"duplicate_count":\(duplicates),"error_count":\(errors.count),\
                "errors":[\(errors.joined(separator: ","))],"created_at":"2026-01-12T06:00:00.000000Z","position":"0:1"}
                """
            return APIAnswer(status: 200, body: Array(body.utf8))
        }
    }
}
