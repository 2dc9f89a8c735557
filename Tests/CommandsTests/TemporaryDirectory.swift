import Foundation

/// A directory that goes when its owner does.
final class TemporaryDirectory: Sendable {
    let path: String

    init() throws {
        let place = FileManager.default.temporaryDirectory.appendingPathComponent("andon-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        path = place.path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Where `name` stands in the directory.
    func file(_ name: String) -> String { path + "/" + name }

    /// Writes a file and returns its path.
    @discardableResult
    func write(_ name: String, _ text: String) throws -> String {
        try Data(text.utf8).write(to: URL(fileURLWithPath: file(name)))
        return file(name)
    }

    /// Copies a file into the directory and returns its path; throws where there is none.
    func copy(_ name: String, from path: String?) throws -> String {
        guard let path else { throw CocoaError(.fileNoSuchFile) }
        try FileManager.default.copyItem(atPath: path, toPath: file(name))
        return file(name)
    }
}
