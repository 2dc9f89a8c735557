/// `--scrub HOURS`: how often everything stored about figures is read through for damage.
enum ScrubOption {
    static let hoursDefault = 24

    private static let option = Option.integer(
        "scrub", "HOURS",
        "in how many hours the projections are read from end to end for damage, in idle time; 0: never",
        in: 0...8760, default: hoursDefault)

    static let spec = option.spec

    static func hours(_ invocation: Invocation) throws -> Int { try invocation.value(option) }
}
