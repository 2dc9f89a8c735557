import Foundation
import HTTPServer
import Testing

@testable import Board

@Suite("The board's files")
struct BoardTests {
    /// Sources/Board/Web.
    private static let web = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Sources/Board/Web").resolvingSymlinksInPath().path

    /// Names of the files on disk.
    private func namesOnDisk() throws -> [String] {
        let names = FileManager.default.enumerator(atPath: Self.web)?.compactMap { $0 as? String } ?? []
        return names.filter { name in
            var isFolder: ObjCBool = false
            let isThere = FileManager.default.fileExists(atPath: "\(Self.web)/\(name)", isDirectory: &isFolder)
            return isThere && !isFolder.boolValue && !name.hasPrefix(".")
        }.sorted()
    }

    private func embedded(_ name: String) throws -> String {
        let file = try #require(BoardFiles.embedded.first { $0.name == name }, "\(name)")
        return String(decoding: file.bytes, as: UTF8.self)
    }

    /// Asks as a server would: the first route whose pattern has as many segments answers.
    private func ask(_ path: String, headers: [String: String] = [:], directory: String? = nil) throws -> HTTPResponse {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map(String.init)
        let request = HTTPRequest(
            method: .get, path: path, pathParameters: Array(parts.dropFirst()), headerLookup: { headers[$0] })
        guard path != "/" else { return BoardRoutes.page(directory: directory)(request) }
        let route = try #require(
            BoardRoutes.routes(directory: directory).first { route in
                let pattern = route.pattern.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
                return route.pattern == path || (pattern.count == parts.count && parts[0] == "assets")
            })
        final class Unused: HTTPExchange { func complete(_ response: HTTPResponse) {} }
        guard case .respond(let response) = route.serve(request, Unused()) else {
            Issue.record("not answered at once")
            return HTTPResponse(status: 0)
        }
        return response
    }

    private func header(_ name: String, of response: HTTPResponse) -> String? {
        response.headers.first { $0.name == name }?.value
    }

    @Test("every file under Sources/Board/Web is in the program, byte for byte, and nothing that is not there")
    func complete() throws {
        let names = try namesOnDisk()
        #expect(names.count > 15)
        let libraries = ["lib/dygraph.css", "lib/dygraph.js"]
        #expect(BoardFiles.embedded.map(\.name).filter { !libraries.contains($0) }.sorted() == names)
        for file in BoardFiles.embedded where !libraries.contains(file.name) {
            #expect(
                FileManager.default.contents(atPath: "\(Self.web)/\(file.name)") == Data(file.bytes), "\(file.name)")
        }
    }

    @Test("every file is served with its type, and may neither be framed nor load from another host (SPEC 8.7)")
    func headers() throws {
        let paths =
            BoardFiles.embedded.map { "/assets/\($0.name)" } + ["/", "/manifest.webmanifest", "/service-worker.js"]
        for path in paths {
            let response = try ask(path)
            #expect(response.status == 200, "\(path)")
            #expect(response.body.count > 0)
            let policy = try #require(header("Content-Security-Policy", of: response), "\(path)")
            #expect(policy.contains("default-src 'self'") && policy.contains("frame-ancestors 'none'"))
            #expect(!policy.contains("unsafe"))
            #expect(header("X-Content-Type-Options", of: response) == "nosniff")
            #expect(header("Referrer-Policy", of: response) == "same-origin")
            #expect(header("Cache-Control", of: response) == "no-cache")
            let type = try #require(header("Content-Type", of: response))
            #expect(type != "application/octet-stream", "\(path)")
            if path.hasSuffix(".js") { #expect(type == "text/javascript; charset=utf-8") }
        }
    }

    @Test("a file is compressed once, and a browser that has it gets 304 (SPEC 8.8)")
    func coded() throws {
        let plain = try ask("/assets/app.js")
        let tag = try #require(header("ETag", of: plain))
        #expect(tag.hasPrefix("\""))
        let coded = try ask("/assets/app.js", headers: ["Accept-Encoding": "gzip"])
        #expect(header("Content-Encoding", of: coded) == "gzip")
        #expect(header("ETag", of: coded) == tag.dropLast() + "-gzip\"")
        #expect(Array(coded.body.prefix(2)) == [0x1f, 0x8b])
        #expect(coded.body.count < plain.body.count)
        let again = try ask("/assets/app.js", headers: ["If-None-Match": tag, "Accept-Encoding": "gzip"])
        #expect(again.status == 304 && again.body.isEmpty)
        #expect(try ask("/assets/app.js", headers: ["If-None-Match": "\"other\""]).status == 200)
    }

    @Test(
        "a path that leads out of the board's folder is not found",
        arguments: [
            "/assets/..", "/assets/.", "/assets/../app.js", "/assets/lib/..", "/assets/lib/.hidden", "/assets/lib/a/b",
            "/assets/..%2f..%2fetc", "/assets/lib/missing.js", "/assets/lib\\state.js", "/assets/lib/\u{0}",
        ])
    func refused(path: String) throws {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst(2)
        let name = parts.joined(separator: "/")
        #expect(BoardFiles().answer(name) == nil)
        #expect(BoardFiles(directory: Self.web).answer(name) == nil)
        guard parts.count <= 2 else { return }
        #expect(try ask(path).status == 404)
    }

    @Test("while it is developed, files come from the directory as they are, and are not kept")
    func development() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("board-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for text in ["one", "two"] {
            try Data(text.utf8).write(to: folder.appendingPathComponent("index.html"))
            let page = try ask("/", directory: folder.path)
            #expect(page.body == Array(text.utf8))
            #expect(header("Cache-Control", of: page) == "no-store")
        }
    }

    @Test("the page holds neither a script nor a style of its own, and names files that are there (SPEC 8.7)")
    func page() throws {
        let page = try embedded("index.html")
        #expect(page.matches(of: /<script(?![^>]*\ssrc=)/).isEmpty)
        #expect(page.matches(of: /<style|\sstyle=|\son[a-z]+=/).isEmpty)
        let links = page.matches(of: /(?:src|href)="\/assets\/([^"]+)"/).map { String($0.output.1) }
        #expect(links.count > 5)
        let names = Set(BoardFiles.embedded.map(\.name))
        #expect(links.filter { !names.contains($0) && !$0.hasPrefix("lib/dygraph") } == [])
    }

    @Test("the manifest names pictures of the sizes that browsers want of what they install, and each is there")
    func icons() throws {
        let manifest = try JSONDecoder().decode(Manifest.self, from: Data(embedded("manifest.webmanifest").utf8))
        let names = Set(BoardFiles.embedded.map(\.name))
        for icon in manifest.icons {
            #expect(names.contains(String(icon.src.dropFirst("/assets/".count))), "\(icon.src)")
        }
        let pictures = manifest.icons.filter { $0.type == "image/png" }
        #expect(pictures.map { "\($0.sizes) \($0.purpose)" } == ["192x192 any", "512x512 any", "512x512 maskable"])
        for icon in pictures {
            let file = try #require(BoardFiles.embedded.first { icon.src == "/assets/\($0.name)" })
            // Width and height stand behind the signature and the head of the first chunk.
            let sides = [16, 20].map { file.bytes[$0..<$0 + 4].reduce(0) { $0 << 8 | Int($1) } }
            #expect("\(sides[0])x\(sides[1])" == icon.sizes)
        }
    }

    private struct Manifest: Decodable {
        struct Icon: Decodable { var src, sizes, type, purpose: String }
        var icons: [Icon]
    }

    @Test("each module imports files that are there, and nothing names another host (SPEC 8.7)")
    func modules() throws {
        let names = Set(BoardFiles.embedded.map(\.name))
        for file in BoardFiles.embedded where file.name.hasSuffix(".js") && !file.name.hasPrefix("lib/dygraph") {
            let text = String(decoding: file.bytes, as: UTF8.self)
            for name in imports(of: file) { #expect(names.contains(name), "\(file.name) imports \(name)") }
            let hosts = text.matches(of: /https?:\/\/([\w.]+)/).map { String($0.output.1) }
            // The name of a namespace, not an address.
            #expect(hosts.filter { $0 != "www.w3.org" } == [], "\(file.name)")
        }
    }

    @Test("all that the page of a site loads travels in 150 KB, dygraphs included")
    func size() throws {
        var left = ["app.js", "pages/site.js"]
        var loaded = Set(
            BoardFiles.embedded.map(\.name).filter { $0.hasPrefix("lib/dygraph") || !$0.hasSuffix(".js") }
                + ["lib/theme.js", "service-worker.js"]
        ).subtracting(BoardFiles.embedded.map(\.name).filter { $0.hasSuffix(".png") })
        while let name = left.popLast() {
            let file = try #require(BoardFiles.embedded.first { $0.name == name }, "\(name)")
            if loaded.insert(name).inserted { left += imports(of: file) }
        }
        #expect(loaded.contains("lib/panel.js") && !loaded.contains("pages/worker.js"))
        let sizes = try loaded.map { try #require(BoardFiles().answer($0)).smallestByteCount }
        #expect(sizes.reduce(0, +) <= 150_000)
    }

    /// What a module imports, as paths below the board's folder; types too, which cost nothing.
    private func imports(of file: BoardFiles.File) -> [String] {
        let text = String(decoding: file.bytes, as: UTF8.self)
        let base = file.name.split(separator: "/").dropLast().map(String.init)
        return text.matches(of: /(?m)(?:^import|^export|^\} from|import\()[^'"\n]*['"](\.[^'"]+)['"]/).map { match in
            var path = base
            for part in match.output.1.split(separator: "/") {
                if part == ".." { path.removeLast() } else if part != "." { path.append(String(part)) }
            }
            return path.joined(separator: "/")
        }
    }
}
