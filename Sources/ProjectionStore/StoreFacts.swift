public import EventModel
internal import SQLite
internal import Timeline

/// What a copy of a store says about itself.
public struct StoreFacts: Equatable, Sendable {
    public var logEpoch: [UInt8]
    public var versions: StoreVersions
    public var nextOffset: LogOffset
    /// Whether commits noted what they changed, for a publisher.
    public var hasFeed: Bool
    /// The largest created_at of events, definitions and the last record in it; nil in an empty store.
    public var watermark: Timestamp?

    public init(
        logEpoch: [UInt8], versions: StoreVersions, nextOffset: LogOffset, hasFeed: Bool, watermark: Timestamp?
    ) {
        self.logEpoch = logEpoch
        self.versions = versions
        self.nextOffset = nextOffset
        self.hasFeed = hasFeed
        self.watermark = watermark
    }

    /// Reads a copy that nobody writes.
    /// - Throws: ``StoreError``
    public init(copyAt path: String) throws {
        do {
            let connection = try Connection(path: path, ProjectionStore.copyOptions)
            func integer(_ name: MetaName) throws -> Int64 {
                guard let value = try connection.integer(name) else {
                    throw StoreError.damaged("\(path) has no \(name.rawValue)")
                }
                return value
            }
            let epoch = try connection.prepare("SELECT value FROM meta WHERE name = '\(MetaName.logEpoch.rawValue)'")
            guard try epoch.step() else { throw StoreError.damaged("\(path) does not say of which log it is") }
            logEpoch = epoch.blob(0)
            versions = StoreVersions(
                format: try integer(.format), fold: try integer(.fold), spec: try integer(.spec))
            nextOffset = LogOffset(try integer(.nextOffset))
            hasFeed = try integer(.hasFeed) == 1
            let newest = [
                try connection.integer(.fingerprintCreatedAt),
                try connection.integer("SELECT max(created_at) FROM arrival"),
                try connection.integer("SELECT max(created_at) FROM quarantined"),
                try connection.integer("SELECT max(changed) FROM hour"),
            ].compactMap { $0 }.filter { $0 != NewestTime.none.stored }.max()
            watermark = newest.map { Timestamp(microseconds: $0) }
        } catch { throw StoreError.wrap("\(path) cannot be read", error) }
    }
}
