/// The body of one streamed answer between its writer and the library that sends it, without any IO.
///
/// Methods are what happens; they return what is to be done. Every call is made under the stream's lock. Sleeping and
/// waking, where they are asked for, happen under the lock too: so a write that comes between "nothing to send" and the
/// suspension of the connection finds it either awake and about to look again, or asleep and to be woken.
struct StreamMachine: Sendable {
    enum State: Equatable, Sendable {
        /// No connection has taken the stream yet. → reading, ending, closed
        case detached
        /// The library sends what it took at `since`, or has been woken then to take more. → asleep, ending, closed
        case reading(since: CoarseTime)
        /// All is sent; the connection is suspended. → reading, ending, closed
        case asleep
        /// No more is written, and the buffer is still being sent; `since` as in `reading`, nil where no connection has
        /// taken the stream yet. → closed
        case ending(since: CoarseTime?, StreamEnd)
        /// The buffer was dropped. No exit.
        case closed(StreamEnd)
    }

    enum Written: Equatable {
        /// `wakes`: wake the connection, still under the lock.
        case accepted(wakes: Bool)
        case full
        case closed
    }

    enum Taken: Equatable {
        case bytes(Int)
        /// There is nothing to send: put the connection to sleep, still under the lock.
        case sleep
        /// Everything was taken.
        case end
        /// The client must not take the answer for complete.
        case failed
    }

    /// What closing a stream asks for.
    struct Closing: Equatable {
        /// Wake the connection, still under the lock.
        let wakes: Bool
        let end: StreamEnd
    }

    private(set) var state = State.detached
    private(set) var bufferedBytes = 0
    /// What the library took so far.
    private(set) var takenBytes = 0
    private let bufferBytesMaximum: Int
    private var budget: Budget?
    private var blocks: [[UInt8]] = []
    /// Blocks before it were taken.
    private var firstBlock = 0
    /// Bytes of the first block that were taken.
    private var firstOffset = 0
    /// Size of the newest write that was refused; 0 once one was accepted.
    private var refusedBytes = 0
    /// The library knows the end, so all before it has been handed to the network.
    private var hasTakenEnd = false

    /// Writes up to this size are appended to the block before, so that many small ones do not cost an array each.
    private static let joinedBytesMaximum = 1024
    private static let joinedBlockBytesMaximum = 16 * 1024

    init(bufferBytesMaximum: Int) { self.bufferBytesMaximum = bufferBytesMaximum }

    // MARK: The writer, on any thread

    mutating func write(_ block: [UInt8], at now: CoarseTime) -> Written {
        switch state {
        case .ending, .closed: return .closed
        case .detached, .reading, .asleep: break
        }
        guard fits(block.count), budget?.take(block.count) ?? true else {
            refusedBytes = block.count
            return .full
        }
        refusedBytes = 0
        append(block)
        guard case .asleep = state, !block.isEmpty else { return .accepted(wakes: false) }
        state = .reading(since: now)
        return .accepted(wakes: true)
    }

    /// No more is written.
    /// - Parameter end: How the stream ends once the buffer has been sent.
    /// - Returns: Whether to wake the connection, still under the lock.
    mutating func finish(_ end: StreamEnd, at now: CoarseTime) -> Bool {
        switch state {
        case .detached: state = .ending(since: nil, end)
        case .reading(let since): state = .ending(since: since, end)
        case .asleep:
            state = .ending(since: now, end)
            return true
        case .ending, .closed: break
        }
        return false
    }

    /// Whether the write that was refused would be accepted now, or refused for good.
    var hasRoom: Bool {
        switch state {
        case .ending, .closed: true
        case .detached, .reading, .asleep: fits(refusedBytes) && budget?.hasRoom(for: refusedBytes) ?? true
        }
    }

    // MARK: The library, on the connection's thread

    /// A connection takes the stream; from now on what is buffered counts against the budget.
    /// - Returns: False where there is no room for it, or where it is closed.
    mutating func attach(_ budget: Budget, at now: CoarseTime) -> Bool {
        precondition(self.budget == nil, "a stream is the body of one answer")
        switch state {
        case .detached where budget.take(bufferedBytes): state = .reading(since: now)
        case .ending(_, let end) where budget.take(bufferedBytes): state = .ending(since: now, end)
        default: return false
        }
        self.budget = budget
        return true
    }

    /// The library asks for bytes to send: what it took before has been handed to the network.
    mutating func take(into buffer: UnsafeMutableRawBufferPointer, at now: CoarseTime) -> Taken {
        switch state {
        // Asleep the library does not ask.
        case .detached, .asleep, .closed: return .failed
        case .reading where bufferedBytes == 0:
            state = .asleep
            return .sleep
        case .reading: state = .reading(since: now)
        case .ending(_, let end):
            state = .ending(since: now, end)
            if bufferedBytes == 0 {
                hasTakenEnd = true
                return .end
            }
        }
        return .bytes(remove(into: buffer))
    }

    /// Nothing more is sent: the answer was sent, or never will be.
    /// - Parameter end: Why; when everything written was sent before, the writer's end holds instead.
    /// - Returns: nil where the stream was closed before.
    mutating func close(_ end: StreamEnd) -> Closing? {
        var closing = Closing(wakes: false, end: end)
        switch state {
        case .closed: return nil
        case .asleep: closing = Closing(wakes: true, end: end)
        case .ending(_, let writers) where hasTakenEnd || writers != .finished:
            closing = Closing(wakes: false, end: writers)
        case .detached, .reading, .ending: break
        }
        state = .closed(closing.end)
        budget?.release(bufferedBytes)
        (blocks, firstBlock, firstOffset, bufferedBytes) = ([], 0, 0, 0)
        return closing
    }

    /// Why nothing more will be sent; nil where something may be.
    var end: StreamEnd? {
        switch state {
        case .closed(let end): end
        case .ending(_, let end) where end != .finished: end
        case .detached, .reading, .asleep, .ending: nil
        }
    }

    /// True when the client has read nothing for this long, although something waited for it.
    func isStalled(at now: CoarseTime, milliseconds: UInt64) -> Bool {
        switch state {
        case .reading(let since), .ending(let since?, _): since + milliseconds <= now
        case .detached, .asleep, .ending(nil, _), .closed: false
        }
    }

    // MARK: The buffer

    /// A block that is larger than the whole buffer may have it for itself.
    private func fits(_ bytes: Int) -> Bool { bufferedBytes == 0 || bufferedBytes + bytes <= bufferBytesMaximum }

    private mutating func append(_ block: [UInt8]) {
        guard !block.isEmpty else { return }
        bufferedBytes += block.count
        // Counts alone: a second reference to the block would have it copied.
        if block.count <= Self.joinedBytesMaximum, let last = blocks.last?.count,
            last + block.count <= Self.joinedBlockBytesMaximum
        {
            blocks[blocks.count - 1].append(contentsOf: block)
        } else {
            blocks.append(block)
        }
    }

    private mutating func remove(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        var copied = 0
        while copied < buffer.count, firstBlock < blocks.count {
            let count = min(buffer.count - copied, blocks[firstBlock].count - firstOffset)
            blocks[firstBlock].withUnsafeBytes { block in
                let part = UnsafeRawBufferPointer(rebasing: block[firstOffset..<(firstOffset + count)])
                UnsafeMutableRawBufferPointer(rebasing: buffer[copied...]).copyMemory(from: part)
            }
            copied += count
            firstOffset += count
            if firstOffset == blocks[firstBlock].count { dropFirst() }
        }
        bufferedBytes -= copied
        takenBytes += copied
        budget?.release(copied)
        return copied
    }

    private mutating func dropFirst() {
        blocks[firstBlock] = []
        firstBlock += 1
        firstOffset = 0
        guard firstBlock == blocks.count || firstBlock > 64 else { return }
        blocks.removeFirst(firstBlock)
        firstBlock = 0
    }
}
