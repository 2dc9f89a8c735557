internal import Crypto
internal import EventModel
internal import HTTPServer

/// Which of the sites that a key may see one answer is about: by id, from a cursor on, up to a limit (SPEC 5.11, 8.5).
struct SitesPage: Sendable {
    let sites: [SiteID]
    /// Where the next page begins; nil: this is the last one.
    let nextCursor: String?
    /// Of the next page; nil like ``nextCursor``.
    let link: String?
    /// Whether it is all there is, so that nobody has to be told where it begins and ends.
    let isWhole: Bool

    static let parameters: [HTTPQueryParameter] = ["limit", "cursor"]

    private static let digestBytes = 8

    /// - Parameters:
    ///   - all: by id.
    ///   - query: of the request.
    /// - Throws: ``Problem``, 400.
    init(_ all: [SiteID], _ question: SitesQuestion, _ query: [(name: String, value: String)]) throws {
        func value(_ name: String) -> String? { query.first { $0.name == name }?.value }
        let limit = try value("limit").map {
            try QueryParameters.number("limit", $0, SitesService.sitesMaximum)
        }
        let digest = Self.digest(question)
        let last = try value("cursor").map { try Self.site($0, digest) }
        let rest = last.map { last in all.drop { $0 <= last } } ?? all[...]
        sites = Array(rest.prefix(limit ?? SitesService.sitesMaximum))
        isWhole = sites.count == all.count
        guard sites.count < rest.count, let end = sites.last else {
            (nextCursor, link) = (nil, nil)
            return
        }
        let cursor = Base64URL.encode(digest + end.bytes)
        nextCursor = cursor
        link = NextLink.header(SitesService.path, query, cursor: cursor)
    }

    /// The site that the page before ended with; it may be gone meanwhile.
    private static func site(_ cursor: String, _ digest: [UInt8]) throws -> SiteID {
        guard let bytes = Base64URL.decode(cursor), bytes.count > digestBytes,
            case let site = SiteID(String(decoding: bytes[digestBytes...], as: UTF8.self)), site.isValid
        else { throw Problem.query("cursor", "is not one that this server gave") }
        guard Array(bytes.prefix(digestBytes)) == digest else {
            throw Problem.query("cursor", "belongs to a question with other parameters")
        }
        return site
    }

    private static func digest(_ question: SitesQuestion) -> [UInt8] {
        var hasher = SHA256Hasher()
        hasher.update(field: Array(SitesService.path.utf8))
        for (name, value) in question.parameters.pairs.sorted(by: { $0.name < $1.name }) {
            hasher.update(field: Array(name.utf8))
            hasher.update(field: Array(value.utf8))
        }
        return Array(hasher.finish().bytes.prefix(digestBytes))
    }
}
