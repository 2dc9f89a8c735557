// Layer: the real parser on real files. What `andon key` writes, asks and keeps to itself.
import Foundation
internal import Locks
import TestKit
import Testing

@testable import Commands

@Suite("andon key (SPEC 8.2)")
struct KeyCommandTests {
    let folder: TemporaryFolder
    var data: String { folder.file("data") }

    init() throws {
        folder = try TemporaryFolder()
        try LogAddress(.folder(DataDirectory(path: folder.file("data")))).openWriter().close()
    }

    private func run(_ words: [String], answer: String? = nil) -> (exit: ExitCode, recorder: Recorder) {
        let recorder = Recorder()
        var console = recorder.console()
        if let answer { console.readAnswer = { answer } }
        let tool = CommandLineTool(console: console, environment: ["ANDON_DATA_DIR": data])
        return (tool.run(["key"] + words), recorder)
    }

    private func newKey() -> String {
        run(["create", "--role", "viewer"]).recorder.output.trimmingCharacters(in: .newlines)
    }

    private func list() -> String { run(["list"]).recorder.output }

    @Test("a key is not made in a folder that holds no log: no server would ever read it")
    func noStore() throws {
        let empty = try TemporaryFolder()
        for path in [empty.path, empty.file("nowhere")] {
            let result = run(["create", "--role", "admin", "--data-dir", path])
            #expect(result.exit == .failure)
            #expect(result.recorder.output.isEmpty)
            #expect(result.recorder.errors.contains("andon up --data-dir \(path)"))
            #expect(!FileManager.default.fileExists(atPath: path + "/keys.sqlite"))
        }
    }

    @Test("--out writes the key and its log into a new file that only its owner can read, and prints nothing")
    func out() throws {
        let path = folder.file("my.key")
        let result = run(["create", "--role", "viewer", "--out", path])
        #expect(result.exit == .success && result.recorder.output.isEmpty)
        let file = try KeyFile(path: path)
        #expect(file.key.wholeMatch(of: /andon_[0-9a-f]{16}_[A-Za-z0-9_-]{43}/) != nil)
        #expect(file.log == DataDirectory(path: data).logIdentity)
        #expect(!result.recorder.errors.contains(file.key))
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
    }

    @Test("--out never overwrites a file, and then makes no key")
    func noOverwriting() throws {
        let path = try folder.write("my.key", "precious")
        let before = list()
        let result = run(["create", "--role", "viewer", "--out", path])
        #expect(result.exit == .failure && result.recorder.errors.contains("never overwritten"))
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "precious")
        #expect(run(["create", "--role", "viewer", "--out", folder.file("no/where")]).exit == .failure)
        #expect(list() == before)
    }

    @Test("revoke takes the id, the key or a file with it", arguments: ["id", "key", "file"])
    func revoke(form: String) throws {
        let key = newKey()
        let id = String(key.split(separator: "_")[1])
        let given =
            switch form {
            case "id": id
            case "key": key
            default: "@" + (try folder.write("a.key", key + "\nlog 00\n"))
            }
        let result = run(["revoke", given, "--yes"])
        #expect(result.exit == .success && result.recorder.errors == "key \(id) is revoked\n")
        #expect(list().contains("\(id)  viewer"))
        let again = run(["revoke", given, "--yes"])
        #expect(again.exit == .failure && again.recorder.errors.contains("was revoked before"))
    }

    @Test("no message repeats a secret, whatever was given")
    func secrets() throws {
        let key = newKey()
        let secret = String(key.dropFirst("andon_0123456789abcdef_".count))
        let other = "andon_0123456789abcdef_" + secret
        for given in [key + "x", secret, other, "@" + (try folder.write("a.key", secret + " x")), "andon_" + secret] {
            let result = run(["revoke", given, "--yes", "--verbose"])
            #expect(!(result.recorder.output + result.recorder.errors).contains(secret), "\(result.recorder.errors)")
        }
    }

    @Test("revoke asks on a terminal, needs --yes elsewhere, and does nothing unless the answer is yes")
    func confirmation() {
        let key = newKey()
        let id = String(key.split(separator: "_")[1])
        let piped = run(["revoke", id])
        #expect(piped.exit == .usage && piped.recorder.errors.contains("--yes"))
        let refused = run(["revoke", id], answer: "")
        #expect(refused.exit == .failure)
        #expect(refused.recorder.errors.contains("revoke key \(id) (viewer, all sites)? [y/N] "))
        #expect(run(["revoke", id], answer: "y").exit == .success)
    }
}
