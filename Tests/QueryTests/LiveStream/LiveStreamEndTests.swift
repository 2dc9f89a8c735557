// Layer: machine. Streams that cannot begin, cannot go on, or are not read.
import EventModel
import HTTPServer
import Locks
import Testing

@testable import Query

@Suite("Live streams that end or cannot begin (SPEC 7.5)", .timeLimit(.minutes(10))) struct LiveStreamEndTests {
    @Test(
        "a request that cannot be answered is told what is possible",
        arguments: [
            ([("topics", "worker")], 400, "did you mean workers?"),
            ([("topics", "xyz")], 400, "topics are factory, workers, workstations, events, alerts, shifts"),
            ([("topics", "")], 400, "there is no topic ''"), ([("topics", "factory,,events")], 400, "no topic ''"),
            ([("interval_ms", "249")], 400, "from 250 to 60000"),
            ([("interval_ms", "60001")], 400, "from 250 to 60000"),
            ([("interval_ms", "1e3")], 400, "from 250 to 60000"), ([("interval_ms", "")], 400, "from 250 to 60000"),
            ([("period", "yesterdays")], 400, "period"), ([("period", "shift")], 400, "the site has no shifts"),
            ([("period", "today"), ("from", "2026-01-12")], 400, "leave out from and to"),
            ([("from", "2026-01-13"), ("to", "2026-01-12")], 400, "lies before from"),
            ([("within", "shift:night")], 400, "the site has no shifts"),
            ([("known_at", "2026-01-12T00:00:00Z")], 400, "unknown parameter"),
            ([("min_position", "3:1")], 400, "min_position"),
            ([("site_id", "nowhere")], 404, "there is no site nowhere"),
        ] as [([(String, String)], Int, String)])
    func refused(query: [(String, String)], status: Int, detail: String) throws {
        let scene = try LiveScene.plant()
        let answer = try scene.refusal(query.map { (name: $0.0, value: $0.1) })
        #expect(answer.status == status && answer.stream == nil)
        #expect(String(decoding: answer.body, as: UTF8.self).contains(detail))
        #expect(scene.live.streamCount == 0)
    }

    @Test("a key that was revoked ends the stream within 5 s")
    func revoked() throws {
        let scene = try LiveScene.plant()
        let reader = try scene.open("factory", interval: 60_000)
        _ = try reader.nextEvent()
        scene.shared.isInForce.withLock { $0 = false }
        scene.clock.advance(milliseconds: 4000)
        while try reader.next() != nil {}
        scene.live.wait(untilStreams: 0)
    }

    @Test("when the partition is taken away streams end, and new ones are led elsewhere or told to try again")
    func moved() throws {
        let asked = Guarded(0)
        let scene = try LiveScene.plant(configure: { parts in
            parts.elsewhere = { _, isInForce in
                asked.withLock { $0 += 1 }
                return asked.withLock({ $0 }) == 1 ? .respond(HTTPResponse(status: isInForce() ? 299 : 298)) : nil
            }
        })
        let reader = try scene.open("factory")
        _ = try reader.nextEvent()
        scene.shared.isHeld.withLock { $0 = false }
        scene.clock.advance(milliseconds: 1000)
        while try reader.next() != nil {}
        #expect(try scene.refusal([]).status == 299)
        let again = try scene.refusal([])
        #expect(again.status == 503 && again.headers.contains { $0.name == "Retry-After" })
    }

    @Test("a definition that takes the shift away ends the stream that counts inside it, with the reason")
    func shiftGone() throws {
        let scene = try LiveScene.plant(then: { definition in
            definition.shifts = [.init(name: "day", startMinute: 0, endMinute: 60)]
        })
        let reader = try scene.open("factory", [(name: "within", value: "shift:day")])
        _ = try reader.nextEvent()
        try scene.define(.plant())
        scene.clock.advance(milliseconds: 1000)
        let problem = try reader.nextEvent()
        #expect(problem.name == "problem" && problem.data["status"] == .number("400"))
        #expect(try reader.next() == nil)
    }

    @Test("while the projections cannot be read streams stay open and new ones are refused; the journal has it once")
    func broken() throws {
        let scene = try LiveScene.plant()
        let reader = try scene.open("factory")
        _ = try reader.nextEvent()
        scene.source.breakDown()
        let refused = try scene.refusal([])
        #expect(refused.status == 503 && refused.headers.contains { $0.name == "Retry-After" })
        scene.clock.advance(milliseconds: 10_000)
        scene.clock.advance(milliseconds: 5000)
        #expect(try reader.next()?.comment == ": alive")
        #expect(scene.events.all.map(\.name) == ["question_failed"])
    }

    @Test("beyond the limit of open streams the answer is 503 and says so; one that has gone makes room")
    func limit() throws {
        let scene = try LiveScene.plant(configure: { $0.streamsMaximum = 2 })
        let first = try scene.open("events")
        _ = try scene.open("events")
        let refused = try scene.refusal([])
        #expect(refused.status == 503 && refused.headers.contains { $0.name == "Retry-After" && $0.value == "10" })
        #expect(String(decoding: refused.body, as: UTF8.self).contains("2 live streams are open"))
        first.close()
        scene.live.wait(untilStreams: 1)
        _ = try scene.open("events")
    }

    @Test("a reader that does not keep up skips intervals, never the newest state")
    func slow() throws {
        let scene = try LiveScene.plant(configure: { $0.bufferBytesMaximum = 4096 })
        let quick = try scene.open("workers,events")
        let slow = try scene.open("workers,events")
        for reader in [quick, slow] { for _ in 0..<2 { _ = try reader.nextEvent() } }
        let rounds = 40
        for round in 1...rounds {
            try scene.send([event(at(8) + Int64(round) * 1_000_000, .productCount, count: 1)])
            scene.clock.advance(milliseconds: 1000)
            for _ in 0..<2 { _ = try quick.nextEvent() }
        }
        // It reads what waits for it, and is told the newest with the next interval.
        var (changes, units, seen) = (0, "", Set<String>())
        func read(_ event: LiveReader.Event) {
            changes += 1
            if let worker = event.data["items"]?[0]?["total_units_produced"]?.text { units = worker }
            if event.name == "events" { seen.formUnion(event.ids("position")) }
        }
        while units != "\(rounds)" || seen.count < rounds {
            scene.clock.advance(milliseconds: 1000)
            read(try slow.nextEvent())
        }
        #expect(changes < 2 * rounds, "it has skipped some")
        #expect(seen.contains("0:\(rounds):0"))
    }
}
