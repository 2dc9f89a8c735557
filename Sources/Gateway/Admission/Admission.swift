internal import Crypto
package import EventModel
internal import Locks

/// The first half of admission: what needs only the request, the definition and the Idempotency-Keys (SPEC 2.1–2.3,
/// 2.5). Any number of threads may call it at once. The second half is one ``Sequencer`` per partition.
///
/// It knows no HTTP, reads no clock and does no IO; it does its own locking. A request moves through these states, and
/// the caller calls one function for each:
///
///     read → admit ┬─ answered  the first answer to its Idempotency-Key is repeated
///                  ├─ refused   an ``IngestRefusal``; nothing is held
///                  └─ waits     an ``AdmissionRequest``, which holds its Idempotency-Key and ends in one of
///                        ├─ withdraw                   no room for it: as if it had never arrived
///                        └─ Sequencer.prepare → appended or failed → settle, then the answer may be sent
package final class Admission: Sendable {
    /// The definitions by which requests are judged.
    package let directory = SiteDirectory()
    package let answers: AnswerKeeper
    private let rejections = Guarded(RejectionCounts())
    private let pool = IngestPool()

    /// Size limit of an Idempotency-Key, in bytes.
    package static let keyBytesMaximum = 255

    /// - Parameter answers: The answers to Idempotency-Keys.
    package init(_ answers: AnswerKeeper = AnswerKeeper()) { self.answers = answers }

    // MARK: Incoming

    /// Reads a whole body.
    /// - Returns: What it found; valid as long as the body is.
    package func read(
        _ body: UnsafeRawBufferPointer, _ layout: BodyLayout
    ) throws(IngestRefusal) -> IngestReading {
        guard let parser = pool.takeParser() else { throw .body(.noMemory) }
        let reading = IngestReading(parser: parser, pool: pool, body: body, layout: layout)
        do throws(BodyFault) { try parser.read(body, layout) } catch { throw .body(error) }
        return reading
    }

    /// The state of a request after the first half.
    package enum Admitted {
        /// It waits for the sequencer of its site's partition.
        case waits(AdmissionRequest)
        /// It was sent before, with the same Idempotency-Key.
        case answered(EventsAnswer)
    }

    /// Takes the request's Idempotency-Key, and judges its events by the site's definition.
    ///
    /// - Parameters:
    ///   - site: The request's site; the caller has checked that the sender may use it (SPEC 2.2).
    ///   - refresh: Called at most twice, before a site, worker or workstation is reported unknown: another gateway may
    ///     just have admitted it (DESIGN 5). Brings ``directory`` up to date where it can.
    package func admit(
        _ reading: borrowing IngestReading, site: SiteID, key: SentKey?, now: Timestamp, refresh: (SiteID) -> Void
    ) throws(IngestRefusal) -> Admitted {
        guard let roster = roster(of: site, refresh) else { throw .unknownSite }
        var claim: IdempotencyClaim?
        if let key {
            guard 1...Self.keyBytesMaximum ~= key.key.utf8.count else { throw .keyLength }
            let made = IdempotencyClaim(key, site: site, body: reading.body)
            switch answers.begin(made, now: now) {
            case .claimed: claim = made
            case .answered(let kept): return .answered(try repeated(kept, reading, roster))
            case .inFlight: throw .keyInFlight
            case .otherBody: throw .keyReused
            }
        }
        let parsed = pool.takeRequest()
        reading.parser.judge(by: roster, into: parsed)
        if parsed.hasUnknown {
            refresh(site)
            if let newest = directory[site], newest !== roster { parsed.judgeAgain(by: newest) }
        }
        return .waits(.events(IngestRequest(parsed: parsed, isSingle: reading.layout == .single, claim: claim)))
    }

    /// The first answer to the same body again.
    private func repeated(
        _ kept: KeptAnswer, _ reading: borrowing IngestReading, _ roster: SiteRoster
    ) throws(IngestRefusal) -> EventsAnswer {
        let parsed = pool.takeRequest()
        defer { pool.give(parsed) }
        reading.parser.judge(by: roster, into: parsed)
        guard let answer = EventsAnswer(kept, of: parsed, isSingle: reading.layout == .single) else {
            throw .keyReused
        }
        return answer
    }

    /// The definition by which a site's events are admitted; nil for a site that is unknown even after a refresh.
    package func roster(of site: SiteID, _ refresh: (SiteID) -> Void) -> SiteRoster? {
        if let roster = directory[site] { return roster }
        refresh(site)
        return directory[site]
    }

    /// Withdraws a request for which there is no room.
    package func withdraw(_ request: AdmissionRequest) {
        if let claim = request.claim { answers.forget(claim) }
        recycle(request)
    }

    // MARK: After the decision

    /// Applies a sequencer's decision: stores the answer for the Idempotency-Key or frees the key, and puts a new
    /// definition in force. Call it before the answer is sent, so that the client's next request already sees the
    /// result.
    package func settle(_ request: AdmissionRequest, _ outcome: AdmissionOutcome) {
        if let claim = request.claim {
            if let kept = outcome.kept { answers.finish(claim, kept) } else { answers.forget(claim) }
        }
        switch outcome.answer {
        case .definition(let roster, _): directory.publish(roster, again: false)
        case .events(let answer) where !answer.rejections.isEmpty:
            rejections.withLock { $0.add(answer.rejections, of: request.siteID) }
        default: break
        }
        recycle(request)
    }

    /// How many events of a site were refused and not stored since the start, by verdict (SPEC 7.4): those of requests
    /// that were answered. A request that failed is sent again, and a repeated answer is not a new one.
    package func rejected(of site: SiteID) -> [(verdict: Verdict, count: Int)] {
        rejections.withLock { $0.counts(of: site) }
    }

    private func recycle(_ request: AdmissionRequest) {
        if case .events(let ingest) = request { pool.give(ingest.parsed) }
    }

    // MARK: Definitions of other gateways

    /// Puts a definition in force that another gateway has appended.
    /// - Returns: The roster, to pass to ``Sequencer/adopt(_:)`` ahead of the waiting requests; nil if already known.
    package func adopt(_ placed: PlacedDefinition) -> SiteRoster? {
        // Nearly always one of this gateway's own.
        if directory[placed.siteID]?.placed == placed { return nil }
        let roster = SiteRoster(placed)
        directory.publish(roster, again: true)
        return roster
    }
}

/// A parsed body. Returns its parser to the pool when released.
package struct IngestReading: ~Copyable {
    let parser: IngestParser
    let pool: IngestPool
    let body: UnsafeRawBufferPointer
    let layout: BodyLayout

    /// The site named at the top level of the body (SPEC 2.2); nil if there is none, or if it is not a string.
    package var namedSite: [UInt8]? { parser.namedSite(layout) }

    deinit { pool.give(parser) }
}
