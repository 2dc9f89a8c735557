internal import SQLite

/// Reads a store's file from end to end in small steps and compares every page with its checksum, so that damage is
/// found before somebody needs what is damaged.
///
/// For one thread at a time. It takes no lock and reads beside the writer.
public final class StoreScrub {
    private let connection: Connection
    private let condition: StoreCondition
    private var next: Int64 = 1
    public private(set) var passes = 0

    /// Starts at the beginning of the file of `store`, and notes damage in its condition.
    public convenience init(_ store: ProjectionStore) throws {
        try self.init(path: store.path, condition: store.condition)
    }

    public init(path: String, condition: StoreCondition = StoreCondition()) throws {
        self.condition = condition
        do { connection = try Connection(path: path, ProjectionStore.readerOptions) } catch {
            throw condition.noted("projections at \(path) cannot be read", error)
        }
    }

    /// Compares the next pages; after the last one it begins again.
    ///
    /// - Throws: ``StoreError`` for a page that is not what was written, or that cannot be read.
    public func step(pages: Int) throws {
        do {
            switch try connection.checkPages(next..<next + Int64(pages)) {
            case .sound: next += Int64(pages)
            case .end:
                next = 1
                passes += 1
            case .damaged(let page):
                throw StoreError.damaged("projections at \(connection.path): page \(page) is not what was written")
            }
        } catch { throw condition.noted("projections at \(connection.path) cannot be read", error) }
    }

    /// Number of pages in the file.
    public func pageCount() throws -> Int64 {
        do { return try connection.integer("PRAGMA page_count") ?? 0 } catch {
            throw condition.noted("projections at \(connection.path) cannot be read", error)
        }
    }
}
