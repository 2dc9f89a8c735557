import Foundation
import ProcessHarness

/// An `andon replay` that runs beside a test.
final class BackgroundReplay {
    private let process: Process
    private let output: Drain
    private let errors: Drain

    /// Starts it.
    init(_ plant: Plant, into folder: String, rate: Int) throws {
        process = try AndonProcess.make(Self.words(plant, into: folder, rate: rate))
        let (output, errors) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        Reaper.shared.process(process.processIdentifier)
        (self.output, self.errors) = (Drain(output.fileHandleForReading), Drain(errors.fileHandleForReading))
    }

    /// The command that goes on with it.
    static func words(_ plant: Plant, into folder: String, rate: Int) -> [String] {
        ["replay", "--into", folder, "--rate", "\(rate)", "-o", "json"] + plant.kafka
    }

    /// Waits until it has folded something: it tells how far it is every five seconds.
    /// - Returns: false where it ended before.
    func waitForProgress() -> Bool { errors.line { $0.contains(#""progress":"replay""#) } != nil }

    /// As Ctrl-C does.
    func interrupt() { process.interrupt() }

    /// Waits for its end.
    @discardableResult
    func wait() -> (exit: Int32, output: String, errors: String) {
        process.waitUntilExit()
        Reaper.shared.ended(process.processIdentifier)
        return (process.terminationStatus, output.wait(), errors.wait())
    }

    deinit {
        guard process.isRunning else { return }
        kill(process.processIdentifier, SIGKILL)
        wait()
    }
}
