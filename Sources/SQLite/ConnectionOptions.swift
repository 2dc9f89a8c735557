internal import CSQLite

/// How a ``Connection`` opens its file.
public struct ConnectionOptions: Sendable {
    /// What the connection may do.
    public enum Mode: Sendable {
        /// Creates the file if need be, writes, and is the only one that checkpoints (DESIGN 1.9).
        case writer
        /// Reads only, and never checkpoints, also not on close.
        case reader
        /// Reads the file alone, as if it had no write-ahead log and nobody wrote it. Takes no lock.
        case fileAlone
        /// Reads and writes in short transactions beside other processes. The journal is rolled back, not ahead: there
        /// are no checkpoints that could race (DESIGN 1.9), and every commit waits for the device.
        case shared
    }

    /// When a commit waits for the device.
    public enum Synchronous: String, Sendable {
        /// Before it is acknowledged: nothing acknowledged is lost with the power.
        case full = "FULL"
        /// At checkpoints only: the newest commits may be lost with the power, never the file's soundness.
        case normal = "NORMAL"
        /// Never; for files that can be thrown away.
        case off = "OFF"
    }

    public var mode: Mode
    public var synchronous: Synchronous
    /// Size of a page in bytes; takes effect when the file is created.
    public var pageBytes: Int
    /// Page cache of this connection in bytes.
    public var cacheBytes: Int
    /// How much of the file is read through a memory map, in bytes; 0 for none. An IO error then is a signal.
    public var memoryMapBytes: Int64
    /// The writer checkpoints after a commit once its write-ahead log has this many pages; 0: only on request.
    public var checkpointPages: Int
    /// What a checkpoint leaves of the write-ahead log's file, in bytes.
    public var walBytesKept: Int64
    /// How long a call waits for another connection's lock.
    public var busyTimeoutMilliseconds: Int32
    /// Overwrites deleted content with zeros, at the price of more pages written.
    public var erasesDeleted: Bool
    /// Every page of the file carries a checksum, which is compared whenever the page is read; what is not what was
    /// written is ``SQLiteError/isCorrupt``. Holds for all connections to the file or for none, and needs
    /// ``checkedPageBytes``.
    public var checksPages: Bool

    public init(
        mode: Mode, synchronous: Synchronous = .full, pageBytes: Int = 4096, cacheBytes: Int = 8 << 20,
        memoryMapBytes: Int64 = 0, checkpointPages: Int = 1000, walBytesKept: Int64 = 64 << 20,
        busyTimeoutMilliseconds: Int32 = 5000, erasesDeleted: Bool = false, checksPages: Bool = false
    ) {
        precondition(!checksPages || pageBytes == Self.checkedPageBytes, "pages of this size carry no checksums")
        self.mode = mode
        self.synchronous = synchronous
        self.pageBytes = pageBytes
        self.cacheBytes = cacheBytes
        self.memoryMapBytes = memoryMapBytes
        self.checkpointPages = checkpointPages
        self.walBytesKept = walBytesKept
        self.busyTimeoutMilliseconds = busyTimeoutMilliseconds
        self.erasesDeleted = erasesDeleted
        self.checksPages = checksPages
    }

    /// Size of pages that carry checksums, in bytes.
    public static let checkedPageBytes = 4096

    /// What the name of a database's underlay ends with: the file from which pages are read that the database does not
    /// have itself. Only for databases whose pages carry checksums, and whose file is as long as that one.
    public static let underlaySuffix = ANDON_SQLITE_UNDERLAY

    /// A writer that waits for the device before it acknowledges.
    public static let writer = ConnectionOptions(mode: .writer)
    /// A reader.
    public static let reader = ConnectionOptions(mode: .reader)
    /// One of several writers of a small file.
    public static let shared = ConnectionOptions(mode: .shared, cacheBytes: 1 << 20)
}
