import EventModel
import Foundation
import HTTPClient
import Locks
import SimulationKit

/// Cameras that send made-up events through whichever gateways there are, one thread a site, and send again what was
/// not acknowledged (SPEC 2.5). It goes on until it is told to finish, so that a fault always comes in the middle.
final class Load: Sendable {
    struct Counts: Equatable {
        /// Requests that a gateway reported as stored, repeats not counted.
        var acknowledged = 0
        /// Tries that were answered 503 or broke off.
        var failed = 0
        /// Answers that nothing explains; tests expect none.
        var faults: [String] = []
    }

    private struct State {
        var gateways: [String]
        var counts = Counts()
        var isFinishing = false
        var running = 0
        /// Requests of each site that were acknowledged: 0..<n, in this order.
        var requests: [SiteID: Int] = [:]
    }

    let shapes: [LoadShape]
    private let state: Monitor<State>

    /// - Parameters:
    ///   - seed: Of the events; name it when a test fails.
    ///   - gateways: URLs; see ``use(_:)``.
    init(_ sites: [SiteID], seed: UInt64, gateways: [String]) {
        shapes = sites.enumerated().map { number, site in
            LoadShape(
                seed: seed &+ UInt64(number), workers: 12, workstations: 4, eventsPerRequest: 6,
                grouping: .byRequest(workers: 3), start: Timestamp(microseconds: 20_465 * Microseconds.day),
                interval: 47 * Microseconds.second, siteID: site)
        }
        state = Monitor(State(gateways: gateways))
    }

    /// What the sites declare: one worker less than there are, whose events are so quarantined, and a threshold that
    /// marks a tenth of the others.
    var definitions: [Declaration] {
        shapes.map { shape in
            var definition = shape.definition
            definition.workers.removeLast()
            definition.confidenceThreshold = Confidence(partsPerMillion: 750_000)
            return Declaration(definition)
        }
    }

    func start() {
        state.withLock { $0.running = shapes.count }
        for shape in shapes {
            let thread = Thread { [self] in
                run(shape)
                state.update { $0.running -= 1 }
            }
            thread.name = "load \(shape.siteID)"
            thread.start()
        }
    }

    // MARK: For the test

    /// The gateways from now on.
    func use(_ gateways: [String]) { state.update { $0.gateways = gateways } }

    var counts: Counts { state.withLock { $0.counts } }

    /// Events of the site of which most were acknowledged.
    var largestSite: Int {
        let requests = state.withLock { $0.requests }
        return shapes.map { (requests[$0.siteID] ?? 0) * $0.eventsPerRequest }.max() ?? 0
    }

    /// Waits until so many more requests are acknowledged.
    /// - Returns: false where this took more than the time given.
    @discardableResult
    func waitAcknowledged(more: Int, seconds: Int = 60) -> Bool {
        let goal = counts.acknowledged + more
        return state.wait(milliseconds: seconds * 1000) { $0.counts.acknowledged >= goal ? true : nil } ?? false
    }

    /// Waits until so many more requests of every site are acknowledged.
    @discardableResult
    func waitForEverySite(more: Int, seconds: Int = 60) -> Bool {
        let before = state.withLock { $0.requests }
        return state.wait(milliseconds: seconds * 1000) { state in
            let isThere = shapes.allSatisfy { shape in
                (state.requests[shape.siteID] ?? 0) >= (before[shape.siteID] ?? 0) + more
            }
            return isThere ? true : nil
        } ?? false
    }

    /// Waits until so many more tries have failed.
    @discardableResult
    func waitFailed(more: Int, seconds: Int = 60) -> Bool {
        let goal = counts.failed + more
        return state.wait(milliseconds: seconds * 1000) { $0.counts.failed >= goal ? true : nil } ?? false
    }

    /// Begins no more requests and waits until every one that was begun is acknowledged.
    /// - Returns: nil where this took more than the time given.
    func finish(seconds: Int = 60) -> Counts? {
        state.update { $0.isFinishing = true }
        return state.wait(milliseconds: seconds * 1000) { $0.running == 0 ? $0.counts : nil }
    }

    /// Everything acknowledged, as bodies of up to 1000 events, for another Andon.
    func bodies(of shape: LoadShape) -> [[UInt8]] {
        let requests = state.withLock { $0.requests[shape.siteID] ?? 0 }
        let perBody = 1000 / shape.eventsPerRequest
        var body = LoadBody(shape)
        let (head, tail) = (Array(#"{"events":["#.utf8), Array("]}".utf8))
        return stride(from: 0, to: requests, by: perBody).map { first in
            let events = (first..<min(first + perBody, requests)).map { number in
                body.fill(request: number)
                return body.bytes.dropFirst(head.count).dropLast(tail.count)
            }
            return head + Array(events.joined(separator: [UInt8(ascii: ",")])) + tail
        }
    }

    // MARK: Private

    private func run(_ shape: LoadShape) {
        let client = HTTPClient()
        var body = LoadBody(shape)
        var number = 0
        while !state.withLock({ $0.isFinishing }) {
            body.fill(request: number)
            // Every tenth is sent twice, as by a camera that missed the answer.
            for turn in 0..<(number % 10 == 0 ? 2 : 1) {
                sendUntilAcknowledged(client, shape, body.bytes, turn: number + turn)
            }
            number += 1
            state.update { state in
                state.requests[shape.siteID] = number
                state.counts.acknowledged += 1
            }
        }
    }

    private func sendUntilAcknowledged(_ client: HTTPClient, _ shape: LoadShape, _ body: [UInt8], turn: Int) {
        var turn = turn
        while true {
            turn += 1
            let gateway = state.wait { $0.gateways.isEmpty ? nil : $0.gateways[turn % $0.gateways.count] }
            let answer = try? client.send(
                "POST", "\(gateway)/api/events/batch?site_id=\(shape.siteID)",
                headers: [("Content-Type", "application/json")], body: body)
            switch answer?.status {
            case 200: return check(answer?.body ?? [], shape)
            case nil, 503, 429:
                state.update { $0.counts.failed += 1 }
                // Not to spin while nobody listens.
                state.wait(milliseconds: 20) { _ in nil as Void? }
            default:
                let words = String(decoding: answer?.body ?? [], as: UTF8.self)
                return state.update { $0.counts.faults.append("\(answer?.status ?? 0): \(words)") }
            }
        }
    }

    private struct Answer: Decodable {
        struct Fault: Decodable { var code: String }
        var successCount: Int
        var duplicateCount: Int
        var errorCount: Int
        var errors: [Fault]
    }

    private func check(_ body: [UInt8], _ shape: LoadShape) {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let answer = try? decoder.decode(Answer.self, from: Data(body))
        let total = answer.map { $0.successCount + $0.duplicateCount + $0.errorCount }
        let expected: Set = ["low_confidence", "unknown_worker"]
        guard total == shape.eventsPerRequest, answer?.errors.allSatisfy({ expected.contains($0.code) }) == true else {
            return state.update { $0.counts.faults.append(String(decoding: body, as: UTF8.self)) }
        }
    }
}
