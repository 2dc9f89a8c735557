/// What a store is made by (DESIGN 1.11): a program goes on with stores of its own versions alone.
public struct StoreVersions: Hashable, Sendable {
    /// Of tables and blobs. A store of another format cannot be read.
    public var format: Int64
    /// Of the fold: other rows for the same records. A store of another fold can be read.
    public var fold: Int64
    /// Of the specification that says what the figures mean.
    public var spec: Int64

    public init(format: Int64, fold: Int64, spec: Int64) {
        self.format = format
        self.fold = fold
        self.spec = spec
    }

    /// Those of this program.
    public static let current = StoreVersions(
        format: StoreSchema.format, fold: StoreSchema.fold, spec: StoreSchema.spec)
}
