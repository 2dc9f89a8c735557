import Foundation
internal import Locks

/// An interactive shell on a terminal of its own, as somebody would type into it.
final class ShellTerminal {
    private struct State {
        var text = ""
        var isAtEnd = false
    }

    struct NoTerminal: Error {}
    struct NoAnswer: Error { var text: String }

    // `TIOCSPTLCK` and `TIOCGPTN`: `unlockpt` and `ptsname` are missing in Glibc's module.
    private static let unlock: UInt = 0x4004_5431
    private static let getNumber: UInt = 0x8004_5430

    private let process = Process()
    private let primary: FileHandle
    private let state: Monitor<State>

    /// Starts a shell and runs `setup` line by line.
    init(_ command: [String], in folder: String, setup: String) throws {
        let descriptor = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var (number, isLocked): (UInt32, Int32) = (0, 0)
        guard descriptor >= 0, ioctl(descriptor, Self.unlock, &isLocked) == 0,
            ioctl(descriptor, Self.getNumber, &number) == 0
        else { throw NoTerminal() }
        let name = "/dev/pts/\(number)"
        primary = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        let secondary = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC)
        guard secondary >= 0 else { throw NoTerminal() }
        var size = winsize(ws_row: 200, ws_col: 200, ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(secondary, UInt(TIOCSWINSZ), &size)
        let terminal = FileHandle(fileDescriptor: secondary, closeOnDealloc: true)
        process.executableURL = URL(filePath: command[0])
        process.arguments = Array(command.dropFirst())
        process.currentDirectoryURL = URL(filePath: folder)
        process.environment = [
            "PATH": "/usr/bin:/bin", "HOME": folder, "TERM": "dumb", "PS1": "", "PS2": "", "HISTFILE": "/dev/null",
        ]
        process.standardInput = terminal
        process.standardOutput = terminal
        process.standardError = terminal
        try process.run()
        let state = Monitor(State())
        self.state = state
        BackgroundThread.start("terminal") { [descriptor] in
            var block = [UInt8](repeating: 0, count: 4096)
            while case let count = read(descriptor, &block, block.count), count > 0 {
                // As bytes: CR and LF together are one character of a String.
                let text = String(decoding: block[..<count].filter { $0 != 0x0d }, as: UTF8.self)
                state.update { $0.text += text }
            }
            state.update { $0.isAtEnd = true }
        }
        // The marker is put together by the shell, so that the echo of the line is not taken for it.
        _ = try answer(to: setup + "\nprintf '%s%s\\n' re ady\n", until: "ready\n")
    }

    /// Types `keys` and waits until the terminal has shown `end`.
    /// - Returns: what was shown since.
    func answer(to keys: String, until end: String) throws -> String {
        state.withLock { $0.text = "" }
        try primary.write(contentsOf: Data(keys.utf8))
        let shown = state.wait(milliseconds: 30_000) { state -> String?? in
            if state.text.contains(end) { return state.text }
            return state.isAtEnd ? .some(nil) : nil
        }
        guard let text = shown ?? nil else { throw NoAnswer(text: state.withLock { $0.text }) }
        return text
    }

    deinit {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }
}
