internal import EventModel

/// Where samples of model health come from: a workstation, a camera and a model version (SPEC 6.1), as hashes.
struct Source {
    let hash: UInt64
    /// 0 for an event without a camera.
    let camera: UInt64

    /// - Parameter hashes: of each id of the batch.
    @inline(__always)
    init(_ event: Int, of batch: borrowing EventBatch, _ hashes: [UInt64]) {
        let (camera, model) = (Int(batch.cameras[event]), Int(batch.modelVersions[event]))
        self.camera = camera == 0 ? 0 : hashes[camera - 1]
        hash = IDHash.combine(
            hashes[Int(batch.workstations[event])], self.camera, model == 0 ? 0 : hashes[model - 1])
    }

    init(_ ids: SourceIDs) {
        camera = Self.hash(ids.camera)
        hash = IDHash.combine(Self.hash(ids.workstation), camera, Self.hash(ids.modelVersion))
    }

    private static func hash(_ id: ArraySlice<UInt8>?) -> UInt64 {
        id.map { $0.withUnsafeBytes { IDHash.of($0) } } ?? 0
    }
}

/// Hashes in open addressing: eight bytes each and as much again of room to grow.
struct HashSet {
    private var slots: [UInt64] = []
    private(set) var count = 0

    @inline(__always)
    func contains(_ hash: UInt64) -> Bool {
        guard !slots.isEmpty else { return false }
        var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        // An empty slot is 0, for which no hash is kept.
        while slots[slot] != 0 {
            if slots[slot] == max(hash, 1) { return true }
            slot = (slot + 1) & (slots.count - 1)
        }
        return false
    }

    /// Adds what is not there yet.
    mutating func insert(_ hash: UInt64) {
        if 2 * (count + 1) > slots.count { grow() }
        place(hash)
        count += 1
    }

    private mutating func place(_ hash: UInt64) {
        var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
        slots[slot] = max(hash, 1)
    }

    private mutating func grow() {
        let old = slots
        slots = [UInt64](repeating: 0, count: max(16, 2 * old.count))
        for hash in old where hash != 0 { place(hash) }
    }
}

/// Room for the sources of all sites of a partition.
final class SourceRoom {
    let maximum: Int
    fileprivate(set) var taken = 0

    init(maximum: Int = Limits.sourcesPerPartitionMaximum) { self.maximum = maximum }
}

/// The cameras and sources that a site's accepted and low-confidence events have named, as far as the gateway knows: from
/// the fold in its process, or else from the newest events before its start, and since then.
///
/// Each costs every fold some room for ever, so a client that makes up ids is refused here, long before a fold has no
/// room left. Where the fold is in another process, a restart forgets what is older.
struct SiteSources {
    private var sources = HashSet()
    private var cameras = HashSet()
    private let room: SourceRoom
    private let sourcesMaximum: Int
    private let camerasMaximum: Int

    init(
        _ room: SourceRoom, sourcesMaximum: Int = Limits.sourcesPerSiteMaximum,
        camerasMaximum: Int = Limits.camerasPerSiteMaximum
    ) {
        self.room = room
        self.sourcesMaximum = sourcesMaximum
        self.camerasMaximum = camerasMaximum
    }

    /// - Returns: false for one too many. What is let in stays, also if its record cannot be appended.
    @inline(__always)
    mutating func admit(_ source: Source) -> Bool { sources.contains(source.hash) || add(source) }

    @inline(never)
    private mutating func add(_ source: Source) -> Bool {
        let isNewCamera = source.camera != 0 && !cameras.contains(source.camera)
        guard sources.count < sourcesMaximum, !isNewCamera || cameras.count < camerasMaximum,
            sources.count < Limits.sourcesPerSiteGranted || room.taken < room.maximum
        else { return false }
        sources.insert(source.hash)
        if isNewCamera { cameras.insert(source.camera) }
        room.taken += 1
        return true
    }
}

/// The keys of quarantined events whose workers no definition names: the newest of the site, whoever they are of, so
/// that ids which are made up take no room for ever.
struct StrangerKeys {
    /// Several requests.
    static let countMaximum = 8192

    private var keys: Set<UInt64> = []
    /// In order of arrival, a ring once it is full.
    private var order: [UInt64] = []
    private var oldest = 0

    func contains(_ key: Int64) -> Bool { keys.contains(UInt64(bitPattern: key)) }

    /// - Returns: false if the key is already here.
    mutating func insert(_ key: Int64) -> Bool {
        let key = UInt64(bitPattern: key)
        guard keys.insert(key).inserted else { return false }
        if order.count < Self.countMaximum {
            order.append(key)
        } else {
            keys.remove(order[oldest])
            order[oldest] = key
            oldest = (oldest + 1) % Self.countMaximum
        }
        return true
    }

    /// Its place in the order stays until it would have left anyway.
    mutating func remove(_ key: Int64) { keys.remove(UInt64(bitPattern: key)) }
}
