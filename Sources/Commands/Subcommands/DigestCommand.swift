internal import EventLog
internal import EventModel
internal import Foundation
internal import KafkaLog
internal import ProjectionStore
internal import Projector
internal import SQLiteLog

/// `andon digest` (SPEC 7.1, 8.4)
enum DigestCommand {
    private static let site = Option.text("site", "SITE", "the site")

    static let command = Command(
        path: ["digest"],
        summary: "prints one hash of everything that the figures of a site depend on",
        discussion: """
            Equal sets of events have equal digests, whatever the order, the batches or the restarts in between. Works
            on the data directory of a running or a stopped server and changes nothing there; what is not folded yet is
            folded in memory first.
            """,
        examples: [
            .init("andon digest --data-dir ./andon-data --site plant-1", "print the digest alone"),
            .init(
                "andon digest --brokers kafka-1:9092 --site plant-1",
                "the digest of a log on Kafka, which is folded from its beginning"
            ),
        ],
        options: [DataDirectory.option.spec, site.spec] + KafkaOptions.specs,
        run: run)

    private static func run(_ invocation: Invocation) throws -> ExitCode {
        let name = try invocation.value(site)
        if let kafka = try KafkaOptions.given(invocation) {
            guard let digest = try digest(of: SiteID(name), kafka) else {
                throw CommandFailure(
                    .failure, "the log at \(kafka.brokers) holds nothing of site '\(printable(name))'",
                    next: "check --site, --brokers and --topic-prefix")
            }
            try invocation.console.line(digest)
            return .success
        }
        let directory = DataDirectory(path: try invocation.value(DataDirectory.option))
        try directory.requireExisting()
        let log: SQLiteLog
        do throws(LogError) {
            log = try SQLiteLog.openReader(path: directory.log)
        } catch {
            throw CommandFailure(
                .unavailable, "cannot read the log in '\(directory.path)'", why: error.message, next: error.hint)
        }
        guard let digest = try digest(of: SiteID(name), log, directory) else {
            throw CommandFailure(
                .failure, "the log in '\(directory.path)' holds nothing of site '\(printable(name))'",
                next: "check --site and --data-dir")
        }
        try invocation.console.line(digest)
        return .success
    }

    private static func digest(of site: SiteID, _ kafka: KafkaOptions) throws -> String? {
        try explaining("cannot read the log at \(kafka.brokers)") {
            let log = try KafkaLog.open(try kafka.settings("digest"), role: .readOnly)
            defer { log.close() }
            return try SiteDigest.compute(site: site, log: log, storePath: nil)
        }
    }

    /// Starts from the projections if they can be used; otherwise folds the whole log.
    private static func digest(of site: SiteID, _ log: SQLiteLog, _ directory: DataDirectory) throws -> String? {
        if ProjectionStore.isCurrent(path: directory.projections, logEpoch: log.epoch.bytes) {
            do {
                return try SiteDigest.compute(site: site, log: log, storePath: directory.projections)
            } catch  where error is StoreError || error.isStoreDamage {
                // The log alone gives the same result, only slower.
            }
        }
        return try SiteDigest.compute(site: site, log: log, storePath: nil)
    }
}
