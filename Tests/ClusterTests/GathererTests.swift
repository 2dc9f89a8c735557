import Clocks
import EventModel
import Locks
import Observability
import Testing

@testable import Cluster

@Suite("Every partition's holder is asked at the same time (DESIGN 5)", .timeLimit(.minutes(10)))
struct GathererTests {
    private let client = InMemoryForwarding()
    private let clock = ManualClock()

    private func holder(_ name: String) -> Holder {
        Holder(
            workerID: name, role: .owner, url: "http://\(name)", token: .random(), since: Timestamp(microseconds: 0))
    }

    private func gatherer(_ holders: [[Holder]], _ journal: Journal = .silent) -> PartitionGatherer {
        PartitionGatherer(
            holders: { holders[Int($0.value)] }, client: client, clock: clock, journal: journal)
    }

    private func partitions(_ count: Int32) -> [PartitionIndex] { (0..<count).map { PartitionIndex($0) } }

    private static func body(_ text: String, status: Int = 200) -> ForwardingReply {
        .answer(ForwardingAnswer(status: status, body: Array(text.utf8)))
    }

    @Test("each holder is asked for its own partitions with its token; those held here are not asked elsewhere")
    func gathered() {
        let (a, b) = (holder("a"), holder("b"))
        for holder in [a, b] { client.set(holder.url) { Self.body($0.target) } }
        let gatherer = gatherer([[a], [b], [a], []])
        let own = { (partition: PartitionIndex) -> PartitionGatherer.Local? in
            guard partition.value == 3 else { return nil }
            return { .body(Array("here".utf8)) }
        }
        let found = gatherer.gather(partitions(4), local: own, target: { "/p\($0.value)" })
        #expect(
            found.mapValues(Self.text)
                == Dictionary(
                    uniqueKeysWithValues: zip(partitions(4), ["/p0", "/p1", "/p2", "here"])))
        #expect(client.asked.map(\.url).sorted() == [a.url, a.url, b.url])
        #expect(
            client.asked.allSatisfy { question in
                question.headers.contains {
                    $0.name == ForwardingHeader.token && [a, b].map(\.token.hex).contains($0.value)
                }
            })
        gatherer.stop()
    }

    private static func text(_ answer: PartitionGatherer.Answer) -> String {
        switch answer {
        case .body(let body): String(decoding: body, as: UTF8.self)
        case .missing(let reason): reason
        }
    }

    @Test("a partition of which nobody answers is named with the reason; the others count all the same")
    func missing() {
        let (good, bad, gone) = (holder("good"), holder("bad"), holder("gone"))
        client.set(good.url) { _ in Self.body("yes") }
        client.set(bad.url) { _ in Self.body(#"{"detail":"no such rebuild"}"#, status: 404) }
        let names = Guarded<[String]>([])
        let gatherer = gatherer(
            [[good], [], [gone], [gone, good], [bad]], Journal { event in names.withLock { $0.append(event.name) } })
        let found = gatherer.gather(partitions(5), local: { _ in nil }, target: { _ in "/" })
        #expect(
            partitions(5).map { Self.text(found[$0] ?? .missing("none")) } == [
                "yes", "no worker holds it at the moment", "no worker that holds it answers", "yes", "no such rebuild",
            ])
        #expect(names.withLock { $0 } == ["holder_unreachable", "holder_unreachable"])
        gatherer.stop()
        let stopped = gatherer.gather(partitions(1), local: { _ in nil }, target: { _ in "/" })
        #expect(Self.text(stopped[PartitionIndex(0)] ?? .missing("none")) == "too many questions are in progress")
    }

    @Test("after five seconds what is there counts; who has not answered is named, and may answer to nobody")
    func late() {
        let asked = Monitor<[@Sendable (ForwardingReply) -> Void]>([])
        final class Silent: ForwardingClient {
            let asked: Monitor<[@Sendable (ForwardingReply) -> Void]>
            init(_ asked: Monitor<[@Sendable (ForwardingReply) -> Void]>) { self.asked = asked }
            func ask(_ question: ForwardingQuestion, _ done: @escaping @Sendable (ForwardingReply) -> Void) {
                asked.update { $0.append(done) }
            }
            func stop() {}
        }
        let holder = holder("slow")
        let gatherer = PartitionGatherer(
            holders: { _ in [holder] }, client: Silent(asked), clock: clock)
        let found = Monitor<[PartitionIndex: PartitionGatherer.Answer]?>(nil)
        BackgroundThread.start("gather") { [self] in
            let answers = gatherer.gather(partitions(2), local: { _ in nil }, target: { _ in "/" })
            found.update { $0 = answers }
        }
        let done = asked.wait { $0.count == 2 ? $0 : nil }
        clock.waitForWaiters(1)
        done[0](Self.body("in time"))
        clock.advance(milliseconds: 5000)
        let answers = found.wait { $0 }
        #expect(
            answers.values.map(Self.text).sorted() == [
                "in time", "the holder of the partition does not answer within 5 s",
            ])
        done[1](Self.body("too late"))
    }
}
