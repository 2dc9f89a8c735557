public import EventModel
internal import Foundation
internal import SQLite

/// Which log a store was folded from, and how far: read without folding anything.
public struct StorePlace: Equatable, Sendable {
    public var logEpoch: [UInt8]
    public var nextOffset: LogOffset
    /// From which offset on questions are answered.
    public var answersFrom: LogOffset

    /// Reads the place of the store at a path.
    /// - Parameter alone: reads the file by itself and makes none beside it; what is only in the write-ahead log does not
    ///   count then.
    /// - Returns: nil when there is no store that can be read.
    public static func read(path: String, alone: Bool = false) -> StorePlace? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        let options = alone ? ConnectionOptions(mode: .fileAlone, checksPages: true) : ProjectionStore.readerOptions
        do {
            let connection = try Connection(path: path, options)
            guard try connection.hasStore(), let epoch = try connection.blob(.logEpoch),
                let next = try connection.integer(.nextOffset)
            else { return nil }
            return StorePlace(
                logEpoch: epoch, nextOffset: LogOffset(next),
                answersFrom: LogOffset(try connection.integer(.answersFrom) ?? 0))
        } catch { return nil }
    }
}
