internal import EventModel
public import HTTPServer
internal import JSON
internal import Observability

/// `/api/session`: signs a browser in and out (SPEC 7.6).
///
/// `POST` takes a key and sets it as a cookie, `DELETE` removes the cookie, `GET` says whose it is.
public struct SessionRoutes: Sendable {
    static let path = "/api/session"
    /// A key has some 70 bytes.
    static let bodyBytesMaximum = 4096

    private let access: AccessControl

    public init(_ access: AccessControl) { self.access = access }

    public var routes: [HTTPRoute] {
        [
            route(.get, show), route(.delete, end),
            route(.post, bodyBytesMaximum: Self.bodyBytesMaximum, begin),
        ]
    }

    private func route(
        _ method: HTTPMethod, bodyBytesMaximum: Int = 0,
        _ answer: @escaping @Sendable (HTTPRequest) throws(Problem) -> HTTPResponse
    ) -> HTTPRoute {
        HTTPRoute(method, Self.path, bodyBytesMaximum: bodyBytesMaximum) { request, _ in
            do throws(Problem) { return .respond(try answer(request)) } catch { return .respond(error.response) }
        }
    }

    // MARK: Answers

    private func show(_ request: HTTPRequest) throws(Problem) -> HTTPResponse {
        answer(try access.admit(request, try Credentials(request)))
    }

    private func begin(_ request: HTTPRequest) throws(Problem) -> HTTPResponse {
        let sent: Credentials
        do throws(Problem) {
            try Self.refuseForeignPage(request)
            sent = try Self.key(request)
        } catch {
            try access.limit(request, nil)
            throw error
        }
        let grant = try access.admit(request, sent)
        guard let key = sent.text(for: request), grant.key != nil else { return answer(grant) }
        return answer(grant, headers: [SessionCookie.setting(key, for: request)])
    }

    /// Needs no key that opens anything: a browser gets rid of a revoked one, too.
    private func end(_ request: HTTPRequest) throws(Problem) -> HTTPResponse {
        try access.limit(request, nil)
        try Self.refuseForeignPage(request)
        return HTTPResponse(status: 204, headers: [SessionCookie.clearing(for: request), Self.notStored])
    }

    private static let notStored = (name: "Cache-Control", value: "no-store")

    private func answer(_ grant: Grant, headers: [(name: String, value: String)] = []) -> HTTPResponse {
        var json = JSONWriter()
        json.object { json in
            json.member("role", (grant.key?.role ?? .admin).rawValue)
            json.key("sites")
            if let sites = grant.key?.sites, !sites.isEmpty {
                json.array { json in for site in sites { json.string(site.text) } }
            } else {
                json.null()
            }
            json.key("name")
            json.string(orNull: grant.key.flatMap { $0.name.isEmpty ? nil : $0.name })
            if grant.key == nil { json.member("open", true) }
        }
        return .json(200, json.bytes, headers: headers + [Self.notStored])
    }

    // MARK: Requests

    /// A page from elsewhere must not sign anybody in, or out.
    private static func refuseForeignPage(_ request: HTTPRequest) throws(Problem) {
        guard request.comesFromForeignPage else { return }
        throw Problem(403, detail: "only a page of this server may begin or end a session")
    }

    /// The key to sign in with; the cookie that is there already is not one.
    private static func key(_ request: HTTPRequest) throws(Problem) -> Credentials {
        if case .key(let text) = try Credentials(request) { return .key(text) }
        guard !request.body.isEmpty else { return .absent }
        // Forms of any page can send other types.
        let type = request.header("Content-Type")?.split(separator: ";").first.map { $0.filter { $0 != " " } }
        guard type?.lowercased() == "application/json" else {
            throw Problem(415, detail: "the body must be application/json")
        }
        guard case .string(let text)? = JSONValue(request.body)?["key"] else {
            throw Problem(400, detail: #"send the key: {"key":"…"}, or Authorization: Bearer KEY"#)
        }
        return .key(text)
    }
}
