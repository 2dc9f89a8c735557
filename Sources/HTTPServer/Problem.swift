internal import JSON

/// An answer that says what went wrong, as `application/problem+json` (RFC 9457; SPEC 2.5: every answer ≥ 400 is one).
public struct Problem: Error, Sendable {
    /// A value of an extension member.
    public enum Value: Sendable {
        case string(String)
        case integer(Int64)
        case bool(Bool)
        case null
        /// Finished JSON.
        case raw([UInt8])
    }

    /// A URI that names the kind of problem; `about:blank` means that the status says it all.
    public var type: String
    /// Short, the same for every problem of the kind.
    public var title: String
    public var status: Int
    /// What is wrong with this request, and how to correct it.
    public var detail: String?
    /// Members beyond the standard ones, e.g. `code` and `field`.
    public var extensions: [(name: String, value: Value)]
    /// Headers that belong to the answer, e.g. `Retry-After`.
    public var headers: [(name: String, value: String)]

    /// - Parameter title: nil: the status' own name.
    public init(
        _ status: Int, type: String = "about:blank", title: String? = nil, detail: String? = nil,
        extensions: [(name: String, value: Value)] = [], headers: [(name: String, value: String)] = []
    ) {
        self.type = type
        self.title = title ?? HTTPStatus.title(status)
        self.status = status
        self.detail = detail
        self.extensions = extensions
        self.headers = headers
    }

    /// The problem as JSON.
    public var json: [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("type", type)
            writer.member("title", title)
            writer.member("status", status)
            if let detail { writer.member("detail", detail) }
            for member in extensions {
                writer.key(member.name)
                switch member.value {
                case .string(let text): writer.string(text)
                case .integer(let number): writer.integer(number)
                case .bool(let flag): writer.bool(flag)
                case .null: writer.null()
                case .raw(let json): writer.raw(json)
                }
            }
        }
        return writer.bytes
    }

    /// The answer.
    public var response: HTTPResponse {
        HTTPResponse(status: status, headers: [("Content-Type", "application/problem+json")] + headers, body: json)
    }
}

extension HTTPResponse {
    /// An answer ≥ 400 with nothing more to say than status and detail.
    public static func problem(
        _ status: Int, _ detail: String? = nil, headers: [(name: String, value: String)] = []
    ) -> HTTPResponse {
        Problem(status, detail: detail, headers: headers).response
    }
}

/// Names of the status codes in use (RFC 9110).
public enum HTTPStatus {
    /// The name of a status, e.g. `Not Found`; of one that is not in use, its class.
    public static func title(_ status: Int) -> String {
        names[status] ?? (status >= 500 ? "Server Error" : status >= 400 ? "Client Error" : "OK")
    }

    private static let names = [
        400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
        406: "Not Acceptable", 408: "Request Timeout", 409: "Conflict", 412: "Precondition Failed",
        413: "Content Too Large", 415: "Unsupported Media Type", 417: "Expectation Failed",
        421: "Misdirected Request",
        422: "Unprocessable Content", 429: "Too Many Requests", 431: "Request Header Fields Too Large",
        500: "Internal Server Error", 501: "Not Implemented", 502: "Bad Gateway", 503: "Service Unavailable",
        504: "Gateway Timeout",
    ]
}
