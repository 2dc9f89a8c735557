import CZlib

/// An answer that stays the same, e.g. a file: compressed and tagged once, not for each request (SPEC 8.8).
///
/// Its ETag is strong, because the bytes depend on nothing else.
public struct StoredAnswer: Sendable {
    private let headers: [(name: String, value: String)]
    private let body: [UInt8]
    /// nil where it would save nothing.
    private let coded: [UInt8]?
    /// Without the quotes.
    private let tag: String

    /// The best that zlib can do: it is done once.
    private static let level: Int32 = 9
    /// 15 bits of window, and a gzip header rather than a zlib one.
    private static let windowBits: Int32 = 15 + 16
    private static let memoryLevel: Int32 = 9

    /// - Parameters:
    ///   - tag: Names the bytes, e.g. their hash; letters and digits.
    ///   - isCompressible: False for what is compressed in itself, like pictures.
    public init(
        _ body: [UInt8], tag: String, headers: [(name: String, value: String)], isCompressible: Bool = true
    ) {
        self.body = body
        self.tag = tag
        self.headers = headers
        let coded = isCompressible && body.count > AnswerCoding.plainBytesMaximum ? Self.gzip(body) : nil
        self.coded = coded.flatMap { $0.count < body.count ? $0 : nil }
    }

    /// The size that travels to a client that accepts gzip.
    public var smallestByteCount: Int { coded?.count ?? body.count }

    /// The answer as this client gets it; 304 where it has the bytes already.
    public func response(to request: HTTPRequest) -> HTTPResponse {
        if let known = request.header("If-None-Match"), known == "*" || known.contains("\"\(tag)\"") {
            return HTTPResponse(status: 304, headers: headers + [("ETag", "\"\(tag)\"")])
        }
        guard let coded, AcceptedCodings(request.header("Accept-Encoding")).prefersGzip else {
            return HTTPResponse(status: 200, headers: headers + [("ETag", "\"\(tag)\"")], body: body)
        }
        let coding = [
            ("ETag", "\"\(tag)-gzip\""), ("Content-Encoding", "gzip"), (name: "Vary", value: "Accept-Encoding"),
        ]
        return HTTPResponse(status: 200, headers: headers + coding, body: coded)
    }

    /// nil where zlib has no memory.
    private static func gzip(_ body: [UInt8]) -> [UInt8]? {
        var stream = z_stream()
        let status = deflateInit2_(
            &stream, level, Z_DEFLATED, windowBits, memoryLevel, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size))
        guard status == Z_OK else { return nil }
        defer { deflateEnd(&stream) }
        let room = Int(deflateBound(&stream, UInt(body.count)))
        return body.withUnsafeBufferPointer { input in
            [UInt8](unsafeUninitializedCapacity: room) { output, count in
                stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
                stream.avail_in = UInt32(input.count)
                stream.next_out = output.baseAddress
                stream.avail_out = UInt32(room)
                // The room suffices for all of it in one step.
                count = deflate(&stream, Z_FINISH) == Z_STREAM_END ? room - Int(stream.avail_out) : 0
            }
        }
    }
}
