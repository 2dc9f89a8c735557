import Glibc

/// Memory for one body at a time, grown as bytes arrive and used again.
final class BodyBuffer {
    /// Buffers up to this size are kept for the next body and not counted against the server's limit.
    static let keptBytesMaximum = 256 * 1024

    private(set) var count = 0
    private var storage: UnsafeMutableRawPointer
    private var capacity: Int
    private let bodyRoom: BodyRoom
    private var sender: BodyRoom.Sender

    init(_ bodyRoom: BodyRoom, of sender: BodyRoom.Sender) {
        (self.bodyRoom, self.sender) = (bodyRoom, sender)
        capacity = 16 * 1024
        storage = UnsafeMutableRawPointer.allocate(byteCount: capacity + HTTPRequest.bodyPaddingBytes, alignment: 64)
    }

    deinit {
        storage.deallocate()
        bodyRoom.release(charge(capacity), of: sender)
    }

    var isWorthKeeping: Bool { capacity <= Self.keptBytesMaximum }

    /// What was appended, followed by zeroed padding.
    var contents: UnsafeRawBufferPointer {
        memset(storage + count, 0, HTTPRequest.bodyPaddingBytes)
        return UnsafeRawBufferPointer(start: storage, count: count)
    }

    func clear() { count = 0 }

    /// Passes a buffer that is worth keeping on to another sender.
    func give(to sender: BodyRoom.Sender) {
        precondition(charge(capacity) == 0, "the room of a kept buffer counts for nobody")
        self.sender = sender
    }

    /// - Returns: False where the server's memory for bodies is used up.
    func append(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let start = bytes.baseAddress, !bytes.isEmpty else { return true }
        guard reserve(bytes.count) else { return false }
        memcpy(storage + count, start, bytes.count)
        count += bytes.count
        return true
    }

    /// Room for at least `bytes` more, to be filled through ``room`` and ``advance(_:)``.
    func reserve(_ bytes: Int) -> Bool {
        guard count + bytes > capacity else { return true }
        var larger = capacity
        while larger < count + bytes { larger *= 2 }
        guard bodyRoom.take(charge(larger) - charge(capacity), for: sender) else { return false }
        let moved = UnsafeMutableRawPointer.allocate(
            byteCount: larger + HTTPRequest.bodyPaddingBytes, alignment: 64)
        memcpy(moved, storage, count)
        storage.deallocate()
        storage = moved
        capacity = larger
        return true
    }

    var room: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(start: storage + count, count: capacity - count)
    }

    func advance(_ bytes: Int) { count += bytes }

    private func charge(_ capacity: Int) -> Int { capacity > Self.keptBytesMaximum ? capacity : 0 }
}

/// What one thread of the pool keeps for its next requests, so that they allocate nothing.
final class ThreadStock {
    private var buffers: [BodyBuffer] = []
    private var inflaters: [Inflater] = []
    private var deflaters: [Deflater] = []
    /// Bodies that one thread has under way at a time, beyond which buffers are freed rather than kept.
    private static let keptMaximum = 64

    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        let status = pthread_key_create(&key) { stock in
            if let stock { Unmanaged<ThreadStock>.fromOpaque(stock).release() }
        }
        precondition(status == 0, "no thread-specific key left")
        return key
    }()

    /// The calling thread's own.
    static var current: ThreadStock {
        if let known = pthread_getspecific(key) { return Unmanaged.fromOpaque(known).takeUnretainedValue() }
        let stock = ThreadStock()
        pthread_setspecific(key, Unmanaged.passRetained(stock).toOpaque())
        return stock
    }

    func buffer(_ bodyRoom: BodyRoom, of sender: BodyRoom.Sender) -> BodyBuffer {
        guard let kept = buffers.popLast() else { return BodyBuffer(bodyRoom, of: sender) }
        kept.give(to: sender)
        return kept
    }

    func inflater() -> Inflater? { inflaters.popLast() ?? Inflater() }

    func deflater() -> Deflater? { deflaters.popLast() ?? Deflater() }

    func giveBack(_ buffer: BodyBuffer) {
        guard buffer.isWorthKeeping, buffers.count < Self.keptMaximum else { return }
        buffer.clear()
        buffers.append(buffer)
    }

    func giveBack(_ inflater: Inflater) {
        guard inflaters.count < Self.keptMaximum, inflater.reset() else { return }
        inflaters.append(inflater)
    }

    func giveBack(_ deflater: Deflater) {
        guard deflaters.count < Self.keptMaximum, deflater.reset() else { return }
        deflaters.append(deflater)
    }
}
