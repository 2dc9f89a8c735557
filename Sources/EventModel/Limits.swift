/// Every limit of Andon that more than one module needs, with the reason for its size.
///
/// Names end with the unit. A limit that only one module needs is in that module, with its reason.
public enum Limits {
    /// Events in one request, and so in one record (SPEC 1).
    public static let batchEventsMaximum = 1000
    /// Bytes of a request body, also after decompression (SPEC 2.5).
    public static let bodyBytesMaximum = 16 << 20
    /// Bytes of an id (SPEC 2.1).
    public static let idBytesMaximum = 128
    /// Bytes of a site id (SPEC 1).
    public static let siteIDBytesMaximum = 64
    /// Largest count of one event (SPEC 2.1).
    public static let countMaximum: UInt32 = 1_000_000
    /// Depth of nesting of a JSON body (SPEC 2.5).
    public static let jsonDepthMaximum = 64
    /// Bytes of one log record. 1000 events with four distinct ids of 128 bytes each take 512 KB for the dictionary and
    /// some 30 KB for the columns; a definition of 100 thousand workers with ids of 128 bytes takes 13 MB.
    public static let recordBytesMaximum = 15 << 20
    /// The maximum ttl, and what ttl 0 means: 366 days (SPEC 3).
    public static let ttlSecondsMaximum: Int64 = 31_622_400
    /// Default ttl (SPEC 3).
    public static let ttlSecondsDefault: Int64 = 28_800
    /// Workers, and workstations, in one definition: at most 13 MB of ids, which is below ``recordBytesMaximum``.
    public static let definitionEntriesMaximum = 100_000
    /// Maximum of max_future_seconds and handover in a definition: the seconds from 1970 to 9999, which still fit in
    /// microseconds. Larger values could not be decoded, so admission must reject such definitions.
    public static let durationSecondsMaximum: Int64 = 253_402_300_799
    /// Largest capacity of a workstation in a definition (SPEC 3).
    public static let capacityMaximum: Int64 = 1_000_000
    /// Largest target of a definition: a thousand million units an hour, in millionths (SPEC 3).
    public static let targetMicrounitsMaximum: Int64 = 1_000_000_000_000_000
    /// A record is appended within this time of its created_at or not at all (SPEC 2.8).
    public static let appendDelayMicrosecondsMaximum: Int64 = 30 * Microseconds.second
    /// Combinations of workstation, camera and model version in one site, refused at admission beyond that: a fold keeps
    /// some 80 bytes for each for ever, so 40 MB. Far below what a fold has numbers for, 16.7 million.
    public static let sourcesPerSiteMaximum = 500_000
    /// Distinct camera ids of one site that its accepted and low-confidence events may name; more are a client that makes
    /// up ids. Ten times what the largest plants have.
    public static let camerasPerSiteMaximum = 1 << 16
    /// Combinations of workstation, camera and model version of all sites of a partition: a quarter of what its fold has
    /// numbers for.
    public static let sourcesPerPartitionMaximum = 1 << 22
    /// Combinations that a site may have however many the others have.
    public static let sourcesPerSiteGranted = 1 << 12
}
