internal import CCurl
public import Observability

/// Why a request got no answer. An answer with any status is not an error here.
public struct HTTPClientError: OperatorError {
    /// The kinds of failure; more may come.
    public struct Code: Hashable, Sendable {
        let name: String
        /// The URL, method or a header is malformed, or the scheme is neither http nor https.
        public static let invalidRequest = Code(name: "invalid_request")
        /// The host name has no address.
        public static let unknownHost = Code(name: "unknown_host")
        /// No server accepts connections there.
        public static let cannotConnect = Code(name: "cannot_connect")
        /// Connection or answer took too long.
        public static let timeout = Code(name: "timeout")
        /// The connection broke, or the response was not HTTP.
        public static let interrupted = Code(name: "interrupted")
        /// The server's certificate is not trusted, or TLS failed for another reason.
        public static let tls = Code(name: "tls")
        /// The answer is larger than the configuration allows.
        public static let answerTooLarge = Code(name: "answer_too_large")
        /// Anything else.
        public static let other = Code(name: "other")
    }

    public let code: Code
    public let message: String
    /// What the operator can do.
    public let hint: String?
    /// Whether the same request may succeed later. The server may have carried out the first one nevertheless.
    public let isRetriable: Bool

    public var name: String { "http_\(code.name)" }
    public var description: String { hint.map { "\(message). \($0)" } ?? message }

    init(_ code: Code, _ message: String, hint: String, isRetriable: Bool = false) {
        self.code = code
        self.message = message
        self.hint = hint
        self.isRetriable = isRetriable
    }

    /// - Parameter detail: Additional information from the library; may be empty.
    init(_ status: CURLcode, detail: String, url: String) {
        let reason = detail.isEmpty ? String(cString: curl_easy_strerror(status)) : detail
        let message = "\(url): \(reason)"
        switch status {
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL:
            self.init(.invalidRequest, message, hint: "Give a URL such as http://127.0.0.1:8080.")
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY:
            self.init(.unknownHost, message, hint: "Check the host's name and the network.", isRetriable: true)
        case CURLE_COULDNT_CONNECT:
            self.init(.cannotConnect, message, hint: "Check that the server runs there.", isRetriable: true)
        case CURLE_OPERATION_TIMEDOUT:
            self.init(.timeout, message, hint: "Check the network and the server's load.", isRetriable: true)
        case CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_PARTIAL_FILE, CURLE_WEIRD_SERVER_REPLY:
            self.init(.interrupted, message, hint: "Check that an HTTP server listens there.", isRetriable: true)
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CERTPROBLEM:
            self.init(.tls, message, hint: "Name the server's certificate authority, and check host name and clock.")
        default:
            self.init(.other, message, hint: "Try again; where it stays, check the network.", isRetriable: true)
        }
    }
}
