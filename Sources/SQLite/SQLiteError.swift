internal import CSQLite
public import Observability

/// What SQLite answered when it could not do what it was asked. Modules wrap it in their own error where it leaves them.
public struct SQLiteError: OperatorError {
    /// SQLite's extended result code, e.g. 266 for `SQLITE_IOERR_READ`.
    public var extendedCode: Int32
    /// SQLite's own words, and what was being done.
    public var message: String
    /// What an operator can do about it.
    public var hint: String?

    public init(extendedCode: Int32, message: String, hint: String? = nil) {
        self.extendedCode = extendedCode
        self.message = message
        let code = extendedCode == andon_sqlite_damaged_page ? SQLITE_CORRUPT : extendedCode & 0xFF
        self.hint = hint ?? Self.hint(code: code)
    }

    /// SQLite calls it an error of the disk, which it is not for sure.
    static let damagedPage = SQLiteError(
        extendedCode: andon_sqlite_damaged_page, message: "a page of the file is not what was written")

    public var name: String { "sqlite_\(code)" }

    /// The primary result code, e.g. 10 for every `SQLITE_IOERR_…`.
    public var code: Int32 { extendedCode & 0xFF }

    /// Another connection holds the lock that is needed.
    public var isBusy: Bool { code == SQLITE_BUSY || code == SQLITE_LOCKED }
    /// There is no room: the disk, the quota or the page limit.
    public var isFull: Bool { code == SQLITE_FULL }
    /// The device failed to read, write or sync.
    public var isInputOutput: Bool { code == SQLITE_IOERR && !isDamagedPage }
    /// The bytes are not those of a sound database, or not those that were written.
    public var isCorrupt: Bool { code == SQLITE_CORRUPT || code == SQLITE_NOTADB || isDamagedPage }
    /// A page does not match its checksum; see ``ConnectionOptions/checksPages``.
    private var isDamagedPage: Bool { extendedCode == andon_sqlite_damaged_page }
    /// The file is not there or may not be opened.
    public var cannotOpen: Bool { code == SQLITE_CANTOPEN }
    /// ``Connection/interrupt()`` ended the statement.
    public var isInterrupted: Bool { code == SQLITE_INTERRUPT }
    /// The same call may succeed later without any change to the file by hand.
    public var isRetriable: Bool {
        isBusy || isFull || isInputOutput || isInterrupted || code == SQLITE_NOMEM
    }

    public var description: String {
        let text = "\(message) (SQLite code \(extendedCode))"
        return hint.map { "\(text); \($0)" } ?? text
    }

    private static func hint(code: Int32) -> String? {
        switch code {
        case SQLITE_FULL: "free some disk space, and try again"
        case SQLITE_IOERR: "check the disk and the kernel's log"
        case SQLITE_BUSY, SQLITE_LOCKED: "another process or thread holds the file; try again"
        case SQLITE_CANTOPEN: "check that the path exists and that this user may open it"
        case SQLITE_READONLY, SQLITE_PERM: "check the owner and mode of the file and of its folder"
        case SQLITE_CORRUPT, SQLITE_NOTADB: "check the disk and restore the file from a copy"
        default: nil
        }
    }
}
