internal import Crypto
internal import EventModel

/// The strong ETag of an answer that does not depend on the clock: a hash of positions and question (UX, HTTP).
enum EntityTag {
    /// nil if the same question would get another answer a moment later.
    ///
    /// Names come from the registry and not from the log, so they are hashed too if the answer shows any.
    static func of(_ question: Question, isSettled: Bool) -> String? {
        guard !question.dependsOnClock else { return nil }
        let progress = question.snapshot.progress
        var hasher = SHA256Hasher()
        hasher.update(field: Array(question.kind.path.utf8))
        hasher.update(
            field: question.parameters.digest(of: question.site.siteID, leavingOut: ["site_id", "min_position"]))
        hasher.update(number: question.from?.microseconds ?? -1)
        hasher.update(number: question.to?.microseconds ?? -1)
        hasher.update(number: progress.nextOffset.value)
        hasher.update(number: progress.newestCreatedAt ?? -1)
        hasher.update(number: (isSettled ? 1 : 0) + (question.isRederiving ? 2 : 0))
        if question.kind == .workers {
            for worker in question.registered?.workers ?? [] {
                hasher.update(field: worker.workerID.bytes)
                hasher.update(field: Array((worker.name ?? "").utf8))
            }
        }
        return "\"" + Hex.encode(hasher.finish().bytes.prefix(16)) + "\""
    }

    /// Whether an `If-None-Match` matches the tag: a list, `*`, weak marks ignored (RFC 9110, 13.1.2).
    static func matches(_ tag: String, ifNoneMatch header: String) -> Bool {
        header.split(separator: ",").contains { part in
            let candidate = part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()
            let text = String(candidate)
            return text == "*" || text == tag || text == "W/" + tag
        }
    }
}
