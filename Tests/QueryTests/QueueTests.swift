// Layer: machine. Questions behind others that take long.
import Clocks
import EventModel
import HTTPServer
import Locks
import Testing

@testable import Query

@Suite("Questions that wait for others (SPEC 2.5)", .timeLimit(.minutes(10)))
struct QueueTests {
    @Test("a question that waits for more than 5 s for its turn is answered 503, and to ask again")
    func late() throws {
        let plant = try referenceDay()
        let clock = ManualClock(now: Timestamp(microseconds: plant.now))
        let isComputing = Latch()
        let mayEnd = Latch()
        let service = QueryService(
            QueryService.Parts(
                projections: plant.source, clock: clock, authorize: { _, _ in .granted(Plant.site) },
                registry: { _ in
                    isComputing.open()
                    mayEnd.wait()
                    return nil
                }),
            threadCount: 1)
        defer { service.stop() }
        let route = try #require(service.routes.first { $0.pattern == "/api/ledger" })
        func ask() -> Recorder {
            let recorder = Recorder()
            let request = HTTPRequest(method: .get, path: "/api/ledger", query: [], headerLookup: { _ in nil })
            if case .respond(let response) = route.serve(request, recorder) { recorder.complete(response) }
            return recorder
        }
        let first = ask()
        isComputing.wait()
        let late = ask()
        clock.advance(milliseconds: QueryService.queuedMilliseconds + 1)
        let onTime = ask()
        mayEnd.open()
        #expect(try first.wait().status == 200)
        let answer = try late.wait()
        #expect(answer.status == 503)
        #expect(answer.headers.contains { $0.name == "Retry-After" && $0.value == "5" })
        #expect(try onTime.wait().status == 200)
    }
}
