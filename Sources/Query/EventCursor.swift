internal import Crypto
internal import EventModel
internal import HTTPServer
internal import Timeline

/// Opaque positions in a listing: event time, position, and a digest of the question they belong to (SPEC 8.5).
struct EventCursor {
    private let digest: [UInt8]

    private static let digestBytes = 8
    private static let cursorBytes = 16 + digestBytes

    init(_ question: Question) {
        let digest = question.parameters.digest(
            question.kind, of: question.site.siteID, leavingOut: ["limit", "cursor", "min_position", "site_id"])
        self.digest = Array(digest.prefix(EventCursor.digestBytes))
    }

    func text(_ cursor: EventFilter.Cursor) -> String {
        Base64URL.encode(
            EventCursor.bytes(UInt64(bitPattern: cursor.time)) + EventCursor.bytes(cursor.position.rawValue) + digest)
    }

    /// - Throws: ``Problem``, 400, if the text is not a cursor or belongs to another question.
    func read(_ text: String) throws -> EventFilter.Cursor {
        guard let bytes = Base64URL.decode(text), bytes.count == EventCursor.cursorBytes else {
            throw Problem.query("cursor", "is not one that this server gave")
        }
        let time = Int64(bitPattern: EventCursor.number(bytes[..<8]))
        guard Timestamp.earliest.microseconds...Timestamp.latest.microseconds ~= time else {
            throw Problem.query("cursor", "is not one that this server gave")
        }
        guard Array(bytes.suffix(EventCursor.digestBytes)) == digest else {
            throw Problem.query("cursor", "belongs to a question with other parameters")
        }
        return EventFilter.Cursor(time: time, position: PackedPosition(rawValue: EventCursor.number(bytes[8..<16])))
    }

    private static func bytes(_ number: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * UInt64($0))) }
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
}

extension QueryParameters {
    /// SHA-256 of path, site and parameters, independent of their order.
    func digest(_ kind: QueryKind, of site: SiteID, leavingOut: Set<String>) -> [UInt8] {
        var hasher = SHA256Hasher()
        hasher.update(field: Array(kind.path.utf8))
        hasher.update(field: site.bytes)
        for (name, value) in pairs.sorted(by: { $0.name < $1.name }) where !leavingOut.contains(name) {
            hasher.update(field: Array(name.utf8))
            hasher.update(field: Array(value.utf8))
        }
        return hasher.finish().bytes
    }
}

extension SHA256Hasher {
    /// A field prefixed with its length, so that no two lists of fields hash the same bytes.
    mutating func update(field: [UInt8]) {
        update(number: Int64(field.count))
        update(field)
    }

    mutating func update(number: Int64) {
        update((0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * Int64($0))) })
    }
}
