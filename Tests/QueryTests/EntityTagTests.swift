import EventModel
import HTTPServer
import Testing

@testable import Query

@Suite("Tags of answers to questions (SPEC 8.8)") struct EntityTagTests {
    /// What a kind cannot be asked without.
    private func needed(_ kind: QueryKind) -> [(name: String, value: String)] {
        switch kind {
        case .explain: [("worker_id", "W1")]
        case .history: [("factory", "true")]
        case .heatMap: [("of", "cameras")]
        default: []
        }
    }

    /// Names a past, as far as the kind takes it.
    private func past(_ kind: QueryKind) -> [(name: String, value: String)] {
        let all = [
            ("from", text(at(0))), ("to", text(at(24))), ("known_at_a", text(at(30))), ("known_at_b", text(at(40))),
            ("week", "2026-W02"),
        ]
        let taken = Set(kind.parameters.map(\.name))
        return all.filter { taken.contains($0.0) }.map { (name: $0.0, value: $0.1) }
    }

    @Test("an answer about a past has a weak tag, and 304 while nothing has come in", arguments: QueryKind.allCases)
    func tags(_ kind: QueryKind) throws {
        let plant = try referenceDay()
        let query = needed(kind) + past(kind)
        let answer = try plant.ask(kind.path, query)
        #expect(answer.status == 200, "\(answer.json)")
        guard kind != .ledger else { return #expect(answer.header("ETag") == nil) }
        let tag = try #require(answer.header("ETag"))
        #expect(tag.hasPrefix("W/\""))
        plant.now += Microseconds.hour
        let same = try plant.ask(kind.path, query, headers: ["If-None-Match": tag])
        #expect(same.status == 304 && same.response.body.isEmpty && same.header("ETag") == tag)
        try plant.send([event(at(17), .idle)], known: at(25))
        let other = try plant.ask(kind.path, query, headers: ["If-None-Match": tag])
        #expect(other.status == 200 && other.header("ETag") != tag)
    }

    @Test(
        "what the clock changes has no tag: a window up to now, a period, the last week", arguments: QueryKind.allCases)
    func open(_ kind: QueryKind) throws {
        let plant = try referenceDay(now: at(20))
        let listings: Set<QueryKind> = [.events, .quarantine, .quarantineStats]
        let plain = try plant.ask(kind.path, needed(kind))
        // Listings without a window show what is known, whenever it is.
        #expect(plain.status == 200 && (plain.header("ETag") == nil) == !listings.contains(kind))
        guard kind.parameters.contains("period") else { return }
        let yesterday = try plant.ask(kind.path, needed(kind) + [("period", "yesterday")])
        #expect(yesterday.status == 200 && yesterday.header("ETag") == nil)
    }
}
