internal import Clocks
internal import EventLog
internal import EventModel
internal import Foundation
internal import KafkaLog
internal import ProjectionStore
internal import Projector
internal import SQLiteLog

/// `andon rebuild prepare` (SPEC 7.3)
enum RebuildPrepareCommand {
    private static let partition = Option<Int>(
        "partition", "P", "only this partition of a worker", repeatable: true
    ) { text throws(InvalidValue) in
        guard let number = Int32(text), number >= 0 else { throw InvalidValue("a whole number from 0") }
        return Int(number)
    }
    private static let rate = Option.integer(
        "rate", "EVENTS/S", "fold at most so many events a second; 0: as fast as possible", in: 0...100_000_000,
        default: 0)

    static let command = Command(
        path: ["rebuild", "prepare"],
        summary: "prepares an upgrade: folds the log for this version of Andon beside the running older server",
        discussion: """
            Run it with the newer program while the older server goes on. It reads the log, writes a generation of its own
            beside the live one, and ends when that has all of the log. Then stop the older server and start the newer one:
            it takes the prepared generation over in about a second, and the older one is kept for a day, in case you go
            back. After Ctrl-C, a failure or a kill the same command goes on where it stood. With --brokers the directory is
            a worker's, and its partitions are folded one after the other.
            """,
        examples: [
            .init("andon rebuild prepare", "before an upgrade, for the default data directory"),
            .init(
                "andon rebuild prepare --data-dir ./worker-1 --brokers kafka-1:9092 --rate 200000",
                "for a worker, and not too fast"),
        ],
        options: [DataDirectory.option.spec, partition.spec, rate.spec] + KafkaOptions.specs,
        run: { invocation in
            let signals = StopSignals.install(invocation.console)
            return try run(invocation) { signals.wait(milliseconds: $0) }
        })

    /// The command with a way to wait, and to stop it, that a test can choose.
    /// - Parameter isStopped: waits for so many milliseconds, and says whether to stop.
    static func run(
        _ invocation: Invocation, versions: StoreVersions = .current, isStopped: @escaping (Int) -> Bool
    ) throws -> ExitCode {
        let directory = DataDirectory(path: try invocation.value(DataDirectory.option))
        try directory.requireExisting()
        let kafka = try KafkaOptions.given(invocation)
        let (log, close) = try open(kafka, directory)
        defer { close() }
        let wanted = Set(try invocation.values(partition))
        let all = directory.allGenerations.filter { wanted.isEmpty || wanted.contains(Int($0.0.value)) }
        guard !all.isEmpty else {
            throw CommandFailure(
                .failure, "there are no projections in '\(directory.path)' to prepare others for",
                next: kafka == nil ? "andon up computes them" : "andon worker computes them")
        }
        var configuration = ProjectorConfiguration()
        configuration.scrubHours = 0
        configuration.versions = versions
        let limit = try invocation.value(rate)
        configuration.orders = FoldOrders(pace: limit == 0 ? .unlimited : .eventsPerSecond(limit))
        for (partition, generations) in all {
            let exit = try explaining("cannot prepare partition \(partition.value)") {
                try prepare(partition, generations, log, configuration, invocation.console, isStopped)
            }
            if exit != .success { return exit }
        }
        return .success
    }

    private static func open(
        _ kafka: KafkaOptions?, _ directory: DataDirectory
    ) throws -> (log: any EventLog, close: () -> Void) {
        if let kafka {
            let log = try explaining("cannot read the log at \(kafka.brokers)") {
                try KafkaLog.open(try kafka.settings("prepare"), role: .readOnly)
            }
            return (log, { log.close() })
        }
        let log = try explaining("cannot read the log in '\(directory.path)'") {
            try SQLiteLog.openReader(path: directory.log)
        }
        return (log, { log.close() })
    }

    private static func prepare(
        _ partition: PartitionIndex, _ generations: GenerationDirectory, _ log: any EventLog,
        _ configuration: ProjectorConfiguration, _ console: Console, _ isStopped: (Int) -> Bool
    ) throws -> ExitCode {
        let live = try generations.list().first { $0.state == .live }
        let head = live.flatMap { generations.head($0.id) }
        let feed = head?.hasFeed ?? false
        let needs = StoreHead.Needs(versions: configuration.versions, logEpoch: log.epoch.bytes, feed: feed)
        if let head, head.fits(needs) {
            console.note("partition \(partition.value): the projections are of this version, nothing is to be prepared")
            return .success
        }
        let preparation = try GenerationPreparation(
            log: log, partition: partition, generations: generations, keepsFeed: feed, configuration: configuration)
        preparation.start()
        defer { preparation.stop() }
        return try follow({ preparation.progress }, partition, console, isStopped)
    }

    /// Shows how far it is until it is level, and what holds it up.
    static func follow(
        _ look: () -> GenerationProgress, _ partition: PartitionIndex, _ console: Console, _ isStopped: (Int) -> Bool
    ) throws -> ExitCode {
        let first = look()
        var hindrance: String?
        var meter = ProgressMeter(
            label: "partition \(partition.value)", total: first.end.value, done: first.next.value,
            isTerminal: console.errorIsTerminal, milliseconds: SystemClock().uptime.milliseconds)
        defer { if let end = meter.end() { console.writeError(end) } }
        while true {
            let progress = look()
            if let failure = progress.failure {
                throw CommandFailure(.failure, "the fold has stopped", why: failure, next: "andon doctor")
            }
            if progress.isLevel {
                console.note(
                    "partition \(partition.value): generation \(progress.generation) has the log up to offset "
                        + "\(grouped(progress.next.value)); start the newer server, which takes it over")
                return .success
            }
            if let found = progress.hindrance, found != hindrance {
                if let end = meter.end() { console.writeError(end) }
                console.note("partition \(partition.value): \(found)")
            }
            hindrance = progress.hindrance
            let now = SystemClock().uptime.milliseconds
            if let status = meter.status(done: progress.next.value, events: progress.events, milliseconds: now) {
                console.writeError(status)
            }
            if isStopped(Self.lookMilliseconds) {
                console.note(
                    "stopped at offset \(grouped(progress.next.value)) of partition \(partition.value); the same command "
                        + "goes on there")
                return .interrupted
            }
        }
    }

    private static let lookMilliseconds = 100
}
