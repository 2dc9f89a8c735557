internal import Crypto
package import EventModel

/// The answer to a request with an Idempotency-Key, as it is kept (SPEC 2.5).
///
/// It holds what the repeated request does not say itself. Its body is the same, so what is wrong with which event, and
/// with which of its members, follows from the verdicts (``EventsAnswer/init(_:of:isSingle:)``).
package struct KeptAnswer: Equatable, Sendable {
    /// The combination of API key, path and Idempotency-Key.
    var name: SHA256Digest
    /// Whose room it takes.
    var owner: AnswerOwner
    var bodyHash: SHA256Digest
    var verdicts: VerdictRuns
    /// The stamp of the request.
    package var createdAt: Timestamp
    /// Of the record; nil if nothing was written.
    package var position: RecordPosition?

    init(
        _ claim: IdempotencyClaim, _ verdicts: VerdictRuns, createdAt: Timestamp, position: RecordPosition? = nil
    ) {
        name = claim.digest
        owner = claim.owner
        bodyHash = claim.bodyHash
        self.verdicts = verdicts
        self.createdAt = createdAt
        self.position = position
    }

    /// What a record says; nil if its request had no Idempotency-Key.
    init?(_ batch: borrowing EventBatch, at position: RecordPosition) {
        guard let idempotency = batch.idempotency, idempotency.verdicts.count > 0,
            let hash = SHA256Digest(bytes: idempotency.bodyHash)
        else { return nil }
        let claim = IdempotencyClaim(
            apiKeyID: idempotency.apiKeyID, path: idempotency.path, key: idempotency.key, bodyHash: hash)
        self.init(claim, idempotency.verdicts, createdAt: batch.createdAt, position: position)
    }

    /// Whether it was given later than another one to the same name. A gateway appends again under a name only while the
    /// log has acknowledged none of the earlier tries, so the newest is the one that was given.
    func isNewer(than other: (createdAt: Timestamp, offset: LogOffset?)) -> Bool {
        guard let position, let offset = other.offset else { return createdAt >= other.createdAt }
        return position.offset > offset
    }

    /// Whether its 24 hours are over.
    func isExpired(at now: Timestamp) -> Bool { now - createdAt >= IdempotencyTable.keptMicroseconds }
}

extension VerdictRuns {
    /// - Parameter dropped: batch indexes of events that are not kept; those without an error are duplicates.
    init(_ answer: borrowing EventsAnswer, of request: ParsedRequest, _ dropped: [Int]) {
        var verdicts = [Verdict](repeating: .accepted, count: request.eventCount)
        for event in dropped { verdicts[Int(request.indexes[event])] = .duplicate }
        for rejection in answer.rejections { verdicts[Int(rejection.index)] = rejection.verdict }
        self.init(verdicts)
    }
}

extension EventsAnswer {
    /// The first answer again.
    /// - Parameters:
    ///   - request: the same body, judged once more. By which definition does not matter: what depends on it is taken
    ///     from the verdicts.
    /// - Returns: nil if the body has another number of events, which is then another body.
    init?(_ kept: KeptAnswer, of request: ParsedRequest, isSingle: Bool) {
        let verdicts = kept.verdicts.verdicts
        guard verdicts.count == request.eventCount else { return nil }
        self.init(isSingle: isSingle, createdAt: kept.createdAt)
        position = kept.position
        var faults = request.rejections[...]
        var events = request.indexes.indices[...]
        for (index, verdict) in verdicts.enumerated() {
            let index = UInt32(index)
            let fault = faults.first?.index == index ? faults.removeFirst() : nil
            let event = events.first.flatMap { request.indexes[$0] == index ? $0 : nil }
            if event != nil { events.removeFirst() }
            switch verdict {
            case .accepted: accepted += 1
            case .duplicate: duplicates += 1
            default:
                rejections.append(
                    event.flatMap { Rejection(index: index, verdict, $0, of: request.batch) }
                        ?? Rejection(index: index, verdict: verdict, field: fault?.field, value: fault?.value ?? .none))
            }
        }
    }
}
