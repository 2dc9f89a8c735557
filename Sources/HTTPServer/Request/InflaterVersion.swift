import CZlib

extension HTTPServer {
    /// Version of the library that decompresses bodies, for `andon doctor`.
    public static var compressionLibraryVersion: String { String(cString: zlibVersion()) }
}
