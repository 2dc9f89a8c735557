/// Entity tags as clients send them back (RFC 9110, 8.8.3 and 13.1.2).
public enum EntityTags {
    /// Whether an `If-None-Match` names a tag: a list, or `*`, compared weakly.
    public static func matches(_ tag: String, ifNoneMatch header: String) -> Bool {
        header.split(separator: ",").contains { part in
            let candidate = part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()
            let text = String(candidate)
            return text == "*" || opaque(text) == opaque(tag)
        }
    }

    /// The tag without its mark of weakness.
    private static func opaque(_ tag: String) -> Substring { tag.hasPrefix("W/") ? tag.dropFirst(2) : tag[...] }
}

extension HTTPResponse {
    /// An answer whose bytes depend on nothing but what is stored, with its strong tag; 304 where the client has it
    /// (SPEC 8.8).
    public static func json(_ body: [UInt8], tag: String, for request: HTTPRequest) -> HTTPResponse {
        let headers = [(name: "ETag", value: tag), ("Cache-Control", "private, no-cache")]
        if let known = request.header("If-None-Match"), EntityTags.matches(tag, ifNoneMatch: known) {
            return HTTPResponse(status: 304, headers: headers)
        }
        return .json(200, body, headers: headers)
    }
}
