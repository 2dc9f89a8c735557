internal import Foundation
internal import Glibc

/// The right to write a worker's folder: an exclusive `flock` on `worker.lock`, which ends with this value or with the
/// process, however that ends. Two workers with one folder would write the same files (DESIGN 1.9).
struct FolderLock: ~Copyable {
    private let descriptor: Int32

    /// Makes the folder where there is none.
    /// - Throws: ``PartitionsError`` when another worker has it, or it cannot be written.
    init(folder: String) throws(PartitionsError) {
        do { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) } catch {
            throw PartitionsError.folderUnusable(folder, "\(error.localizedDescription)")
        }
        let path = folder + "/worker.lock"
        // Given to `self` at the end: a value that is whole would be ended by a throw, and close a second time.
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw PartitionsError.folderUnusable(folder, String(cString: strerror(errno))) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw PartitionsError.folderInUse(folder)
        }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }
}
