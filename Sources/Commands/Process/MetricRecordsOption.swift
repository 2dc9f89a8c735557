/// `--metric-records N`: how much a server on the embedded log publishes for other systems.
enum MetricRecordsOption {
    static let countDefault = 100_000

    private static let option = Option.integer(
        "metric-records", "N",
        "how many records of each kind are kept for other systems to read at /api/metric-records; 0: nothing is published",
        in: 0...10_000_000, default: countDefault)

    static let spec = option.spec

    static func count(_ invocation: Invocation) throws -> Int { try invocation.value(option) }
}
