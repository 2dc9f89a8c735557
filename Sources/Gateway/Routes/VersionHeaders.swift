internal import EventModel
internal import HTTPServer

/// Versions of a definition in the headers of HTTP (RFC 9110, 8.8.3 and 13.1): the entity tag of version 3 is `"3"`.
enum VersionHeaders {
    static func tag(_ placed: PlacedDefinition) -> String { "\"\(placed.version)\"" }

    /// What `If-Match` and `If-None-Match` ask of the version in force.
    /// - Throws: 400 for a header that is neither `*` nor a list of entity tags.
    static func condition(_ request: HTTPRequest) throws(Problem) -> DefinitionCondition {
        DefinitionCondition(
            matching: try versions(request, "If-Match", weakMatches: false),
            notMatching: try versions(request, "If-None-Match", weakMatches: true))
    }

    /// - Parameter weakMatches: Whether a tag that begins with `W/` counts.
    private static func versions(
        _ request: HTTPRequest, _ name: String, weakMatches: Bool
    ) throws(Problem) -> DefinitionCondition.Versions? {
        guard let text = request.header(name)?.filter({ $0 != " " && $0 != "\t" }) else { return nil }
        if text == "*" { return .any }
        var versions: Set<UInt64> = []
        for element in text.split(separator: ",", omittingEmptySubsequences: false) {
            let isWeak = element.hasPrefix("W/")
            let tag = isWeak ? element.dropFirst(2) : element
            guard tag.count >= 2, tag.first == "\"", tag.last == "\"", tag.count(where: { $0 == "\"" }) == 2 else {
                throw Problem(400, detail: "\(name) must be a version in \"\", e.g. \"3\", or *")
            }
            // Any other tag is of no version of a definition.
            if !isWeak || weakMatches, let version = UInt64(tag.dropFirst().dropLast()) { versions.insert(version) }
        }
        return .some(versions)
    }
}
