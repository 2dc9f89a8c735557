// Layer: oracle. Real factories' events, admitted in the most literal way (SPEC 2.1, 2.3, 2.7).
public import EventModel
internal import Foundation

/// A public data set beside the repository: `../shared/data/NAME`. It is not part of the project's own tree, so tests
/// that use it are switched off where it is absent (``isAvailable(_:)``).
public struct RealData: Sendable {
    public let definition: SiteDefinition
    /// Admitted events in order of arrival; created_at and position are not given yet.
    public let events: [LoggedEvent]

    /// Why a test was skipped.
    public static let absence = "../shared/data is not beside the repository"

    /// Whether the set is there.
    public static func isAvailable(_ name: String) -> Bool { folder(name) != nil }

    /// Where a file of the set lies, e.g. `events.ndjson`; nil where the set is absent.
    public static func path(_ name: String, _ file: String) -> String? { folder(name)?.appending(path: file).path }

    /// Looks upwards from this file for a folder that has `shared/data/NAME` or has it beside it.
    private static func folder(_ name: String) -> URL? {
        var place = URL(filePath: #filePath)
        for _ in 0..<12 {
            place.deleteLastPathComponent()
            let candidate = place.appending(path: "shared/data/\(name)")
            if FileManager.default.fileExists(atPath: candidate.appending(path: "events.ndjson").path) {
                return candidate
            }
        }
        let named = ProcessInfo.processInfo.environment["ANDON_TEST_DATA"].map {
            URL(filePath: $0).appending(path: name)
        }
        guard let named, FileManager.default.fileExists(atPath: named.path) else { return nil }
        return named
    }

    /// Reads and admits a set; throws where it is absent or malformed.
    public init(_ name: String) throws {
        guard let folder = Self.folder(name) else { throw CocoaError(.fileNoSuchFile) }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let registry = try decoder.decode(
            RawRegistry.self, from: Data(contentsOf: folder.appending(path: "registry.json")))
        let text = try Data(contentsOf: folder.appending(path: "events.ndjson"))
        var array = Data("[".utf8)
        for (index, line) in text.split(separator: UInt8(ascii: "\n")).enumerated() {
            if index > 0 { array.append(UInt8(ascii: ",")) }
            array.append(line)
        }
        array.append(UInt8(ascii: "]"))
        definition = registry.definition
        let workers = Set(definition.workers.map(\.workerID))
        let stations = Set(definition.workstations.map(\.workstationID))
        events = try decoder.decode([RawEvent].self, from: array).map { raw in
            try raw.admitted(by: registry.definition, workers: workers, stations: stations)
        }
    }

    /// The newest event_time; with a created_at after it no event lies in the future.
    public var newest: Int64 { events.map(\.time).max() ?? 0 }

    /// The events in a random order in which the events of one key keep theirs (SPEC 2.6): any other order could
    /// give the key another winner.
    public func shuffled(using generator: inout some RandomNumberGenerator) -> [LoggedEvent] {
        var waiting = Dictionary(grouping: events.reversed(), by: EventKey.init)
        return events.shuffled(using: &generator).map { event in waiting[EventKey(event)]?.popLast() ?? event }
    }

    /// Cuts `events` into batches of `size`; batch *n* gets created_at `createdAt` + *n* milliseconds.
    public static func batches(_ events: [LoggedEvent], size: Int, createdAt: Int64) -> [EventBatch] {
        stride(from: 0, to: events.count, by: size).enumerated().map { number, start in
            EventBatch(
                events[start..<min(start + size, events.count)], createdAt: createdAt + Int64(number) * 1000)
        }
    }
}

extension EventBatch {
    /// The events as one record; their own created_at and position do not count.
    public init(_ events: some Collection<LoggedEvent>, createdAt: Int64) {
        self.init(siteID: events.first?.site ?? "site", createdAt: Timestamp(microseconds: createdAt))
        var known: [[UInt8]: UInt32] = [:]
        func index(_ id: [UInt8], in batch: inout EventBatch) -> UInt32 {
            if let index = known[id] { return index }
            let index = batch.ids.append(id)
            known[id] = index
            return index
        }
        for event in events {
            append(
                time: event.time, type: event.type, mark: event.mark, worker: index(event.worker.bytes, in: &self),
                workstation: index(event.workstation.bytes, in: &self),
                camera: event.camera.map { index($0.bytes, in: &self) },
                modelVersion: event.modelVersion.map { index($0.bytes, in: &self) }, confidence: event.confidence,
                count: event.count)
        }
    }
}

private struct EventKey: Hashable {
    var time: Int64
    var worker: WorkerID
    var type: EventType

    init(_ event: LoggedEvent) {
        time = event.time
        worker = event.worker
        type = event.type
    }
}

private struct RawRegistry: Decodable {
    struct Site: Decodable {
        var siteId: String
        var name: String
        var timeZone: String
        var observationTtlSeconds: Int64
    }
    struct Worker: Decodable { var workerId: String }
    struct Workstation: Decodable {
        var workstationId: String
        var name: String?
        var capacity: Int64?
    }
    var site: Site
    var workers: [Worker]
    var workstations: [Workstation]

    var definition: SiteDefinition {
        var definition = SiteDefinition(siteID: SiteID(site.siteId), name: site.name, timeZone: site.timeZone)
        definition.observationTTLSeconds = site.observationTtlSeconds
        definition.workers = workers.map { .init(workerID: WorkerID($0.workerId)) }
        definition.workstations = workstations.map {
            .init(workstationID: WorkstationID($0.workstationId), name: $0.name, capacity: $0.capacity ?? 1)
        }
        return definition
    }
}

private struct RawEvent: Decodable {
    var timestamp: String
    var workerId: String
    var workstationId: String
    var eventType: String
    var confidence: Decimal
    var count: UInt32?
    var cameraId: String?
    var modelVersion: String?

    func admitted(
        by definition: SiteDefinition, workers: Set<WorkerID>, stations: Set<WorkstationID>
    ) throws -> LoggedEvent {
        let type = EventType.allCases.first { "\($0.name)" == eventType }
        guard let type, let time = Self.microseconds(timestamp) else { throw CocoaError(.formatting) }
        var exact = confidence * 1_000_000
        var rounded = Decimal()
        NSDecimalRound(&rounded, &exact, 0, .bankers)
        let partsPerMillion = UInt32(truncating: rounded as NSDecimalNumber)
        let mark: Mark =
            if !workers.contains(WorkerID(workerId)) {
                .unknownWorker
            } else if !stations.contains(WorkstationID(workstationId)) {
                .unknownWorkstation
            } else if partsPerMillion < definition.confidenceThreshold.partsPerMillion {
                .lowConfidence
            } else {
                .accepted
            }
        return LoggedEvent(
            site: definition.siteID, time: time, worker: WorkerID(workerId),
            workstation: WorkstationID(workstationId), type: type, confidence: partsPerMillion,
            count: type == .productCount ? count ?? 1 : 0, camera: cameraId.map { CameraID($0) },
            modelVersion: modelVersion.map { ModelVersion($0) }, mark: mark, createdAt: 0, offset: 0)
    }

    /// `2012-01-02T07:00:00.000Z`, the only form that the sets have.
    static func microseconds(_ text: String) -> Int64? {
        let parts = text.utf8.split { !(48...57).contains($0) }.compactMap {
            Int64(String(decoding: $0, as: UTF8.self))
        }
        guard text.utf8.count == 24, text.utf8.last == UInt8(ascii: "Z"), parts.count == 7 else { return nil }
        var days: Int64 = 0
        for year in 1970..<parts[0] { days += isLeap(year) ? 366 : 365 }
        let months: [Int64] = [31, isLeap(parts[0]) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        days += months.prefix(Int(parts[1]) - 1).reduce(0, +) + parts[2] - 1
        let seconds = ((days * 24 + parts[3]) * 60 + parts[4]) * 60 + parts[5]
        return seconds * 1_000_000 + parts[6] * 1000
    }

    private static func isLeap(_ year: Int64) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }
}
