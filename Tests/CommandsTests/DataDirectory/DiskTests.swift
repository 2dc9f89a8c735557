import Foundation
import ProcessHarness
import Testing

@testable import Commands

/// The real program on a disk of its own, in a name space of mounts that ends with it.
struct Disk {
    static var isPossible: Bool { (try? run("true", []).exit) == 0 }

    /// Runs a script with the data directory as `$1`, a mount point as `$2` and the program as `$3`.
    static func run(_ script: String, _ arguments: [String]) throws -> AndonProcess.Result {
        let program = try AndonProcess.make([])
        let path = program.executableURL?.path ?? ""
        program.executableURL = URL(filePath: "/usr/bin/unshare")
        program.arguments = ["-rm", "sh", "-c", script, "sh"] + arguments + [path]
        return try AndonProcess.run(program)
    }

    static func run(_ script: String, on plant: StoredPlant) throws -> AndonProcess.Result {
        let mount = plant.folder.file("mount")
        try FileManager.default.createDirectory(atPath: mount, withIntermediateDirectories: true)
        return try run(script, [plant.directory.path, mount])
    }
}

@Suite("A data directory on a disk that is full or read-only", .enabled(if: Disk.isPossible))
struct DiskTests {
    @Test("full: a server starts and answers, stops when it is told to, and nothing is lost")
    func full() throws {
        let plant = try StoredPlant(killed: true)
        let result = try Disk.run(
            """
            mount -t tmpfs -o size=4m tmpfs "$2" && cp -a "$1"/. "$2" && mkfifo "$1.words" || exit 99
            dd if=/dev/zero of="$2/filler" bs=4k 2>/dev/null
            "$3" up --data-dir "$2" --listen 127.0.0.1:0 2> "$1.words" &
            grep -m 1 "listening on" "$1.words"
            kill $!; wait $!
            "$3" doctor --data-dir "$2" -o json
            rm "$2/filler"
            "$3" log stat --data-dir "$2" -o json
            """, on: plant)
        #expect(result.exit == 0, "\(result.errors)")
        #expect(result.output.hasPrefix("listening on"))
        #expect(result.output.contains("nothing more can be stored; make room"))
        #expect(result.output.contains(#""end":9"#))
    }

    @Test("read-only: a start and the doctor give the kernel's reason, and nothing is lost")
    func readOnly() throws {
        let plant = try StoredPlant()
        let result = try Disk.run(
            """
            mount --bind "$1" "$2" && mount -o remount,bind,ro "$2" || exit 99
            "$3" up --data-dir "$2" --listen 127.0.0.1:0 && exit 98
            "$3" doctor --data-dir "$2"
            """, on: plant)
        #expect(result.exit == 1, "\(result.errors)")
        #expect(result.errors.contains("Read-only file system") && result.errors.contains("  next: "))
        #expect(result.output.contains("Read-only file system"))
        #expect(try plant.start() == .whole)
    }

    @Test("full where snapshots go: none is taken, nothing is left of it, and the server goes on")
    func fullForSnapshots() throws {
        let plant = try StoredPlant()
        let result = try Disk.run(
            """
            mount -t tmpfs -o size=32k tmpfs "$2" && mkfifo "$1.words" || exit 99
            "$3" up --data-dir "$1" --snapshot-dir "$2/s" --snapshot-every 1 --listen 127.0.0.1:0 2> "$1.words" &
            grep -m 1 "no snapshot was taken" "$1.words"
            kill $!; wait $!
            ls "$2/s"
            """, on: plant)
        #expect(result.exit == 0, "\(result.errors)")
        #expect(result.output.contains("is full") && result.output.hasSuffix("\np0.lock\n"), "\(result.output)")
        #expect(try plant.start() == .whole)
    }
}
