// Layer: oracle. Everything is recomputed from the whole log for every question, in the words of SPEC, without any
// index, cache or increment. It catches what an incremental fold gets wrong. It cannot catch a SPEC read wrongly by
// both: for that there are the hand-computed examples in `OracleTests`.
public import EventModel

/// One event as it stands in the log.
public struct LoggedEvent: Equatable, Sendable {
    public var site: SiteID
    /// Microseconds since 1970.
    public var time: Int64
    public var worker: WorkerID
    public var workstation: WorkstationID
    public var type: EventType
    /// Parts per million.
    public var confidence: UInt32
    public var count: UInt32
    public var camera: CameraID?
    public var modelVersion: ModelVersion?
    public var mark: Mark
    public var createdAt: Int64
    public var offset: Int64
    public var index: Int

    public init(
        site: SiteID = "site", time: Int64, worker: WorkerID, workstation: WorkstationID, type: EventType,
        confidence: UInt32 = 1_000_000, count: UInt32 = 0, camera: CameraID? = nil, modelVersion: ModelVersion? = nil,
        mark: Mark = .accepted, createdAt: Int64, offset: Int64, index: Int = 0
    ) {
        self.site = site
        self.time = time
        self.worker = worker
        self.workstation = workstation
        self.type = type
        self.confidence = confidence
        self.count = count
        self.camera = camera
        self.modelVersion = modelVersion
        self.mark = mark
        self.createdAt = createdAt
        self.offset = offset
        self.index = index
    }

    /// Whether this one wins over `other` with the same key (SPEC 2.6).
    func precedes(_ other: LoggedEvent) -> Bool {
        (createdAt, offset, index) < (other.createdAt, other.offset, other.index)
    }
}

/// One definition as it stands in the log.
public struct LoggedDefinition: Equatable, Sendable {
    public var definition: SiteDefinition
    public var createdAt: Int64
    public var offset: Int64

    public init(definition: SiteDefinition, createdAt: Int64, offset: Int64) {
        self.definition = definition
        self.createdAt = createdAt
        self.offset = offset
    }
}

/// All that a partition of the log holds, one event after the other.
public struct OracleLog: Sendable {
    public private(set) var events: [LoggedEvent] = []
    /// In log order.
    public private(set) var definitions: [LoggedDefinition] = []

    public init() {}

    public init(events: [LoggedEvent], definitions: [LoggedDefinition] = []) {
        self.events = events
        self.definitions = definitions.sorted { $0.offset < $1.offset }
    }

    /// Adds the record at `offset`; records come in the order of the log.
    public mutating func append(_ record: RecordContent, offset: Int64) {
        switch record {
        case .events(let batch): append(batch, offset: offset)
        case .definition(let record):
            definitions.append(
                LoggedDefinition(
                    definition: record.definition, createdAt: record.createdAt.microseconds, offset: offset))
        case .clockSetBack: break
        }
    }

    private mutating func append(_ batch: EventBatch, offset: Int64) {
        let ids = (0..<batch.ids.count).map { batch.ids[$0] }
        for index in 0..<batch.count {
            let camera = batch.cameras[index]
            let modelVersion = batch.modelVersions[index]
            events.append(
                LoggedEvent(
                    site: batch.siteID, time: batch.times[index],
                    worker: WorkerID(bytes: ids[Int(batch.workers[index])]),
                    workstation: WorkstationID(bytes: ids[Int(batch.workstations[index])]), type: batch.types[index],
                    confidence: batch.confidences[index], count: batch.counts[index],
                    camera: camera == 0 ? nil : CameraID(bytes: ids[Int(camera - 1)]),
                    modelVersion: modelVersion == 0 ? nil : ModelVersion(bytes: ids[Int(modelVersion - 1)]),
                    mark: batch.marks[index], createdAt: batch.createdAt.microseconds, offset: offset, index: index))
        }
    }

    /// The site as it was known at `knownAt`, or as it is known now (SPEC 5.1, 7.2).
    public func view(of site: SiteID, knownAt: Int64? = nil) -> OracleView {
        let limit = knownAt ?? .max
        return OracleView(
            events: events.filter { $0.site == site && $0.createdAt <= limit },
            definitions: definitions.filter { $0.definition.siteID == site && $0.createdAt <= limit })
    }

    /// Every site that an event or a definition names, by id bytes.
    public var sites: [SiteID] {
        Set(events.map(\.site) + definitions.map(\.definition.siteID)).sorted()
    }
}
