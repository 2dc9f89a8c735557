import Foundation

/// The files of this repository, as the rules of this suite look at them.
struct Repository {
    struct File {
        /// From the top of the repository, e.g. `Sources/Commands/Line/Help.swift`.
        var path: String
        var text: String

        var folder: String { path.split(separator: "/").prefix(2).joined(separator: "/") }
        /// The Swift module that the file belongs to; nil outside Sources.
        var module: String? {
            let parts = path.split(separator: "/")
            return parts.count > 2 && parts[0] == "Sources" ? String(parts[1]) : nil
        }
    }

    static let current = Repository()

    let top: URL
    let files: [File]

    private init() {
        top = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        files = Repository.walk(top, path: "").sorted { $0.path < $1.path }
    }

    var swift: [File] { files.filter { $0.path.hasSuffix(".swift") } }
    var sources: [File] { swift.filter { $0.path.hasPrefix("Sources/") } }
    var tests: [File] { swift.filter { $0.path.hasPrefix("Tests/") } }

    func file(_ path: String) -> File? { files.first { $0.path == path } }

    /// Whether there is such a file, of text or not.
    func has(_ path: String) -> Bool { FileManager.default.fileExists(atPath: top.appendingPathComponent(path).path) }

    /// Names at the top, without what a build or a demonstration leaves there.
    var topNames: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: top.path)) ?? [])
            .filter { !$0.hasPrefix(".build") && !$0.hasPrefix("andon-data") }.sorted()
    }

    private static func walk(_ folder: URL, path: String) -> [File] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.flatMap { name -> [File] in
            let skipped = [".git", "__pycache__"].contains(name) || name.hasPrefix("andon-data")
            guard !skipped, !name.hasPrefix(".build"), !name.hasPrefix(".venv") else { return [] }
            let place = folder.appendingPathComponent(name)
            let inner = path.isEmpty ? name : path + "/" + name
            var isFolder: ObjCBool = false
            let exists = FileManager.default.fileExists(atPath: place.path, isDirectory: &isFolder)
            if exists, isFolder.boolValue { return walk(place, path: inner) }
            guard let text = try? String(contentsOf: place, encoding: .utf8) else { return [] }
            return [File(path: inner, text: text)]
        }
    }
}

extension String {
    /// Line number of a place in the text, from 1.
    func line(of index: Index) -> Int { self[..<index].utf8.count { $0 == UInt8(ascii: "\n") } + 1 }
}
