internal import Foundation
internal import Locks

/// Ends what a test process started, also where that process itself ends by a signal or a trap.
///
/// A shell in a process group of its own reads from a pipe what has to end. When the pipe closes, for whatever reason, it
/// kills what is left by process id and removes the folders.
package final class Reaper: Sendable {
    package static let shared = Reaper()

    private let orders: Guarded<FileHandle?>

    private static let script = """
        trap '' HUP INT TERM
        pids=' '; clusters=''; folders=''
        while read -r verb what; do
          case $verb in
            process) pids="$pids$what " ;;
            ended) pids=$(printf '%s' "$pids" | sed "s/ $what / /") ;;
            cluster) clusters="$clusters $what" ;;
            folder) folders="$folders $what" ;;
          esac
        done
        for pid in $pids; do kill -KILL "$pid"; done
        for cluster in $clusters; do
          for file in "$cluster"/node-*/pid; do [ ! -s "$file" ] || kill -KILL "$(cat "$file")"; done
          rm -rf "$cluster"
        done
        for folder in $folders; do rm -rf "$folder"; done
        """

    private init() {
        let pipe = Pipe()
        // Children that inherited the writing end would keep it open.
        _ = fcntl(pipe.fileHandleForWriting.fileDescriptor, F_SETFD, FD_CLOEXEC)
        let shell = Process()
        // Not by `setsid`: its zombie would keep tests of programs that stop from ever hearing of their own children.
        shell.executableURL = URL(filePath: "/bin/sh")
        shell.arguments = ["-c", Self.script]
        shell.standardInput = pipe
        shell.standardOutput = FileHandle.nullDevice
        shell.standardError = FileHandle.nullDevice
        let isRunning = (try? shell.run()) != nil
        orders = Guarded(isRunning ? pipe.fileHandleForWriting : nil)
    }

    /// Kills the process at the end, unless ``ended(_:)`` came before.
    package func process(_ pid: Int32) { order("process \(pid)") }

    /// The process is no more, and its id may become another's.
    package func ended(_ pid: Int32) { order("ended \(pid)") }

    /// Kills the brokers of a cluster at the end, by their pid files, and removes its folder.
    package func cluster(_ folder: String) { order("cluster \(folder)") }

    /// Removes a folder at the end, if it is still there.
    package func folder(_ path: String) { order("folder \(path)") }

    private func order(_ words: String) {
        orders.withLock { _ = try? $0?.write(contentsOf: Data((words + "\n").utf8)) }
    }
}
