/// `--keep-generations HOURS`: for how long projections that are no longer live can be gone back to.
enum KeepGenerationsOption {
    static let hoursDefault = 24

    private static let option = Option.integer(
        "keep-generations", "HOURS",
        "for how long projections that others have replaced are kept for going back; 0: not at all",
        in: 0...8760, default: hoursDefault)

    static let spec = option.spec

    static func hours(_ invocation: Invocation) throws -> Int { try invocation.value(option) }
}
