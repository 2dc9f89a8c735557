import CCurl
import Glibc

/// How a client connects and what it accepts.
public struct HTTPClientConfiguration: Sendable {
    public var connectTimeoutSeconds = 10.0
    /// From the first byte sent to the last byte received.
    public var timeoutSeconds = 60.0
    /// A larger answer is dropped with an error; counts decompressed bytes.
    public var answerBytesMaximum = 256 * 1024 * 1024
    /// Asks for compressed answers; the caller sees them decompressed.
    public var acceptsCompressed = true
    /// PEM file of the authorities that server certificates are checked against; nil: the system's.
    public var authorityFile: String?
    public var userAgent = "andon"

    public init() {}
}

/// An answer, of whatever status.
public struct HTTPAnswer: Sendable {
    public let status: Int
    public let headers: [(name: String, value: String)]
    public let body: [UInt8]

    /// First value of a header; names are case-insensitive.
    public func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}

/// A blocking HTTP/1.1 client that keeps its connections for the next request.
///
/// Use each client from one thread at a time. It does not follow redirects. It takes proxies from the environment
/// (`http_proxy`, `https_proxy`, `no_proxy`), except for loopback addresses.
public final class HTTPClient {
    private let handle: OpaquePointer
    private let configuration: HTTPClientConfiguration
    /// Whether the last request reused an open connection.
    public private(set) var reusedConnection = false

    /// Runs once, before the first client.
    static let isReady: Bool = curl_global_init(Int(CURL_GLOBAL_ALL)) == CURLE_OK

    /// Version of the HTTP and TLS libraries, for `andon doctor`.
    public static var libraryVersion: String { String(cString: curl_version()) }

    public init(_ configuration: HTTPClientConfiguration = HTTPClientConfiguration()) {
        precondition(Self.isReady, "libcurl cannot be initialised")
        guard let handle = curl_easy_init() else { preconditionFailure("no memory for an HTTP client") }
        self.handle = OpaquePointer(handle)
        self.configuration = configuration
    }

    deinit { curl_easy_cleanup(curl) }

    private var curl: UnsafeMutableRawPointer { UnsafeMutableRawPointer(handle) }

    /// Sends one request and waits for its answer.
    /// - Parameters:
    ///   - method: Sent as is, e.g. `POST`.
    ///   - body: nil: none; empty: one of length 0.
    /// - Throws: ``HTTPClientError`` if there is no answer; a status ≥ 400 is an answer.
    public func send(
        _ method: String, _ url: String, headers: [(name: String, value: String)] = [], body: [UInt8]? = nil
    ) throws(HTTPClientError) -> HTTPAnswer {
        try Self.check(method, headers)
        curl_easy_reset(curl)
        let receiver = Receiver(bytesMaximum: configuration.answerBytesMaximum)
        var list: UnsafeMutablePointer<curl_slist>?
        defer { curl_slist_free_all(list) }
        // Without the last line, large bodies would wait a second for a `100 Continue` that few servers send.
        for line in headers.map({ "\($0.name): \($0.value)" }) + ["Expect:"] { list = curl_slist_append(list, line) }
        configuration.apply(to: curl, url, list)
        andon_curl_set_long(curl, CURLOPT_TIMEOUT_MS, configuration.timeoutMilliseconds)
        let context = Unmanaged.passUnretained(receiver).toOpaque()
        andon_curl_set_pointer(curl, CURLOPT_WRITEDATA, context)
        andon_curl_set_pointer(curl, CURLOPT_HEADERDATA, context)
        andon_curl_set_callback(curl, CURLOPT_WRITEFUNCTION, receiveBody)
        andon_curl_set_callback(curl, CURLOPT_HEADERFUNCTION, receiveHeader)
        let (status, detail) = perform(method, body)
        reusedConnection = andon_curl_new_connections(curl) == 0
        if receiver.isOverLimit {
            throw HTTPClientError(
                .answerTooLarge, "\(url): the answer is larger than \(configuration.answerBytesMaximum) bytes",
                hint: "Ask for less at a time.")
        }
        guard status == CURLE_OK else { throw HTTPClientError(status, detail: detail, url: url) }
        return HTTPAnswer(status: andon_curl_status(curl), headers: receiver.head.headers, body: receiver.body)
    }

    // MARK: Private

    private func perform(_ method: String, _ body: [UInt8]?) -> (CURLcode, detail: String) {
        var detail = [CChar](repeating: 0, count: Int(CURL_ERROR_SIZE))
        let status = detail.withUnsafeMutableBufferPointer { detail in
            andon_curl_set_pointer(curl, CURLOPT_ERRORBUFFER, detail.baseAddress)
            defer { andon_curl_set_pointer(curl, CURLOPT_ERRORBUFFER, nil) }
            guard let body else {
                andon_curl_set_long(curl, method == "HEAD" ? CURLOPT_NOBODY : CURLOPT_HTTPGET, 1)
                andon_curl_set_text(curl, CURLOPT_CUSTOMREQUEST, method)
                return curl_easy_perform(curl)
            }
            return body.withUnsafeBytes { bytes in
                andon_curl_set_long(curl, CURLOPT_POST, 1)
                andon_curl_set_size(curl, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(bytes.count))
                // An empty array may have no address; curl would then call a read callback.
                if let start = bytes.baseAddress, !bytes.isEmpty {
                    andon_curl_set_pointer(curl, CURLOPT_POSTFIELDS, start)
                } else {
                    andon_curl_set_text(curl, CURLOPT_COPYPOSTFIELDS, "")
                }
                andon_curl_set_text(curl, CURLOPT_CUSTOMREQUEST, method)
                return curl_easy_perform(curl)
            }
        }
        let end = detail.firstIndex(of: 0) ?? detail.endIndex
        return (status, String(decoding: detail[..<end].map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }

    /// A line feed in a header would split it in two.
    static func check(
        _ method: String, _ headers: [(name: String, value: String)]
    ) throws(HTTPClientError) {
        let isToken = { (text: String) in !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x3A }
        }
        let isValue = { (text: String) in text.utf8.allSatisfy { $0 >= 0x20 || $0 == 0x09 } }
        guard isToken(method), headers.allSatisfy({ isToken($0.name) && isValue($0.value) }) else {
            throw HTTPClientError(
                .invalidRequest, "the method or a header holds characters that HTTP does not allow",
                hint: "Check keys and names for line feeds.")
        }
    }

}

extension HTTPClientConfiguration {
    /// Sets what all requests have in common.
    func apply(to curl: UnsafeMutableRawPointer, _ url: String, _ headers: UnsafeMutablePointer<curl_slist>?) {
        andon_curl_set_text(curl, CURLOPT_URL, url)
        andon_curl_set_text(curl, CURLOPT_PROTOCOLS_STR, "http,https")
        andon_curl_set_text(curl, CURLOPT_USERAGENT, userAgent)
        if acceptsCompressed { andon_curl_set_text(curl, CURLOPT_ACCEPT_ENCODING, "gzip") }
        andon_curl_set_text(curl, CURLOPT_NOPROXY, Self.withoutProxy)
        if let authorityFile { andon_curl_set_text(curl, CURLOPT_CAINFO, authorityFile) }
        // Timeouts without signals: other threads live in this process.
        andon_curl_set_long(curl, CURLOPT_NOSIGNAL, 1)
        andon_curl_set_long(curl, CURLOPT_CONNECTTIMEOUT_MS, Self.milliseconds(connectTimeoutSeconds))
        andon_curl_set_pointer(curl, CURLOPT_HTTPHEADER, headers)
    }

    var timeoutMilliseconds: Int { Self.milliseconds(timeoutSeconds) }

    private static var withoutProxy: String {
        let environment = getenv("no_proxy") ?? getenv("NO_PROXY")
        let loopback = "localhost,127.0.0.1,::1"
        return environment.map { String(cString: $0) + "," + loopback } ?? loopback
    }

    private static func milliseconds(_ seconds: Double) -> Int { Int(max(1, seconds * 1000)) }
}

/// Collects the headers of an answer as they arrive.
struct HeaderCollector {
    private(set) var headers: [(name: String, value: String)] = []

    mutating func line(_ bytes: UnsafeRawBufferPointer) {
        // Each interim answer has its own headers; only the last ones count.
        guard !bytes.starts(with: "HTTP/".utf8) else { return headers.removeAll() }
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")) else { return }
        let value = bytes[(colon + 1)...].drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        let end = value.lastIndex { $0 != 13 && $0 != 10 && $0 != UInt8(ascii: " ") }.map { $0 + 1 } ?? value.startIndex
        headers.append(
            (String(decoding: bytes[..<colon], as: UTF8.self), String(decoding: value[..<end], as: UTF8.self)))
    }
}

/// Collects an answer as it arrives.
private final class Receiver {
    var head = HeaderCollector()
    private(set) var body: [UInt8] = []
    private(set) var isOverLimit = false
    private let bytesMaximum: Int

    init(bytesMaximum: Int) { self.bytesMaximum = bytesMaximum }

    /// - Returns: False if the transfer must end.
    func append(_ bytes: UnsafeRawBufferPointer) -> Bool {
        isOverLimit = body.count + bytes.count > bytesMaximum
        guard !isOverLimit else { return false }
        body.append(contentsOf: bytes)
        return true
    }
}

private func receiveBody(
    bytes: UnsafeMutablePointer<CChar>?, size: Int, count: Int, context: UnsafeMutableRawPointer?
) -> Int {
    guard let context else { return 0 }
    let receiver = Unmanaged<Receiver>.fromOpaque(context).takeUnretainedValue()
    return receiver.append(UnsafeRawBufferPointer(start: bytes, count: size * count)) ? size * count : 0
}

private func receiveHeader(
    bytes: UnsafeMutablePointer<CChar>?, size: Int, count: Int, context: UnsafeMutableRawPointer?
) -> Int {
    guard let context else { return 0 }
    let receiver = Unmanaged<Receiver>.fromOpaque(context).takeUnretainedValue()
    receiver.head.line(UnsafeRawBufferPointer(start: bytes, count: size * count))
    return size * count
}
