internal import Crypto
internal import EventModel

/// The ETag of an answer that depends on the clock in nothing but its freshness: a hash of positions and question.
///
/// Weak, because `freshness_seconds` grows with every second: a strong one is for answers whose bytes stay the same
/// (SPEC 8.8). `If-None-Match` compares weakly anyway (RFC 9110, 13.1.2), so caches are served as well.
enum EntityTag {
    /// nil if the same question would get another answer a moment later.
    ///
    /// Names come from the registry and not from the log, so they are hashed too if the answer shows any.
    static func of(_ question: Question, isSettled: Bool) -> String? {
        // The ledger tells what this process refused, which is not in the log.
        guard !question.dependsOnClock, question.kind != .ledger else { return nil }
        var hasher = SHA256Hasher()
        hasher.update(
            field: question.parameters.digest(
                question.kind, of: question.site.siteID, leavingOut: ["site_id", "min_position"]))
        hasher.update(number: question.from?.microseconds ?? -1)
        hasher.update(number: question.to?.microseconds ?? -1)
        // The site's own: that of the partition would tell how busy other sites are.
        hasher.update(number: question.site.nextOffset.value)
        hasher.update(number: (isSettled ? 1 : 0) + (question.isRederiving ? 2 : 0))
        hasher.update(number: question.clockDispute?.to.microseconds ?? -1)
        let progress = question.snapshot.progress
        hasher.update(number: (progress.isHalted ? 1 : 0) + (progress.isOldGeneration ? 2 : 0))
        if question.showsWorkerNames {
            for worker in question.registered?.definition.workers ?? [] {
                hasher.update(field: worker.workerID.bytes)
                hasher.update(field: Array((worker.name ?? "").utf8))
            }
            for worker in question.registered?.former.workers ?? [] {
                hasher.update(field: worker.id.bytes)
                hasher.update(field: Array(worker.name.utf8))
            }
        }
        return "W/\"" + Hex.encode(hasher.finish().bytes.prefix(16)) + "\""
    }
}
