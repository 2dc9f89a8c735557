import CMicrohttpd

/// Lets the library read a stream. Lives as long as the library's response does, and holds one of the server's places for
/// streams unless the whole body is there.
final class StreamReader {
    private let stream: ResponseStream
    private let connection: Connection
    private let places: Budget?
    /// Compresses what is read.
    private let deflater: StreamDeflater?

    /// Preferred size of a block of a stream for clients that read until the connection closes; others are served from the
    /// connection's own memory.
    private static let blockBytes = 4096
    /// The same of a whole body, which the library asks for block by block.
    private static let wholeBlockBytes = 64 * 1024

    private init(_ stream: ResponseStream, _ connection: Connection, _ places: Budget?, _ deflater: StreamDeflater?) {
        (self.stream, self.connection, self.places, self.deflater) = (stream, connection, places, deflater)
    }

    deinit { places?.release(1) }

    /// Connects a stream with its client.
    /// - Parameters:
    ///   - bytes: The length of a whole body.
    ///   - isCoded: Whether what the stream holds is compressed on its way.
    /// - Returns: The library's response; nil where the server has no room for it.
    static func response(
        _ stream: ResponseStream, _ connection: Connection, bytes: Int?, isCoded: Bool
    ) -> OpaquePointer? {
        let core = connection.core
        let places = bytes == nil ? core.streamPlaces : nil
        guard places?.take(1) ?? true else { return nil }
        let deflater = isCoded ? StreamDeflater() : nil
        let reader = StreamReader(stream, connection, places, deflater)
        let memory = bytes == nil ? core.streamMemory : core.answerMemory
        guard !isCoded || deflater != nil, stream.attach(memory, wake: { connection.resume() }) else { return nil }
        return MHD_create_response_from_callback(
            bytes.map { UInt64($0) } ?? andon_mhd_size_unknown,
            bytes.map { min($0, wholeBlockBytes) } ?? blockBytes,
            { context, _, buffer, size in
                guard let context, let buffer else { return andon_mhd_end_with_error }
                let reader = Unmanaged<StreamReader>.fromOpaque(context).takeUnretainedValue()
                return reader.read(into: UnsafeMutableRawBufferPointer(start: buffer, count: size))
            },
            Unmanaged.passRetained(reader).toOpaque(),
            { context in if let context { Unmanaged<StreamReader>.fromOpaque(context).release() } })
    }

    private func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        switch deflater?.take(into: buffer, from: take) ?? take(buffer).taken {
        case .bytes(let count): count
        // The library would ask again at once, if the connection did not sleep.
        case .sleep: 0
        case .end: andon_mhd_end_of_stream
        case .failed: andon_mhd_end_with_error
        }
    }

    private func take(_ buffer: UnsafeMutableRawBufferPointer) -> (taken: StreamMachine.Taken, isEmpty: Bool) {
        stream.take(into: buffer) { connection.sleep() }
    }
}
