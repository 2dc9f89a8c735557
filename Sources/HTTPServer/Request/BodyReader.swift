/// Collects one request's body, decoded and within its limit.
struct BodyReader {
    private let bytesMaximum: Int
    private let buffer: BodyBuffer
    private let inflater: Inflater?
    private var receivedBytes = 0

    /// - Parameter inflater: Where the body is gzip.
    init(bytesMaximum: Int, buffer: BodyBuffer, inflater: Inflater?) {
        self.bytesMaximum = bytesMaximum
        self.buffer = buffer
        self.inflater = inflater
    }

    var contents: UnsafeRawBufferPointer { buffer.contents }

    /// Takes the next bytes off the wire.
    /// - Returns: The refusal, where the body must not go on.
    mutating func append(_ bytes: UnsafeRawBufferPointer) -> HTTPResponse? {
        receivedBytes += bytes.count
        // Counts before decompression too: empty gzip members would otherwise go on for ever.
        guard receivedBytes <= bytesMaximum else { return Self.tooLarge(bytesMaximum) }
        guard let inflater else { return buffer.append(bytes) ? nil : Self.noMemory }
        switch inflater.inflate(bytes, onto: buffer, bytesMaximum: bytesMaximum) {
        case .ok: return nil
        case .tooLarge: return Self.tooLarge(bytesMaximum)
        case .noMemory: return Self.noMemory
        case .damaged: return Self.damaged
        }
    }

    /// The body has ended.
    /// - Returns: The refusal, where it is not whole.
    func finish() -> HTTPResponse? {
        guard let inflater, !inflater.isComplete else { return nil }
        return receivedBytes == 0 ? nil : Self.damaged
    }

    func giveBack(to stock: ThreadStock) {
        stock.giveBack(buffer)
        if let inflater { stock.giveBack(inflater) }
    }

    static func tooLarge(_ bytesMaximum: Int) -> HTTPResponse {
        .problem(413, "the body is larger than \(bytesMaximum) bytes, counted before and after decompression")
    }

    static let noMemory = HTTPResponse.problem(
        503, "the server is reading too many large bodies at once", headers: [("Retry-After", "1")])

    private static let damaged = HTTPResponse.problem(
        400, "the gzip body is damaged, cut short, or followed by something else")
}

/// How a request's body is coded.
enum ContentCoding {
    case identity
    case gzip
    case unsupported

    /// - Parameters:
    ///   - header: Value of `Content-Encoding`; nil where it is absent.
    ///   - lines: How many such header lines there are.
    init(header: UnsafePointer<CChar>?, lines: Int) {
        guard let header else {
            self = .identity
            return
        }
        switch lines == 1 ? String(cString: header).lowercased() : "" {
        case "identity": self = .identity
        case "gzip", "x-gzip": self = .gzip
        default: self = .unsupported
        }
    }
}
