import CMicrohttpd
import Glibc

/// Turns answers into what the library sends.
enum Answer {
    /// Bodies up to this size are copied; larger ones are read piece by piece (``ResponseStream/init(whole:)``).
    static let copiedBytesMaximum = 16 * 1024

    /// Queues an answer whose body is small on a connection, on that connection's own thread.
    /// - Returns: False where the library takes no answer in this state, or a header holds a line feed.
    static func queue(
        _ response: HTTPResponse, on connection: OpaquePointer, extra: [(name: String, value: String)]
    ) -> Bool {
        guard let handle = make(response.body) else { return false }
        return queue(handle, response, on: connection, extra: extra)
    }

    /// The same with a finished body, which it releases.
    static func queue(
        _ handle: OpaquePointer, _ response: HTTPResponse, on connection: OpaquePointer,
        extra: [(name: String, value: String)]
    ) -> Bool {
        // Queued, the library holds its own reference.
        defer { MHD_destroy_response(handle) }
        for header in response.headers + extra {
            guard MHD_add_response_header(handle, header.name, header.value) == .YES else { return false }
        }
        return MHD_queue_response(connection, UInt32(response.status), handle) == .YES
    }

    private static func make(_ body: [UInt8]) -> OpaquePointer? {
        body.withUnsafeBytes { bytes in
            let start = UnsafeMutableRawPointer(mutating: bytes.baseAddress)
            return MHD_create_response_from_buffer(bytes.count, start, .RESPMEM_MUST_COPY)
        }
    }

    /// Sends a whole answer past the library, which takes none between the head and the end of a body.
    ///
    /// The connection cannot be used afterwards. Never blocks: what does not fit into the socket's empty buffer is lost.
    static func sendAtOnce(_ response: HTTPResponse, socket: Int32, extra: [(name: String, value: String)]) {
        var text = "HTTP/1.1 \(response.status) \(HTTPStatus.title(response.status))\r\n"
        for header in response.headers + extra { text += "\(header.name): \(header.value)\r\n" }
        text += "Content-Length: \(response.body.count)\r\nConnection: close\r\n\r\n"
        let bytes = Array(text.utf8) + response.body
        _ = send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
        _ = shutdown(socket, Int32(SHUT_WR))
    }
}
