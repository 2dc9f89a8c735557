import Foundation
import TestKit
import Testing

@testable import Commands

@Suite("andon doctor and andon digest")
struct DoctorTests {
    @Test("versions compare by their numbers")
    func versions() {
        #expect(LibraryAdvice.isOlder("3.40.1", than: [3, 51, 3]))
        #expect(LibraryAdvice.isOlder("3.51", than: [3, 51, 3]))
        #expect(!LibraryAdvice.isOlder("3.51.3", than: [3, 51, 3]))
        #expect(!LibraryAdvice.isOlder("3.100.0", than: [3, 51, 3]))
        #expect(LibraryAdvice.isOlder("0.9.75 x", than: [0, 9, 76]))
    }

    @Test("bugs of libraries that Andon avoids are told, and are no warnings: nobody could do anything (DESIGN 1.9)")
    func libraries() {
        for version in ["3.40.1", "3.51.2"] {
            #expect(LibraryAdvice.sqlite(version).level == .ok)
            #expect(LibraryAdvice.sqlite(version).text.contains("WAL-reset"))
        }
        #expect(LibraryAdvice.sqlite("3.51.3").text == "3.51.3")
        #expect(LibraryAdvice.microhttpd("0.9.75").level == .ok)
        #expect(LibraryAdvice.kafka("2.0.2").level == .ok)
    }

    @Test("free space is judged at its limits")
    func freeSpace() {
        #expect(DataDirectoryCheck.disk(free: (64 << 20) - 1).level == .failure)
        #expect(DataDirectoryCheck.disk(free: 64 << 20).level == .warning)
        #expect(DataDirectoryCheck.disk(free: (1 << 30) - 1).level == .warning)
        #expect(DataDirectoryCheck.disk(free: 1 << 30).level == .ok)
    }

    @Test("names every library, and is content with a directory that is not there yet")
    func healthy() throws {
        let directory = try TemporaryFolder()
        let recorder = Recorder()
        #expect(recorder.run(["doctor", "--data-dir", directory.file("none")]) == .success)
        for name in ["SQLite", "libmicrohttpd", "libcurl", "OpenSSL", "zlib"] {
            #expect(recorder.output.contains(name))
        }
        #expect(recorder.output.contains("andon up creates it"))
        #expect(recorder.output.contains("none runs on"))
        #expect(recorder.errors.hasPrefix("checked ") && recorder.errors.contains("all are in order"))
    }

    @Test("a log that is none exits 1 and says so")
    func brokenLog() throws {
        let directory = try TemporaryFolder()
        try directory.write("log.sqlite", String(repeating: "no log ", count: 1_000))
        let recorder = Recorder()
        #expect(recorder.run(["doctor", "--data-dir", directory.path, "-o", "json"]) == .failure)
        #expect(recorder.output.contains(#""check":"log","result":"failure""#))
    }

    @Test("a data directory that is a file exits 1")
    func notAFolder() throws {
        let directory = try TemporaryFolder()
        let recorder = Recorder()
        #expect(recorder.run(["doctor", "--data-dir", try directory.write("x", "")]) == .failure)
    }

    @Test("digest says what is missing: the site, the directory, the log (SPEC 8.4)")
    func digestFailures() throws {
        let directory = try TemporaryFolder()
        #expect(Recorder().run(["digest", "--data-dir", directory.path]) == .usage)
        #expect(Recorder().run(["digest", "--site=p", "--data-dir", directory.file("none")]) == .failure)
        #expect(Recorder().run(["digest", "--site=p", "--data-dir", directory.path]) == .unavailable)
    }
}
