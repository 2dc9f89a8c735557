import Clocks
import EventModel
import HTTPServer
import Locks
import Observability

@testable import Cluster

/// Keeps the answer of one exchange.
final class AnswerBox: HTTPExchange {
    private let response = Monitor<HTTPResponse?>(nil)

    func complete(_ response: HTTPResponse) {
        self.response.update { slot in
            precondition(slot == nil, "answered twice")
            slot = response
        }
    }

    /// Waits for it.
    var answer: HTTPResponse { response.wait { $0 } }
    /// nil while there is none.
    var current: HTTPResponse? { response.withLock { $0 } }
}

extension HTTPResponse {
    func header(_ name: String) -> String? { headers.first { $0.name.lowercased() == name.lowercased() }?.value }
    func count(_ name: String) -> Int { headers.count { $0.name.lowercased() == name.lowercased() } }
    var text: String { String(decoding: body, as: UTF8.self) }
}

extension Holder {
    /// A holder at a URL, with a token of its own.
    static func at(_ url: String, _ name: String = "w", token: ForwardingToken = .random()) -> Holder {
        Holder(workerID: name, role: .owner, url: url, token: token, since: Timestamp(microseconds: 0))
    }
}

/// A forwarder over the twin, with holders under `http://a`, `http://b`, ….
final class TwinCluster: Sendable {
    let client = InMemoryForwarding()
    let clock = ManualClock()
    let events = EventBox()
    let holders: [Holder]
    let forwarder: QuestionForwarder

    init(_ names: [String]) {
        let holders = names.map { Holder.at("http://\($0)", $0) }
        self.holders = holders
        forwarder = QuestionForwarder(
            holders: { _ in holders }, client: client, clock: clock, journal: events.journal)
    }

    /// Puts a holder in place that answers with status and body.
    func serve(_ name: String, _ status: Int = 200, _ headers: [(name: String, value: String)] = []) {
        client.set("http://\(name)") { _ in
            .answer(ForwardingAnswer(status: status, headers: headers, body: Array(name.utf8)))
        }
    }

    /// Forwards a request for partition 5 of site `plant`; the answer of the forwarder itself or of a holder.
    func ask(
        _ target: String = "/api/ledger?site_id=plant", sent: [String: String] = [:], requestID: String = ""
    ) -> HTTPResponse {
        let request = HTTPRequest(
            method: .get, path: "/api/ledger", requestID: requestID, headerLookup: { sent[$0] },
            targetLookup: { target })
        let box = AnswerBox()
        switch forwarder.forward(request, site: "plant", partition: PartitionIndex(5), exchange: box) {
        case .respond(let response): return response
        case .suspended: return box.answer
        }
    }
}

/// What was recorded in the journal.
final class EventBox: Sendable {
    private let events = Monitor<[JournalEvent]>([])
    var journal: Journal { Journal { [events] event in events.update { $0.append(event) } } }
    var names: [String] { events.withLock { $0.map(\.name) } }
    /// Waits for so many.
    func wait(_ count: Int) { events.wait { $0.count >= count ? () : nil } }
}
