internal import Glibc
internal import SQLite

/// A store that lies over another file, its underlay: it has only the pages that were written since, and reads the others
/// from there. The underlay is never written.
///
/// So a fold goes on from a copy of any size at once. The underlay has a name of its own beside the store, a hard link:
/// whoever removes the copy that was named takes nothing away.
public enum StoreOverlay {
    /// What the name of an underlay ends with, after that of its store.
    public static let underlaySuffix = ConnectionOptions.underlaySuffix

    /// Makes a file that lies over a copy of a store and so has the same content.
    ///
    /// - Parameters:
    ///   - path: no file of a store is there.
    ///   - copy: a whole copy of a store, which nobody changes from now on.
    /// - Returns: false where the file system, or this user's rights, allow no link to the copy; then nothing was made.
    /// - Throws: ``StoreError``; then what is there is not to be used.
    public static func make(at path: String, over copy: String) throws(StoreError) -> Bool {
        guard link(copy, path + underlaySuffix) == 0 else {
            switch errno {
            case EXDEV, EPERM, EACCES, EMLINK, EOPNOTSUPP: return false
            default: throw failure(path)
            }
        }
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure(path) }
        defer { close(descriptor) }
        var status = stat()
        guard stat(copy, &status) == 0, ftruncate(descriptor, status.st_size) == 0 else { throw failure(path) }
        return true
    }

    /// The failure of the call that just returned.
    private static func failure(_ path: String) -> StoreError {
        let code = errno
        return StoreError(
            .unavailable, "projections at \(path) cannot be made: \(String(cString: strerror(code)))",
            hint: "check the folder's owner, mode and free space", isRetriable: code == ENOSPC || code == EDQUOT)
    }
}
