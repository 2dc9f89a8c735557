internal import Crypto
public import EventModel
public import HTTPServer
internal import Observability
public import Query

/// Admits questions that another process of the cluster forwards: that one has authorised and counted the client already.
public struct ForwardedAccess: Sendable {
    /// What a request is.
    public enum Finding: Sendable {
        /// Not forwarded: its client has to show a key.
        case absent
        /// Forwarded by a process of the cluster, about this site.
        case granted(SiteID)
        /// It claims to be forwarded but does not know the token (401), or names no site (400).
        case refused(HTTPResponse)
    }

    private let token: ForwardingToken

    /// - Parameter token: The one that this process announces.
    public init(token: ForwardingToken) { self.token = token }

    /// Judges a request. The token is compared in a time that does not depend on its bytes.
    public func check(_ request: HTTPRequest) -> Finding {
        guard let sent = request.header(ForwardingHeader.token) else {
            guard request.header(ForwardingHeader.site) != nil else { return .absent }
            return .refused(Self.unknownToken)
        }
        guard let sent = ForwardingToken(hex: sent), sent.isSame(as: token) else { return .refused(Self.unknownToken) }
        guard let site = request.header(ForwardingHeader.site).map({ SiteID($0) }), site.isValid else {
            return .refused(.problem(400, "\(ForwardingHeader.site) must name the site"))
        }
        request.noteForLog(JournalEvent.Field("site", site.text))
        return .granted(site)
    }

    /// Whether a process of the cluster asks this one, about no site in particular.
    func isOfCluster(_ request: HTTPRequest) -> Bool {
        request.header(ForwardingHeader.token).flatMap { ForwardingToken(hex: $0) }?.isSame(as: token) ?? false
    }

    /// For ``QueryService/Parts/authorize``: forwarded requests by their token, others as `ordinary` says.
    public func permission(
        _ request: HTTPRequest, ordinary: (HTTPRequest) -> QueryPermission
    ) -> QueryPermission {
        switch check(request) {
        case .absent: ordinary(request)
        case .granted(let site): .granted(site)
        case .refused(let response): .refused(response)
        }
    }

    /// The same for streams. Whether the client's key stays in force is known to the process that forwards.
    public func livePermission(
        _ request: HTTPRequest, ordinary: (HTTPRequest) -> LivePermission
    ) -> LivePermission {
        switch check(request) {
        case .absent: ordinary(request)
        case .granted(let site): .granted(site, isInForce: { true })
        case .refused(let response): .refused(response)
        }
    }

    private static let unknownToken = HTTPResponse.problem(
        401, "the token of a forwarded question is not this process'", headers: [("WWW-Authenticate", "Bearer")])
}
