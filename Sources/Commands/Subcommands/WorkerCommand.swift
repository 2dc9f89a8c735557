internal import EventModel
internal import Foundation

/// `andon worker`
enum WorkerCommand {
    private static let instanceID = Option<String>(
        "instance-id", "ID", "a stable name: after a restart the worker gets its partitions back at once"
    ) { text throws(InvalidValue) in
        let allowed = text.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
                || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".")
        }
        guard allowed, 1...128 ~= text.utf8.count else {
            throw InvalidValue("1 to 128 of the characters A-Z a-z 0-9 . _ -")
        }
        return text
    }
    private static let partitions = Option<[PartitionIndex]>(
        "partitions", "0-7,9", "a fixed set of partitions, in place of those that the group assigns",
        parse: PartitionSet.parse)
    private static let replica = Option.flag(
        "replica", "publish nothing, only answer questions, beside the owner of the same partitions")
    private static let session = Option.integer(
        "session-timeout-seconds", "N", "how long a worker may be silent before others get its partitions",
        in: 6...1800,
        default: 45)
    private static let advertise = Option<String>(
        "advertise-url", "URL", "the URL at which other processes reach this one; without it the one it listens on"
    ) { text throws(InvalidValue) in
        guard let parts = URLComponents(string: text), parts.scheme == "http" || parts.scheme == "https",
            parts.host?.isEmpty == false, parts.query == nil, parts.fragment == nil
        else { throw InvalidValue("http://HOST:PORT or https://HOST:PORT") }
        return text.hasSuffix("/") ? String(text.dropLast()) : text
    }

    static let command = Command(
        path: ["worker"],
        summary: "folds partitions of the log on Kafka, answers questions about them and publishes metrics",
        discussion: """
            Workers divide the partitions among themselves as members of a group. Their projections are in the data
            directory, one file per partition; without these they start from the newest snapshot that fits, or fold
            from the beginning. Workers that share a folder of snapshots (--snapshot-dir) take a partition over quickly.
            Writes `listening on http://HOST:PORT` to stderr when it has caught up, and runs until SIGTERM or Ctrl-C.
            """,
        examples: [
            .init(
                "andon worker --brokers kafka-1:9092 --instance-id w1 --data-dir /var/lib/andon --listen 0.0.0.0:8081",
                "one of any number of workers"),
            .init(
                "andon worker --brokers kafka-1:9092 --partitions 0-31 --replica --data-dir /var/lib/andon-replica",
                "answers beside the owners"),
        ],
        options: KafkaOptions.specs + [
            DataDirectory.option.spec, instanceID.spec, partitions.spec, replica.spec, session.spec, advertise.spec,
            ScrubOption.spec, KeepGenerationsOption.spec,
        ] + WebhookOptions.specs + SnapshotSettings.specs + ServerOptions.specs,
        run: run)

    private static func run(_ invocation: Invocation) throws -> ExitCode {
        try ServerOptions.logging(invocation) { journal in
            let configuration = try ServerOptions.configuration(invocation, journal)
            let options = try options(invocation)
            return try ServiceRunner.run(invocation, options.directory, configuration, journal) {
                try WorkerService(options, configuration, journal).runtime
            }
        }
    }

    private static func options(_ invocation: Invocation) throws -> WorkerService.Options {
        let directory = DataDirectory(path: try invocation.value(DataDirectory.option))
        var options = WorkerService.Options(kafka: try KafkaOptions.required(invocation), directory: directory)
        options.instanceID = try invocation.optional(instanceID)
        options.partitions = try invocation.optional(partitions)
        options.isReplica = try invocation.isSet(replica)
        options.sessionSeconds = try invocation.value(session)
        options.advertisedURL = try invocation.optional(advertise)
        options.scrubHours = try ScrubOption.hours(invocation)
        options.snapshots = try SnapshotSettings(invocation, directory)
        options.keepGenerationsHours = try KeepGenerationsOption.hours(invocation)
        options.webhooks = try WebhookOptions.configuration(invocation)
        guard !options.isReplica || options.webhooks.targets.isEmpty else {
            throw CommandFailure(
                .usage, "--alert-webhook does not go with --replica",
                why: "only the owner of a partition tells of alerts",
                next: "give --alert-webhook to the workers that are no replicas")
        }
        guard options.partitions != nil || !options.isReplica else {
            throw CommandFailure(
                .usage, "--replica needs --partitions", why: "the group gives each partition to one worker alone",
                next: "name the partitions, e.g. --partitions 0-31")
        }
        return options
    }
}

/// `0-7,9`
enum PartitionSet {
    /// More than any log has; prevents a typing error from filling the memory.
    private static let partitionsMaximum: Int32 = 10_000

    static func parse(_ text: String) throws(InvalidValue) -> [PartitionIndex] {
        var found: Set<PartitionIndex> = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int32($0) }
            guard 1...2 ~= ends.count, let first = ends[0], let last = ends[ends.count - 1], first >= 0,
                first <= last, last < partitionsMaximum
            else { throw InvalidValue("partition numbers and ranges, e.g. 0-7,9") }
            for number in first...last { found.insert(PartitionIndex(number)) }
        }
        return found.sorted()
    }
}
