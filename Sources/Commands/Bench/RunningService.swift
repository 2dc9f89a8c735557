internal import EventModel
internal import Foundation
internal import HTTPClient
internal import Locks
internal import Projector

/// The service as `andon up` runs it, or gateway and worker on Kafka, with the load's site defined.
final class RunningService: Sendable {
    private let runtimes: [ServiceRuntime]
    private let projector: @Sendable () -> Projector?
    let url: String
    let port: UInt16

    init(_ benchCase: BenchCase) throws {
        let directory = DataDirectory(path: benchCase.directory)
        let silent = Console(
            writeOutput: { _ in }, writeError: { _ in }, outputIsTerminal: false, errorIsTerminal: false,
            usesColour: false)
        let journal = StructuredLog(format: .text, console: silent)
        var configuration = ServerConfiguration()
        configuration.isOpenToLoopback = true
        configuration.requestsPerMinute = 0
        // All load comes from one address.
        configuration.connectionsPerAddressMaximum = 0
        if let kafka = benchCase.kafka {
            let gateway = try GatewayService.runtime(kafka.options, nil, configuration, journal)
            var options = WorkerService.Options(kafka: kafka.options, directory: directory)
            options.partitions = [PartitionIndex(0)]
            let worker = try WorkerService(options, configuration, journal)
            _ = try worker.runtime.start()
            _ = worker.runtime.waitUntilReady(StopSignals())
            runtimes = [gateway, worker.runtime]
            projector = { worker.projector(of: PartitionIndex(0)) }
            url = try gateway.start()
        } else {
            let service = try Service(directory, configuration, journal)
            runtimes = [service.runtime]
            projector = { service.projector }
            url = try service.runtime.start()
        }
        port = UInt16(url.split(separator: ":").last ?? "") ?? 0
        let answer = try HTTPClient().send(
            "PUT", url + "/api/sites/\(benchCase.shape.siteID)", headers: [("Content-Type", "application/json")],
            body: benchCase.definition.putBody)
        guard answer.status < 300 else {
            throw CommandFailure(.failure, "the site was refused: \(String(decoding: answer.body, as: UTF8.self))")
        }
    }

    /// How far the fold is.
    var progress: FoldProgress? { projector()?.progress }

    func plan(_ benchCase: BenchCase) -> LoadClient.Plan {
        LoadClient.Plan(
            port: port, shape: benchCase.shape, connections: benchCase.connections, seconds: benchCase.seconds)
    }

    /// Blocks until everything now in the log has been folded.
    func waitForFold() {
        guard let projector = projector(), case let end = projector.progress.logEnd, end > .zero else { return }
        let passed = Latch()
        projector.whenPassed(LogOffset(end.value - 1), timeoutMilliseconds: 600_000) { _ in passed.open() }
        passed.wait()
    }

    func stop() { for runtime in runtimes { runtime.stop() } }
}
