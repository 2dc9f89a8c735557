import CMicrohttpd

/// Lets the library read a stream. Lives as long as the library's response does, and holds one of the server's places for
/// streams.
final class StreamReader {
    private let stream: ResponseStream
    private let connection: Connection
    private let places: Budget

    /// Preferred size of a block for clients that read until the connection closes; others are served from the
    /// connection's own memory.
    private static let blockBytes = 4096

    private init(_ stream: ResponseStream, _ connection: Connection, _ places: Budget) {
        self.stream = stream
        self.connection = connection
        self.places = places
    }

    deinit { places.release(1) }

    /// Connects a stream with its client.
    /// - Returns: The library's response; nil where the server has no room for another stream.
    static func response(_ stream: ResponseStream, _ connection: Connection) -> OpaquePointer? {
        let core = connection.core
        guard core.streamPlaces.take(1) else { return nil }
        let reader = StreamReader(stream, connection, core.streamPlaces)
        guard stream.attach(core.streamMemory, wake: { connection.resume() }) else { return nil }
        return MHD_create_response_from_callback(
            andon_mhd_size_unknown, blockBytes,
            { context, _, buffer, size in
                guard let context, let buffer else { return andon_mhd_end_with_error }
                let reader = Unmanaged<StreamReader>.fromOpaque(context).takeUnretainedValue()
                return reader.read(into: UnsafeMutableRawBufferPointer(start: buffer, count: size))
            },
            Unmanaged.passRetained(reader).toOpaque(),
            { context in if let context { Unmanaged<StreamReader>.fromOpaque(context).release() } })
    }

    private func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        switch stream.take(into: buffer, sleep: { connection.sleep() }) {
        case .bytes(let count): count
        // The library would ask again at once, if the connection did not sleep.
        case .sleep: 0
        case .end: andon_mhd_end_of_stream
        case .failed: andon_mhd_end_with_error
        }
    }
}
