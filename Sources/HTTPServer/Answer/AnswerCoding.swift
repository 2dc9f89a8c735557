/// Compresses answers for clients that take gzip (SPEC 8.8).
///
/// Runs where an answer comes into being, so that a large one costs the thread that computed it and not those that serve
/// connections. What an answer costs is bounded: the lowest useful level, and about 40 KiB of memory.
struct AnswerCoding: Sendable {
    /// Smaller answers are left as they are: they fit into one packet anyway.
    static let plainBytesMaximum = 1024
    /// Marks the strong tag of a coded answer: its bytes differ, so its tag must (RFC 9110, 8.8.3).
    private static let tagSuffix = "-gzip"

    let accepted: AcceptedCodings
    /// `If-None-Match` as it was sent.
    let knownTags: String?

    /// The answer as this client gets it.
    func apply(to response: HTTPResponse) -> HTTPResponse {
        if response.status == 304 { return notModified(response) }
        guard response.status >= 200, response.status != 204, response.isCodable, Self.isCompressible(response) else {
            return response
        }
        guard response.stream == nil else { return streamed(response) }
        guard response.body.count > Self.plainBytesMaximum || accepted.refusesIdentity else { return response }
        var coded = response
        coded.headers.append(Self.vary)
        guard accepted.prefersGzip, let body = Deflater.gzip(response.body),
            body.count < response.body.count || accepted.refusesIdentity
        else { return coded }
        coded.body = body
        Self.mark(&coded)
        return coded
    }

    private func streamed(_ response: HTTPResponse) -> HTTPResponse {
        var coded = response
        coded.headers.append(Self.vary)
        guard accepted.prefersGzip else { return coded }
        coded.codesStream = true
        Self.mark(&coded)
        return coded
    }

    /// Says which of the two answers the client may go on using (RFC 9110, 15.4.5).
    private func notModified(_ response: HTTPResponse) -> HTTPResponse {
        var answer = response
        answer.headers.append(Self.vary)
        for index in answer.headers.indices where Self.isTag(answer.headers[index]) {
            let coded = Self.coded(answer.headers[index].value)
            if accepted.prefersGzip, knownTags?.contains(coded) == true { answer.headers[index].value = coded }
        }
        return answer
    }

    private static let vary = (name: "Vary", value: "Accept-Encoding")

    private static func mark(_ response: inout HTTPResponse) {
        for index in response.headers.indices where isTag(response.headers[index]) {
            response.headers[index].value = coded(response.headers[index].value)
        }
        response.headers.append(("Content-Encoding", "gzip"))
    }

    /// Whether a header is a strong tag; a weak one holds for all codings.
    private static func isTag(_ header: (name: String, value: String)) -> Bool {
        header.name.lowercased() == "etag" && header.value.hasPrefix("\"")
    }

    private static func coded(_ tag: String) -> String { tag.dropLast() + tagSuffix + "\"" }

    /// A header of a request as handlers see it: they know nothing of codings, so each tag is the one that they gave.
    static func withoutCoding(_ value: String, of header: String) -> String {
        let name = header.lowercased()
        guard name == "if-none-match" || name == "if-match" else { return value }
        return value.replacing(tagSuffix + "\"", with: "\"")
    }

    /// Text of any kind that is not coded yet. Pictures and fonts are compressed in themselves.
    private static func isCompressible(_ response: HTTPResponse) -> Bool {
        var type = ""
        for header in response.headers {
            switch header.name.lowercased() {
            case "content-encoding": return false
            case "content-type": type = header.value.lowercased()
            default: break
            }
        }
        return type.hasPrefix("text/") || ["json", "javascript", "xml"].contains { type.contains($0) }
    }
}
