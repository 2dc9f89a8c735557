// Layer: differential. A worker that builds a generation and loses its partition meanwhile.
import EventLog
import EventModel
import ProjectionStore
import Projector
import Testing

@testable import Cluster

@Suite("A worker's generations (DESIGN 7)", .timeLimit(.minutes(10)))
struct WorkerGenerationTests {
    private static let all = (0..<4).map { PartitionIndex($0) }

    @Test("a partition that is taken away ends what is built for it, and the build goes on where it comes back")
    func buildEnds() throws {
        let plant = try ClusterPlant(seed: 5)
        try plant.appendAll()
        let worker = try plant.worker("a")
        worker.assign([Self.all[0]])
        worker.wait(Self.all[0]) { $0 == .folding }
        try worker.projector(of: Self.all[0])?.build(job: "job", pace: .paused)
        worker.lose([Self.all[0]])
        worker.wait(Self.all[0]) { $0 == .closed }
        let generations = GenerationDirectory(path: plant.storePath("a", Self.all[0]))
        #expect(try generations.list().map(\.state) == [.live, .building])
        worker.assign([Self.all[0]])
        worker.wait(Self.all[0]) { $0 == .folding }
        let projector = try #require(worker.projector(of: Self.all[0]))
        #expect(projector.progress(ofJob: "job")?.isFolded == false)
        try projector.build(job: "job", pace: .unlimited)
        try projector.promote(job: "job")
        #expect(projector.store.path == generations.storePath(2))
        worker.revoke([Self.all[0]])
        worker.wait(Self.all[0]) { $0 == .closed }
        // Nobody folds any of them any more.
        try generations.remove(1, at: Timestamp(microseconds: 1))
        let partition = Self.all[0]
        for site in plant.sites where plant.partition(of: site) == partition {
            let wanted = try SiteDigest.compute(site: site, log: plant.log, storePath: nil)
            #expect(try SiteDigest.compute(site: site, log: plant.log, storePath: generations.livePath) == wanted)
        }
        worker.stop()
    }
}
