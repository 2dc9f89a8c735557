import EventLog
internal import Locks

/// Runs `body` on `count` threads of their own at once (it may block), and waits for all.
/// - Throws: the first error that one of them threw.
package func inThreads(_ count: Int, _ body: @escaping @Sendable (Int) throws -> Void) throws {
    let state = Monitor((running: count, failure: (any Error)?.none))
    for index in 0..<count {
        BackgroundThread.start("claim-\(index)") {
            var failure: (any Error)?
            do { try body(index) } catch { failure = error }
            state.update {
                $0.running -= 1
                $0.failure = $0.failure ?? failure
            }
        }
    }
    let failure = state.wait { state in state.running == 0 ? .some(state.failure) : nil }
    if let failure { throw failure }
}

/// A small generator that repeats itself when it is given the same seed (SplitMix64).
package struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    package init(seed: UInt64) { state = seed }
    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
