// A receiver of webhooks, and a plant whose alerts it is told of.
import Clocks
import EventLog
import EventModel
import Foundation
import HTTPServer
import Locks
import SimulationKit

@testable import Publisher

/// A receiver of webhooks that answers as a test says.
final class WebhookReceiver {
    struct Request: Sendable {
        var body: [UInt8]
        var signature: String?
        var key: String?

        var json: [String: Any] {
            (try? JSONSerialization.jsonObject(with: Data(body)) as? [String: Any]) ?? [:]
        }
        var alerts: [[String: Any]] { json["alerts"] as? [[String: Any]] ?? [] }
    }

    struct Answer: Sendable {
        var status = 200
        var headers: [(name: String, value: String)] = []
    }

    let url: String
    private let server: HTTPServer
    private let requests = Monitor<[Request]>([])
    private let answer = Monitor(Answer())

    init() throws {
        let route = HTTPRoute(.post, "/hook", bodyBytesMaximum: 1 << 20) { [requests, answer] request, _ in
            requests.withLock {
                $0.append(
                    Request(
                        body: Array(request.body), signature: request.header("X-Andon-Signature"),
                        key: request.header("Idempotency-Key")))
            }
            let now = answer.withLock { $0 }
            return .respond(HTTPResponse(status: now.status, headers: now.headers, body: []))
        }
        server = HTTPServer(configuration: HTTPServerConfiguration(), routes: [route])
        url = "http://127.0.0.1:\(try server.start())/hook"
    }

    deinit { server.stop() }

    func answers(_ status: Int, _ headers: [(name: String, value: String)] = []) {
        answer.withLock { $0 = Answer(status: status, headers: headers) }
    }

    var all: [Request] { requests.withLock { $0 } }

    /// What was told and accepted, in order: `firing low_average camera` and so on.
    func told(_ requests: ArraySlice<Request>? = nil) -> [String] {
        (requests ?? all[...]).flatMap(\.alerts).map { alert in
            let labels = alert["labels"] as? [String: String] ?? [:]
            return "\(alert["status"] ?? "") \(labels["alertname"] ?? "") \(labels["scope"] ?? "")"
        }
    }
}

/// What the tests of webhooks do to a plant.
protocol ToldPlant {}

extension ToldPlant {
    static var opened: [String] { ["firing low_average camera", "firing low_average site"] }
    static var closed: [String] { ["resolved low_average camera", "resolved low_average site"] }

    func stage(_ receivers: WebhookReceiver..., secret: String? = nil) throws -> Stage {
        let stage = try Stage(now: at(9, 10))
        stage.configuration.webhooks.targets = receivers.map(\.url)
        stage.configuration.webhooks.secret = secret.map { Array($0.utf8) }
        stage.configuration.webhooks.externalURL = "https://andon.example"
        return stage
    }

    func doubtful(_ count: Int64, _ confidence: UInt32, minute: Int64) -> RecordContent {
        let events = (0..<count).map { second in
            SimulatedEvent(
                time: at(9, minute, second), worker: "W1", workstation: "S1", type: .working, confidence: confidence,
                camera: "C1")
        }
        return .events(events, createdAt: at(9, 10))
    }

    /// Opens the low averages of camera and site in the store.
    func open(_ fold: StageFold) throws {
        try fold.apply(doubtful(40, 600_000, minute: 0))
        try fold.commit()
    }

    func close(_ fold: StageFold) throws {
        try fold.apply(doubtful(50, 1_000_000, minute: 1))
        try fold.commit()
    }

    /// A round, and then answers of targets for as long as a request is under way.
    func round(_ stage: Stage, _ core: PublishingCore) {
        stage.round(core)
        while core.isTelling {
            core.mailbox.wait(until: .distantFuture, by: SystemClock())
            _ = core.advance()
        }
    }
}
