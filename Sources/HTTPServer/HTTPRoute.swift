internal import Observability

/// A query parameter that a route takes.
public struct HTTPQueryParameter: Hashable, Sendable, ExpressibleByStringLiteral {
    public let name: String
    /// Whether a query may give it more than once.
    public let isRepeatable: Bool

    public init(_ name: String, isRepeatable: Bool = false) {
        self.name = name
        self.isRepeatable = isRepeatable
    }

    public init(stringLiteral name: String) { self.init(name) }

    /// One that a query may give more than once.
    public static func repeatable(_ name: String) -> HTTPQueryParameter { HTTPQueryParameter(name, isRepeatable: true) }
}

/// What a route decides on a request's head, before any of the body is read.
public enum HTTPAdmission {
    /// This answers the request once it is there as a whole. What the bodies of one account take of the server's memory
    /// is limited as what those of one address take.
    case admitted(HTTPRoute.Handler, account: String? = nil)
    /// The answer; the body is not read.
    case refused(HTTPResponse)
}

/// One method and path pattern, and what answers it.
public struct HTTPRoute: Sendable {
    /// Answers a whole request. Runs on a thread of the server's pool and must not block; to wait, it suspends the exchange.
    public typealias Handler = @Sendable (HTTPRequest, any HTTPExchange) -> HTTPOutcome

    public var method: HTTPMethod
    /// Segments of the form `{name}` match any one non-empty segment, e.g. `/api/sites/{site_id}`.
    public var pattern: String
    /// What the query may hold; anything else is refused with 400, and so is one that is given again though it is not
    /// repeatable.
    public var parameters: [HTTPQueryParameter]
    /// The query is none of the server's business, e.g. what a page keeps in its address: any is taken.
    public var takesAnyQuery = false
    /// Larger bodies get 413 before they are read in full; counts decompressed bytes too. 0: no body expected.
    public var bodyBytesMaximum: Int
    /// Judges the head: the request that it gets has no body yet. Runs where the handler does, so it must not block either.
    public var admit: @Sendable (HTTPRequest) -> HTTPAdmission

    /// A route that decides on the head whether, and by which handler, a request is answered: so who may not ask learns it
    /// before the server has read a body, and nothing else.
    public init(
        _ method: HTTPMethod, _ pattern: String, parameters: [HTTPQueryParameter] = [], bodyBytesMaximum: Int = 0,
        admit: @escaping @Sendable (HTTPRequest) -> HTTPAdmission
    ) {
        self.method = method
        self.pattern = pattern
        self.parameters = parameters
        self.bodyBytesMaximum = bodyBytesMaximum
        self.admit = admit
    }

    /// A route that takes every request.
    public init(
        _ method: HTTPMethod, _ pattern: String, parameters: [HTTPQueryParameter] = [], bodyBytesMaximum: Int = 0,
        handler: @escaping Handler
    ) {
        self.init(method, pattern, parameters: parameters, bodyBytesMaximum: bodyBytesMaximum) { _ in .admitted(handler)
        }
    }

    /// Judges a request by its head, as the server does: first whether it may be made, then its query.
    ///
    /// Of two faults in one query the name that the route does not know is reported: it is usually why another is missing.
    public func judge(_ head: HTTPRequest) -> HTTPAdmission {
        let admission = admit(head)
        if case .refused(let response) = admission, response.status != 400 { return admission }
        return faultOfQuery(head.query).map { .refused($0.response) } ?? admission
    }

    /// Judges and answers a request that is there as a whole: for whoever asks a route without a server.
    public func serve(_ request: HTTPRequest, _ exchange: any HTTPExchange) -> HTTPOutcome {
        switch judge(request) {
        case .admitted(let handler, _): handler(request, exchange)
        case .refused(let response): .respond(response)
        }
    }

    /// The first pair that the route does not take.
    private func faultOfQuery(_ query: [(name: String, value: String)]) -> Problem? {
        guard !takesAnyQuery else { return nil }
        for (index, (name, _)) in query.enumerated() {
            // Bytes, because String would take different spellings of a letter for equal.
            guard let parameter = parameters.first(where: { $0.name.utf8.elementsEqual(name.utf8) }) else {
                return Self.malformed(name, unknown(name))
            }
            let isRepeated = query[..<index].contains { $0.name == name }
            if isRepeated, !parameter.isRepeatable { return Self.malformed(name, "given more than once") }
        }
        return nil
    }

    private func unknown(_ name: String) -> String {
        guard !parameters.isEmpty else { return "unknown parameter; \(pattern) takes none" }
        let names = parameters.map(\.name)
        let guess = Suggestion.nearest(to: name, among: names).map { ", did you mean \($0)?" } ?? ";"
        return "unknown parameter\(guess) \(pattern) takes \(names.joined(separator: ", "))"
    }

    private static func malformed(_ parameter: String, _ detail: String) -> Problem {
        Problem(400, detail: "\(parameter): \(detail)", extensions: [("parameter", .string(parameter))])
    }
}
