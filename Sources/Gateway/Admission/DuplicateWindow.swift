internal import EventModel

/// The keys of each worker's newest events that are in the log or about to be appended (SPEC 2.6).
///
/// Exact for the keys it holds. An event older than a full ring is unknown here and passes, because the fold decides in
/// the end. Sites share the memory equally, so no site evicts another's keys.
struct DuplicateWindow {
    /// Keys of 8 bytes over all sites; 8 Mi keys are 64 MiB, or 80 keys for each of 100 thousand workers.
    static let keysMaximum = 8 << 20

    private var sites: [SiteID: SiteWindow] = [:]
    private let sources = SourceRoom()
    private let budget: WindowBudget
    /// Number of keys at the last count.
    private var keysCounted = 0

    /// - Parameter budget: Shared by the windows of all partitions.
    init(budget: WindowBudget) { self.budget = budget }

    /// A window with a budget of its own.
    init(keysMaximum: Int = DuplicateWindow.keysMaximum) {
        self.init(budget: WindowBudget(keysMaximum: keysMaximum, partitionCount: 1))
    }

    mutating func window(of site: SiteID) -> SiteWindow {
        if let window = sites[site] { return window }
        let window = SiteWindow(sources: SiteSources(sources))
        sites[site] = window
        return window
    }

    /// Enforces the limits. Runs between groups, so that it never moves a key that may still have to be taken back.
    mutating func maintain() {
        let held = keyCount
        let limit = budget.limit(heldBefore: keysCounted, held: held)
        keysCounted = held
        let share = max(1024, limit / max(1, sites.count))
        for window in sites.values where window.keyCount > share || window.workerCount > SiteWindow.workersMaximum {
            window.shrink(to: share)
        }
    }

    var keyCount: Int { sites.values.reduce(0) { $0 + $1.keyCount } }
}

/// What is remembered of one site's events: the keys, and where they came from. Used by the log thread only.
final class SiteWindow {
    /// Twice what a definition can name: workers that it dropped have keys too.
    static let workersMaximum = 2 * Limits.definitionEntriesMaximum
    /// A ring with twice this many keys is cut back to this many.
    private(set) var keysPerWorker = 256
    private(set) var keyCount = 0
    private var ids = IDTable()
    private var rings: [KeyRing] = []
    private var strangers = StrangerKeys()
    private var sources: SiteSources

    /// A worker's three rings are adjacent.
    typealias Slot = Int32

    /// Of all workers that no definition has named.
    static let stranger: Slot = -2

    init(sources: SiteSources = SiteSources(SourceRoom())) { self.sources = sources }

    var workerCount: Int { ids.count }

    /// Whether an event may come from there.
    @inline(__always)
    func admit(_ source: Source) -> Bool { sources.admit(source) }

    /// Where the keys of a worker are that the definition does not name: an earlier one may have named him.
    func strangerSlot(of worker: UnsafeRawBufferPointer, hash: UInt64) -> Slot {
        ids.number(of: worker, hash: hash).map { Slot($0) } ?? Self.stranger
    }

    /// Where the keys of a worker are.
    func slot(of worker: UnsafeRawBufferPointer, hash: UInt64) -> Slot {
        let (number, isNew) = ids.insert(worker, hash: hash)
        if isNew { for _ in EventClass.allCases { rings.append(KeyRing()) } }
        return Slot(number)
    }

    /// The key of an event within its worker and class; rises with time.
    @inline(__always)
    static func key(time: Int64, type: EventType) -> Int64 { time << 2 | Int64(type.rawValue) }

    /// The key of an event of a worker that no definition has named.
    static func strangerKey(_ key: Int64, hash: UInt64) -> Int64 {
        Int64(bitPattern: IDHash.combine(hash, UInt64(bitPattern: key), 0))
    }

    /// Whether the event came before its worker was defined.
    func isKnownOfStranger(_ key: Int64, hash: UInt64) -> Bool {
        strangers.contains(Self.strangerKey(key, hash: hash))
    }

    /// Adds a key.
    /// - Returns: false if the key is already here: then the event is a duplicate.
    @inline(__always)
    func insert(_ key: Int64, of slot: Slot, _ class: EventClass) -> Bool {
        if slot == Self.stranger { return strangers.insert(key) }
        let ring = Int(slot) * EventClass.allCases.count + Int(`class`.rawValue)
        let before = rings[ring].count
        let isNew = rings[ring].insert(key, limit: keysPerWorker)
        keyCount += rings[ring].count - before
        return isNew
    }

    /// Removes a key that was added for an append that failed.
    func remove(_ key: Int64, of slot: Slot, _ class: EventClass) {
        if slot == Self.stranger { return strangers.remove(key) }
        let ring = Int(slot) * EventClass.allCases.count + Int(`class`.rawValue)
        if rings[ring].remove(key) { keyCount -= 1 }
    }

    /// Keeps fewer keys of each worker, at worst none: a site with that many workers loses exactness here, but its
    /// figures do not change.
    func shrink(to share: Int) {
        while keyCount > share, keysPerWorker > 8 {
            keysPerWorker /= 2
            keyCount = 0
            for ring in rings.indices {
                rings[ring].cut(to: keysPerWorker)
                keyCount += rings[ring].count
            }
        }
        if keyCount > share || workerCount > Self.workersMaximum {
            ids = IDTable()
            rings = []
            keyCount = 0
        }
    }
}

/// Sorted keys; drops the oldest when there are too many.
struct KeyRing {
    private var keys: [Int64] = []
    /// Whether keys were dropped: anything older than the first key may have been one of them.
    private var isCut = false

    var count: Int { keys.count }

    /// - Returns: false if the key is already here.
    @inline(__always)
    mutating func insert(_ key: Int64, limit: Int) -> Bool {
        // Nearly always the newest: cameras report in order.
        if let last = keys.last, last >= key { return insertBefore(key, limit: limit) }
        keys.append(key)
        if keys.count >= 2 * limit { cut(to: limit) }
        return true
    }

    private mutating func insertBefore(_ key: Int64, limit: Int) -> Bool {
        let index = firstIndex(notBefore: key)
        if keys[index] == key { return false }
        // Older than every known key: it would be dropped next.
        if index == 0, isCut { return true }
        keys.insert(key, at: index)
        if keys.count >= 2 * limit { cut(to: limit) }
        return true
    }

    /// - Returns: whether the key was here.
    mutating func remove(_ key: Int64) -> Bool {
        let index = firstIndex(notBefore: key)
        guard index < keys.count, keys[index] == key else { return false }
        keys.remove(at: index)
        return true
    }

    mutating func cut(to limit: Int) {
        guard keys.count > limit else { return }
        keys.removeFirst(keys.count - limit)
        isCut = true
    }

    private func firstIndex(notBefore key: Int64) -> Int {
        var low = 0
        var high = keys.count
        while low < high {
            let middle = (low + high) >> 1
            if keys[middle] < key { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
