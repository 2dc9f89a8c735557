public import Foundation

/// A folder of its own for one test, removed when the last reference goes.
public final class TemporaryFolder: Sendable {
    public let url: URL
    public var path: String { url.path }

    /// Makes the folder.
    public init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "andon-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    /// The path of `name` in the folder, whether or not it exists.
    public func file(_ name: String) -> String { url.appending(path: name).path }

    /// Size of a file in bytes; nil when it is not there.
    public func bytes(_ name: String) -> Int? {
        (try? FileManager.default.attributesOfItem(atPath: file(name)))?[.size] as? Int
    }

    /// Writes a file and returns its path.
    @discardableResult
    public func write(_ name: String, _ text: String) throws -> String {
        try Data(text.utf8).write(to: url.appending(path: name))
        return file(name)
    }

    /// Copies a file into the folder and returns its path; throws where there is none.
    public func copy(_ name: String, from path: String?) throws -> String {
        guard let path else { throw CocoaError(.fileNoSuchFile) }
        try FileManager.default.copyItem(atPath: path, toPath: file(name))
        return file(name)
    }
}
