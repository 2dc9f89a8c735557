internal import Clocks
public import EventLog
internal import EventModel
internal import Foundation
internal import Projector

/// A short measured sample of what a replay would read, from which its size and its time are estimated.
public struct ReplaySample: Sendable, Equatable {
    /// Records that were looked at, and what was in them.
    public private(set) var records: Int64 = 0
    public private(set) var events: Int64 = 0
    public private(set) var payloadBytes: Int64 = 0
    /// Records that were folded into a store that was thrown away, and how long that took.
    public private(set) var foldedRecords: Int64 = 0
    public private(set) var foldedMicroseconds: Int64 = 0

    /// Reads at the beginning, in the middle and at the end of a partition.
    private static let placesPerPart = 3
    private static let bytesPerPlace = 128 << 10
    private static let foldMilliseconds = 1000
    private static let waitMilliseconds = 1000

    /// - Parameter restore: makes the store of a partition that begins with a snapshot.
    /// - Throws: `LogError`, ``ReplayError``.
    public init(
        _ plan: ReplayPlan, _ log: any EventLog, isStopping: () -> Bool = { false },
        restore: @escaping @Sendable (ReplayPlan.Part, String) throws -> Bool = { _, _ in true }
    ) throws {
        for part in plan.parts where !isStopping() { try look(part, log) }
        let length = { (part: ReplayPlan.Part) in (part.until ?? part.from).value - part.from.value }
        guard let longest = plan.parts.max(by: { length($0) < length($1) }), length(longest) > 0, !isStopping() else {
            return
        }
        try fold(longest, plan, log, restore)
    }

    /// What a number of records takes, in proportion to the sample; nil where nothing was sampled.
    /// - Parameter lanes: partitions that are folded at a time.
    public func seconds(ofRecords count: Int64, lanes: Int, rate: Int?) -> Int64? {
        guard foldedRecords > 0 else { return count == 0 ? 0 : nil }
        let folding = Double(foldedMicroseconds) / Double(foldedRecords) * Double(count) / Double(max(1, lanes)) / 1e6
        let paced = rate.map { Double(events(inRecords: count)) / Double(max(1, $0)) } ?? 0
        return Int64(max(folding, paced).rounded(.up))
    }

    public func events(inRecords count: Int64) -> Int64 { share(events, count) }

    public func bytes(inRecords count: Int64) -> Int64 { share(payloadBytes, count) }

    private func share(_ sum: Int64, _ count: Int64) -> Int64 {
        records == 0 ? 0 : Int64((Double(sum) / Double(records) * Double(count)).rounded())
    }

    private mutating func look(_ part: ReplayPlan.Part, _ log: any EventLog) throws {
        let end = try part.until ?? log.endOffset(part.partition)
        guard end > part.from else { return }
        var batch = EventBatch(siteID: SiteID(bytes: []))
        let step = max(1, (end.value - part.from.value) / Int64(Self.placesPerPart))
        for place in stride(from: part.from.value, to: end.value, by: Int(step)).prefix(Self.placesPerPart) {
            var (records, events, bytes): (Int64, Int64, Int64) = (0, 0, 0)
            // Logs that fetch in the background return nothing until the record has arrived.
            _ = log.waitForRecord(part.partition, at: LogOffset(place), timeoutMilliseconds: Self.waitMilliseconds)
            do {
                _ = try log.read(part.partition, from: LogOffset(place), byteLimit: Self.bytesPerPlace) { record in
                    guard record.offset < end, record.offset.value < place + Int64(step) else { return }
                    records += 1
                    bytes += Int64(record.payload.count)
                    if case .events? = try? RecordCodec.decode(record.payload, into: &batch) {
                        events += Int64(batch.count)
                    }
                }
            } catch let error as LogError where error.code == .recordsMissing { continue }
            self.records += records
            self.events += events
            payloadBytes += bytes
        }
    }

    private mutating func fold(
        _ part: ReplayPlan.Part, _ plan: ReplayPlan, _ log: any EventLog,
        _ restore: @escaping @Sendable (ReplayPlan.Part, String) throws -> Bool
    ) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "andon-sample-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        var one = plan
        one.parts = [part]
        let path = folder.appending(path: "projections.sqlite").path
        guard try part.snapshot == nil || restore(part, path) else { return }
        let configuration = ReplayJob.Configuration(storePath: { _ in path })
        let job = ReplayJob(one, log: log, configuration)
        let clock = SystemClock()
        let start = clock.uptime
        var next = part.from
        _ = try job.run { progress in
            next = progress.first?.next ?? next
            if clock.uptime - start >= Int64(Self.foldMilliseconds) * 1000 { job.stop() }
        }
        foldedRecords = next.value - part.from.value
        foldedMicroseconds = max(1, clock.uptime - start)
    }
}
