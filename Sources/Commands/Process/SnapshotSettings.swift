internal import EventLog
internal import EventModel
internal import Observability
internal import Projector
internal import Replay

/// What a server does with snapshots: restores the newest that fits where its projections are missing or damaged, and takes
/// new ones.
struct SnapshotSettings: Sendable {
    static let every = Option<SnapshotSchedule>(
        "snapshot-every", "N|TIME", "take a snapshot after so many records, e.g. 1000000, or so long, e.g. 30m",
        parse: parse)

    static let specs = [SnapshotOptions.directory.spec, every.spec] + SnapshotOptions.retentionSpecs

    let snapshots: SnapshotDirectory
    /// nil: none are taken.
    private let schedule: SnapshotSchedule?
    private let retention: SnapshotRetention

    init(
        _ snapshots: SnapshotDirectory, schedule: SnapshotSchedule? = nil,
        retention: SnapshotRetention = SnapshotRetention(count: SnapshotRetention.countDefault)
    ) {
        (self.snapshots, self.schedule, self.retention) = (snapshots, schedule, retention)
    }

    init(_ invocation: Invocation, _ directory: DataDirectory) throws {
        snapshots = try SnapshotOptions.snapshots(invocation, of: directory)
        schedule = try invocation.optional(Self.every)
        retention = try SnapshotOptions.retention(invocation, countDefault: SnapshotRetention.countDefault)
    }

    /// `1000000` or `30m`.
    private static func parse(_ text: String) throws(InvalidValue) -> SnapshotSchedule {
        let units: [Character: Int64] = [
            "s": Microseconds.second, "m": Microseconds.minute, "h": Microseconds.hour, "d": Microseconds.day,
        ]
        let unit = text.last.flatMap { units[$0] }
        guard let number = Int64(unit == nil ? text[...] : text.dropLast()), 1...1_000_000_000_000 ~= number,
            unit == nil || number <= 36_500
        else { throw InvalidValue("a number of records, e.g. 1000000, or a time, e.g. 90s, 30m, 6h or 1d") }
        return unit.map { .microseconds(number * $0) } ?? .records(number)
    }

    /// Puts the newest snapshot that fits at a path where no projections are, and says whether there is one; see
    /// `ProjectorConfiguration.restore`. It throws a `LogError` when the log cannot be read.
    func restoring(
        _ log: any EventLog, needsFeed: Bool, _ journal: Journal
    ) -> @Sendable (PartitionIndex, _ path: String) throws -> Bool {
        let restore = SnapshotRestore(snapshots, journal: journal)
        return { try restore.newest(of: log, $0, needsFeed: needsFeed, to: $1) != nil }
    }

    /// Takes snapshots of what is folded, while the process serves; none without `--snapshot-every`.
    func parts(
        _ log: LogEpoch, _ journal: Journal, projectors: @escaping @Sendable () -> [Projector]
    ) -> [ServicePart] {
        guard let schedule else { return [] }
        var configuration = AutomaticSnapshots.Configuration(schedule)
        configuration.retention = retention
        configuration.program = CommandLineTool.version
        configuration.journal = journal
        let automatic = AutomaticSnapshots(snapshots, of: log, configuration) {
            projectors().compactMap { AutomaticSnapshots.Subject($0) }
        }
        return [ServicePart(serve: { _ in automatic.start() }, stop: { automatic.stop() })]
    }
}
