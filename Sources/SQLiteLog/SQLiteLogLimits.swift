/// Limits of a ``SQLiteLog``; the defaults suit one plant.
public struct SQLiteLogLimits: Sendable {
    /// Bytes of the newest records kept in memory for readers at the end of the log. 16 MiB hold some ten thousand
    /// requests of 100 events: one second at full speed.
    public var tailBytesMaximum = 16 << 20
    /// The write-ahead log is copied into the file once it has this many pages of 8 KiB; 2000 are 16 MiB.
    public var checkpointPages = 2000
    /// Idle read connections that stay open.
    public var idleReadersMaximum = 4

    public init() {}
}
