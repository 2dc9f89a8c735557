public import EventModel

/// One event in plain fields, ready to go into a record.
public struct SimulatedEvent: Equatable, Sendable {
    /// Microseconds since 1970.
    public var time: Int64
    public var worker: WorkerID
    public var workstation: WorkstationID
    public var type: EventType
    /// Parts per million.
    public var confidence: UInt32
    /// 0 for states.
    public var count: UInt32
    public var camera: CameraID?
    public var modelVersion: ModelVersion?
    public var mark: Mark

    public init(
        time: Int64, worker: WorkerID, workstation: WorkstationID, type: EventType, confidence: UInt32 = 900_000,
        count: UInt32 = 0, camera: CameraID? = nil, modelVersion: ModelVersion? = nil, mark: Mark = .accepted
    ) {
        self.time = time
        self.worker = worker
        self.workstation = workstation
        self.type = type
        self.confidence = confidence
        self.count = count
        self.camera = camera
        self.modelVersion = modelVersion
        self.mark = mark
    }
}

extension EventBatch {
    /// The events as one record, each id once in its dictionary.
    public init(_ events: [SimulatedEvent], siteID: SiteID, createdAt: Int64) {
        self.init(siteID: siteID, createdAt: Timestamp(microseconds: createdAt))
        var known: [[UInt8]: UInt32] = [:]
        for event in events {
            let worker = intern(event.worker.bytes, &known)
            let workstation = intern(event.workstation.bytes, &known)
            let camera = event.camera.map { intern($0.bytes, &known) }
            let modelVersion = event.modelVersion.map { intern($0.bytes, &known) }
            append(
                time: event.time, type: event.type, mark: event.mark, worker: worker, workstation: workstation,
                camera: camera, modelVersion: modelVersion, confidence: event.confidence, count: event.count)
        }
    }

    private mutating func intern(_ id: [UInt8], _ known: inout [[UInt8]: UInt32]) -> UInt32 {
        if let index = known[id] { return index }
        let index = ids.append(id)
        known[id] = index
        return index
    }
}
