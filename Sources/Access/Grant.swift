public import EventModel
public import HTTPServer
internal import Observability

/// The permission under which one request is served.
public struct Grant: Sendable {
    /// nil: a loopback client of an open demonstration.
    public let key: APIKey?

    /// Identifies the key in logs and records.
    public var keyID: String { key?.id ?? "" }

    /// The site that the request is about: the query's `site_id`, else the key's only site, else the site named in the
    /// body (SPEC 2.2, 8.5).
    /// - Throws: 400 if no site or an invalid id is named; 403 for a site that the key is not bound to.
    public func site(of request: HTTPRequest, namedInBody body: [UInt8]? = nil) throws(Problem) -> SiteID {
        let named = request.queryValue("site_id").map { SiteID($0) } ?? key?.onlySite ?? body.map { SiteID(bytes: $0) }
        guard let named else {
            throw Problem(400, detail: "name the site: ?site_id=…")
        }
        try check(named)
        request.noteForLog(JournalEvent.Field("site", named.text))
        return named
    }

    /// Refuses what the query's `site_id` names where the key is not bound to it (403) or it is no id (400).
    public func checkSiteOfQuery(_ request: HTTPRequest) throws(Problem) {
        if let named = request.queryValue("site_id") { try check(SiteID(named)) }
    }

    /// Refuses a site that the key is not bound to (403) and an invalid site id (400).
    public func check(_ site: SiteID) throws(Problem) {
        guard site.isValid else {
            throw Problem(
                400, detail: "a site id has 1 to 64 of the characters A-Z a-z 0-9 . _ -")
        }
        guard key?.allows(site: site) ?? true else {
            throw Problem(403, detail: "the API key is not bound to this site")
        }
    }
}
