// Layer: machine. What publishers say of their targets is the test's.
import Clocks
import EventLog
import EventModel
import HTTPServer
import JSON
import Projector
import Testing

@testable import Query

@Suite("Targets of alerts at GET /api/freshness (SPEC 6.4, 7.8)")
struct FreshnessWebhookTests {
    private func webhook(_ number: Int, told: Int64, at time: Double?, _ reason: String? = nil) -> Freshness.Webhook {
        Freshness.Webhook(
            number: number, target: "https://alerts.example", told: told, failedRequests: 3, dropped: 1, waiting: 2,
            toldAt: time.map { Timestamp(microseconds: at($0)) }, reason: reason)
    }

    private func service(_ permission: SitesPermission) -> FreshnessService {
        let clock = ManualClock(now: Timestamp(microseconds: at(12)))
        let held = HeldFold(nil, trouble: "it is restoring")
        let watch = FoldWatch(clock: clock) { [PartitionIndex(0): held, PartitionIndex(1): held] }
        var parts = FreshnessService.Parts(
            partitionCount: 2, watch: watch, clock: clock, authorize: { _ in permission })
        let told = [
            PartitionIndex(0): [webhook(1, told: 5, at: 11), webhook(2, told: 0, at: nil)],
            PartitionIndex(1): [webhook(1, told: 7, at: 11.5, "it answers 500"), webhook(2, told: 0, at: nil)],
        ]
        parts.webhooks = { told[$0] ?? [] }
        return FreshnessService(parts)
    }

    private func ask(_ permission: SitesPermission) throws -> Answer {
        let service = service(permission)
        defer { service.stop() }
        let recorder = Recorder()
        let request = HTTPRequest(method: .get, path: FreshnessService.path, query: [])
        if case .respond(let response) = try #require(service.routes.first).serve(request, recorder) {
            recorder.complete(response)
        }
        let response = try recorder.wait()
        return Answer(response: response, json: try JSONText(response.body))
    }

    @Test("each target is there once, with what all partitions have told it")
    func together() throws {
        let answer = try ask(.everything)
        let webhooks = answer.json["webhooks"]?.elements ?? []
        #expect(webhooks.map { $0["number"] } == [.number("1"), .number("2")])
        let first = try #require(webhooks.first)
        #expect(first["webhook"] == .string("https://alerts.example") && first["told"] == .number("12"))
        #expect(first["waiting"] == .number("4") && first["failed_requests"] == .number("6"))
        #expect(first["dropped"] == .number("2") && first["reason"] == .string("it answers 500"))
        #expect(first["last_told"] == .string(Timestamp(microseconds: at(11.5)).formatted))
        #expect(webhooks.last?["last_told"] == .null && webhooks.last?["reason"] == .null)
    }

    @Test("another process of the cluster reads what a holder says")
    func read() throws {
        let body = try ask(.everything).response.body
        let read = try #require(JSONValue(body).flatMap { Freshness($0) })
        #expect(read.webhooks.map(\.told) == [12, 0] && read.webhooks.map(\.number) == [1, 2])
        #expect(read.webhooks.first?.toldAt == Timestamp(microseconds: at(11.5)))
    }

    @Test("a key that is bound to sites sees no targets")
    func bound() throws {
        #expect(try ask(.sites([SiteID("a")])).json["webhooks"]?.elements.isEmpty == true)
    }
}
