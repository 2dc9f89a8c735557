internal import EventModel
internal import Files
internal import Foundation
internal import Glibc
internal import Locks

/// The stores of one partition in one folder: which there are, and which of them is live (DESIGN 7).
///
/// Generation 1 is `NAME.sqlite`, any other one `NAME.gID.sqlite`. `NAME.generations.json` says which is live and what
/// the state of each is. It is replaced as a whole: written beside, synced, renamed. Whatever ends the process between
/// two steps, exactly one is live afterwards. As long as there is one store only, there is no such file.
///
/// Callable from any thread, and from several processes: a lock is held for each change, and another one by who folds
/// a generation, for as long as it does.
public final class GenerationDirectory: Sendable {
    /// Of generation 1.
    public let path: String
    private let base: String
    /// Called between the steps of a change: for tests, which end it there.
    private let step: @Sendable (String) throws -> Void

    /// - Parameter path: of generation 1, with the suffix `.sqlite`.
    public convenience init(path: String) { self.init(path: path) { _ in } }

    package init(path: String, step: @escaping @Sendable (String) throws -> Void) {
        self.path = path
        base = path.hasSuffix(Self.suffix) ? String(path.dropLast(Self.suffix.count)) : path
        self.step = step
    }

    private static let suffix = ".sqlite"
    var listPath: String { base + ".generations.json" }
    var lockPath: String { base + ".generations.lock" }

    /// Where the store of a generation lies.
    public func storePath(_ id: Int64) -> String { id == 1 ? path : "\(base).g\(id)\(Self.suffix)" }

    /// Whether there is, or was, more than one store.
    public var hasList: Bool { FileManager.default.fileExists(atPath: listPath) }

    // MARK: Reading

    /// All generations, by id; exactly one is live. Reads without a lock.
    /// - Throws: ``GenerationError`` when the list was written by a newer program, or cannot be read.
    public func list() throws -> [Generation] { try read(at: .earliest).list.all }

    /// Where the live store lies, or would lie; ``path`` when that cannot be known.
    public var livePath: String {
        // As for nearly every folder.
        guard hasList, let live = try? read(at: .earliest).list.live else {
            return path
        }
        return storePath(live.id)
    }

    /// Bytes that a generation has on the disk.
    public func bytes(_ id: Int64) -> Int64 {
        Self.parts.reduce(0) { sum, part in
            let attributes = try? FileManager.default.attributesOfItem(atPath: storePath(id) + part)
            return sum + ((attributes?[.size] as? NSNumber)?.int64Value ?? 0)
        }
    }

    /// The files of a store.
    static let parts = ["", "-wal", "-shm", StoreOverlay.underlaySuffix]

    /// - Parameter now: dates what stands in no list.
    func read(at now: Timestamp) throws -> (list: GenerationList, isStored: Bool, isDamaged: Bool) {
        guard hasList else {
            return (GenerationList(live: found(1, at: now)), false, false)
        }
        guard let bytes = FileManager.default.contents(atPath: listPath) else {
            throw GenerationError.unavailable(listPath, String(cString: strerror(errno)))
        }
        switch GenerationList.read(Array(bytes)) {
        case .list(let list): return (list, true, false)
        case .newer: throw GenerationError.newer(listPath)
        case .damaged: return (recovered(at: now), false, true)
        }
    }

    /// The list that the stores themselves give: the one that has folded most is live, of equal ones the newest.
    private func recovered(at now: Timestamp) -> GenerationList {
        let all = storedIDs.map { ($0, head($0)?.nextOffset ?? LogOffset(-1)) }
        let live = all.max { ($0.1, $0.0) < ($1.1, $1.0) }?.0 ?? 1
        var list = GenerationList(live: found(live, at: now))
        for (id, _) in all where id != live { list.adopt(found(id, at: now), at: now) }
        return list
    }

    /// What a store says about itself, as an entry.
    private func found(_ id: Int64, at now: Timestamp) -> Generation {
        let head = head(id)
        return Generation(
            id: id, state: .live, versions: head?.versions ?? StoreVersions(format: 0, fold: 0, spec: 0),
            logEpoch: head?.logEpoch ?? [], createdAt: now)
    }

    /// What the store of a generation says about itself; nil when it says nothing.
    public func head(_ id: Int64) -> StoreHead? {
        guard case .head(let head)? = try? StoreHead.read(path: storePath(id)) else { return nil }
        return head
    }

    func hasStore(_ id: Int64) -> Bool { FileManager.default.fileExists(atPath: storePath(id)) }

    /// The generations whose files are there.
    private var storedIDs: [Int64] {
        let folder = base.lastIndex(of: "/").map { String(base[..<$0]) } ?? "."
        let name = base.split(separator: "/").last.map(String.init) ?? base
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.compactMap { file -> Int64? in
            if file == name + Self.suffix { return 1 }
            guard file.hasPrefix(name + ".g"), file.hasSuffix(Self.suffix) else { return nil }
            guard let id = Int64(file.dropFirst(name.count + 2).dropLast(Self.suffix.count)), id > 1 else { return nil }
            return id
        }.sorted()
    }

    // MARK: Changing

    /// Runs `body` on the list while nobody else changes it, then replaces the file.
    func change<Result>(
        at now: Timestamp, _ body: (inout GenerationList) throws -> Result
    ) throws -> Result {
        let lock: GenerationRight
        do throws(FileLockFailure) {
            lock = GenerationRight(try FileRangeLock(path: lockPath, part: 0, waits: true))
        } catch { throw Self.unusable(lockPath, error) }
        defer { withExtendedLifetime(lock) {} }
        var (list, isStored, isDamaged) = try read(at: now)
        let before = list
        reconcile(&list, at: now)
        let result = try body(&list)
        if isDamaged { _ = rename(listPath, listPath + ".damaged") }
        if isStored ? list != before : isDamaged || !list.isPlain { try write(list) }
        return result
    }

    /// Makes the list and the files agree, where a process ended between two steps. Of what somebody folds nothing is
    /// changed: an entry comes before its file.
    private func reconcile(_ list: inout GenerationList, at now: Timestamp) {
        let stored = Set(storedIDs)
        for generation in list.all where generation.state != .live && !stored.contains(generation.id) {
            guard (try? takeRight(generation.id)) != nil else { continue }
            removeFiles(generation.id)
            try? list.remove(generation.id)
        }
        for id in stored.sorted() where list[id] == nil { list.adopt(found(id, at: now), at: now) }
    }

    private func write(_ list: GenerationList) throws {
        do {
            try WholeFile.replaceDurably(listPath, with: list.json, draft: listPath + ".new") { reached in
                switch reached {
                case .written: try step("list written")
                case .renamed: try step("list renamed")
                }
            }
        } catch let failure as FileFailure { throw GenerationError.unavailable(listPath, failure.reason) }
        try step("folder synced")
    }

    private static func unusable(_ path: String, _ failure: FileLockFailure) -> GenerationError {
        switch failure {
        case .unusable(let reason): .unavailable(path, reason)
        case .inUse: .unavailable(path, "another process has it")
        }
    }

    /// The right to write a generation's store, which nobody else has meanwhile.
    func takeRight(_ id: Int64) throws(GenerationError) -> GenerationRight {
        do throws(FileLockFailure) {
            return GenerationRight(try FileRangeLock(path: lockPath, part: id, waits: false))
        } catch {
            if case .inUse = error { throw .inUse(id) }
            throw Self.unusable(lockPath, error)
        }
    }

    /// Deletes the files of a store: itself first, so that none of its rest is ever taken for a store.
    func removeFiles(_ id: Int64) {
        for part in Self.parts { unlink(storePath(id) + part) }
    }

    func pass(_ name: String) throws { try step(name) }
}

/// The right to write the store of one generation; ends with its last reference.
public final class GenerationRight: Sendable {
    private let lock: FileRangeLock

    init(_ lock: consuming FileRangeLock) { self.lock = lock }
}
