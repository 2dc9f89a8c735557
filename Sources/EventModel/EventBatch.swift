/// The events of one request as columns: one log record (DESIGN 1.4).
///
/// ``ids`` holds the ids; the columns hold indexes into it. Reuse a batch: `removeAll` keeps the memory, so decoding
/// one record after another allocates nothing.
public struct EventBatch: Sendable, Equatable {
    public var siteID: SiteID
    /// Stamped once by the gateway for all events of the request.
    public var createdAt: Timestamp
    /// Version of the definition that admitted the events, as counted by the gateway; 0 if unknown.
    public var definitionVersion: UInt64
    public var gatewayID: [UInt8]
    /// Present when the request had an Idempotency-Key.
    public var idempotency: Idempotency?

    public var ids: IDDictionary
    /// Event times in microseconds since 1970.
    public var times: [Int64]
    public var types: [EventType]
    public var marks: [Mark]
    /// Indexes into ``ids``.
    public var workers: [UInt32]
    /// Indexes into ``ids``.
    public var workstations: [UInt32]
    /// Index into ``ids`` plus one; 0 when the event has no camera.
    public var cameras: [UInt32]
    /// Index into ``ids`` plus one; 0 when the event has no model version.
    public var modelVersions: [UInt32]
    /// Parts per million.
    public var confidences: [UInt32]
    /// Units of `product_count`; 0 for states.
    public var counts: [UInt32]
    /// created_at of the quarantined event that this event re-drives, in microseconds; 0 for other events (SPEC 2.7).
    public var firstSeen: [Int64]

    @inlinable
    public var count: Int { times.count }

    public init(siteID: SiteID, createdAt: Timestamp = Timestamp(microseconds: 0)) {
        self.siteID = siteID
        self.createdAt = createdAt
        definitionVersion = 0
        gatewayID = []
        ids = IDDictionary()
        times = []
        types = []
        marks = []
        workers = []
        workstations = []
        cameras = []
        modelVersions = []
        confidences = []
        counts = []
        firstSeen = []
    }

    /// Adds one event; ids are indexes returned by ``IDDictionary/append(_:)``.
    @inlinable
    public mutating func append(
        time: Int64, type: EventType, mark: Mark, worker: UInt32, workstation: UInt32, camera: UInt32?,
        modelVersion: UInt32?, confidence: UInt32, count: UInt32, firstSeen first: Int64 = 0
    ) {
        times.append(time)
        types.append(type)
        marks.append(mark)
        workers.append(worker)
        workstations.append(workstation)
        cameras.append(camera.map { $0 + 1 } ?? 0)
        modelVersions.append(modelVersion.map { $0 + 1 } ?? 0)
        confidences.append(confidence)
        counts.append(count)
        firstSeen.append(first)
    }

    /// Removes events, ids and idempotency but keeps the memory.
    public mutating func removeAll() {
        idempotency = nil
        ids.removeAll()
        times.removeAll(keepingCapacity: true)
        types.removeAll(keepingCapacity: true)
        marks.removeAll(keepingCapacity: true)
        workers.removeAll(keepingCapacity: true)
        workstations.removeAll(keepingCapacity: true)
        cameras.removeAll(keepingCapacity: true)
        modelVersions.removeAll(keepingCapacity: true)
        confidences.removeAll(keepingCapacity: true)
        counts.removeAll(keepingCapacity: true)
        firstSeen.removeAll(keepingCapacity: true)
    }
}

/// The ids of one batch in one contiguous buffer. Does not detect duplicates; the writer does.
public struct IDDictionary: Sendable, Equatable {
    @usableFromInline var storage: [UInt8] = []
    @usableFromInline var ends: [UInt32] = []

    public init() {}

    @inlinable
    public var count: Int { ends.count }

    /// Adds an id and returns its index.
    @inlinable
    public mutating func append(_ id: some Collection<UInt8>) -> UInt32 {
        storage.append(contentsOf: id)
        ends.append(UInt32(storage.count))
        return UInt32(ends.count - 1)
    }

    /// Byte range of id `index` in ``bytes``.
    @inlinable
    public func range(of index: Int) -> Range<Int> { (index == 0 ? 0 : Int(ends[index - 1]))..<Int(ends[index]) }

    /// The bytes of all ids, concatenated.
    @inlinable
    public var bytes: [UInt8] { storage }

    /// A copy of one id; allocates.
    @inlinable
    public subscript(index: Int) -> [UInt8] { Array(storage[range(of: index)]) }

    public mutating func removeAll() {
        storage.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
    }
}
