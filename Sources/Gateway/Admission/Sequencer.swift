internal import Crypto
package import EventLog
package import EventModel

/// The second half of admission: decides the requests of one partition, group by group. The only place where created_at
/// is stamped, the last verdicts are given, duplicates are found and definitions change (SPEC 2.3, 2.6, 2.8, 3;
/// DESIGN 2, "Threads").
///
/// Pure: it reads no clock, takes no lock, does no IO and knows no HTTP. It has one owner at a time and two states:
///
///     idle ── prepare(requests, now) ──▶ prepared ┬─ appended(positions) ──▶ idle   the records are durable
///      ▲                                          └─ failed() ─────────────▶ idle   they are not, or it is unknown
///      └─ adopt(roster)   a definition that is already in the log
///
/// Keys and definitions of a prepared group apply to the rest of the group, and are rolled back if it fails. The owner
/// calls ``mayAppend(at:waited:appendTimeoutMicroseconds:)`` before it appends.
package struct Sequencer: ~Copyable {
    private var definitions: [SiteID: SiteRoster]
    private var window: DuplicateWindow
    private(set) var newestStamp: Timestamp
    let gatewayID: [UInt8]
    let partition: PartitionIndex
    let partitionCount: Int32
    /// The prepared group.
    private var group: [Prepared] = []
    private var takenKeys: [TakenKey] = []
    private var replacedDefinitions: [(SiteID, SiteRoster?)] = []
    /// The newest stamp before the prepared group set time back; nil where it did not.
    private var stampBefore: Timestamp?
    private var judge = SequencerJudge()

    /// - Parameters:
    ///   - definitions: Those of this partition's sites.
    ///   - newestStamp: The newest created_at in the partition since time was last set back there, so that stamps never
    ///     go back across a restart.
    init(
        partition: PartitionIndex = PartitionIndex(0), partitionCount: Int32 = 1, definitions: [SiteRoster],
        window: consuming DuplicateWindow = DuplicateWindow(), newestStamp: Timestamp = .earliest,
        gatewayID: [UInt8] = []
    ) {
        self.partition = partition
        self.partitionCount = partitionCount
        self.definitions = Dictionary(uniqueKeysWithValues: definitions.map { ($0.siteID, $0) })
        self.window = window
        self.newestStamp = newestStamp
        self.gatewayID = gatewayID
    }

    /// Stamps and judges a group.
    /// - Parameter setBack: Time goes back to `now`; the first record says so (SPEC 2.9).
    /// - Returns: the records to append, all or none. If it is empty, `appended([])` ends the group at once.
    package mutating func prepare(
        _ requests: [AdmissionRequest], now: Timestamp, setBack: SetBack? = nil
    ) -> [NewRecord] {
        precondition(group.isEmpty, "one group at a time")
        var records: [NewRecord] = []
        if let setBack {
            stampBefore = newestStamp
            newestStamp = now
            records.append(record(of: setBack))
        } else {
            newestStamp = max(now, newestStamp)
        }
        for request in requests {
            switch request {
            case .events(let ingest): prepare(ingest, &records)
            case .definition(let put): prepare(put, &records)
            }
        }
        return records
    }

    /// The definitions of the prepared group, in order; empty for most groups.
    package var preparedDefinitions: [PreparedDefinition] {
        replacedDefinitions.isEmpty
            ? []
            : group.enumerated().compactMap { PreparedDefinition($1.outcome.answer, request: $0, record: $1.record) }
    }

    /// The group is durable.
    /// - Parameter positions: One per record.
    /// - Returns: the outcome of each request, in order.
    package mutating func appended(_ positions: [RecordPosition]) -> [AdmissionOutcome] {
        stampBefore = nil
        // A definition put twice in a group is in the log once: both answers name that position.
        var placed: [ObjectIdentifier: SiteRoster] = [:]
        let outcomes = group.map { prepared in
            var outcome = prepared.outcome
            let position = prepared.record.map { positions[$0] }
            switch outcome.answer {
            case .events(var answer):
                answer.position = position
                outcome.answer = .events(answer)
                outcome.kept?.position = position
            case .definition(let roster, let change):
                if let position { placed[ObjectIdentifier(roster)] = place(roster, at: position) }
                outcome.answer = .definition(placed[ObjectIdentifier(roster)] ?? roster, change)
            case .judged(let roster, let change):
                outcome.answer = .judged(placed[ObjectIdentifier(roster)] ?? roster, change)
            case .conflict, .unknownSite, .definitionTooLarge, .clockInDoubt, .unavailable: break
            }
            return outcome
        }
        endGroup()
        return outcomes
    }

    /// The log did not accept the group, or the outcome is unknown: nothing of it is reported as stored
    /// (SPEC 2.5, 2.6).
    /// - Returns: the outcome of each request, in order.
    package mutating func failed() -> [AdmissionOutcome] {
        for prepared in group {
            for taken in takenKeys[prepared.taken] {
                prepared.window?.remove(taken.key, of: taken.slot, taken.eventClass)
            }
        }
        for (site, before) in replacedDefinitions.reversed() { definitions[site] = before }
        let outcomes = group.map { _ in AdmissionOutcome(.unavailable) }
        endGroup()
        return outcomes
    }

    private mutating func endGroup() {
        group.removeAll(keepingCapacity: true)
        takenKeys.removeAll(keepingCapacity: true)
        replacedDefinitions.removeAll(keepingCapacity: true)
        // A group that has failed set nothing back.
        newestStamp = stampBefore ?? newestStamp
        stampBefore = nil
        window.maintain()
    }

    // MARK: Definitions

    /// Puts a definition in force that another gateway appended or a repair wrote, unless a later one in the log
    /// already is.
    ///
    /// Called between groups: the definition is already in the log, ahead of everything that a group will append.
    /// - Returns: whether it is now in force.
    package mutating func adopt(_ roster: SiteRoster) -> Bool {
        precondition(group.isEmpty, "a group is judged by one state of the definitions")
        if let current = definitions[roster.siteID], current.offset > roster.offset { return false }
        definitions[roster.siteID] = roster
        return true
    }

    private mutating func prepare(_ put: DefinitionPut, _ records: inout [NewRecord]) {
        let site = put.definition.siteID
        let current = definitions[site]
        let judgement = DefinitionJudgement(
            put, current: current, partition: partition, stamp: newestStamp, gatewayID: gatewayID)
        let answer: AdmissionAnswer
        var record: Int?
        switch judgement {
        case .conflict(let version): answer = .conflict(version)
        case .tooLarge: answer = .definitionTooLarge
        case .unchanged(let roster):
            answer = put.isDryRun ? .judged(roster, .none) : .definition(roster, .none)
        case .written(let roster, let payload):
            let change = current.map { DefinitionChange.replaced($0.placed) } ?? .created
            if put.isDryRun {
                answer = .judged(roster, change)
                break
            }
            answer = .definition(roster, change)
            replacedDefinitions.append((site, current))
            definitions[site] = roster
            record = records.count
            records.append(NewRecord(key: site.bytes, createdAt: newestStamp, payload: payload))
        }
        group.append(Prepared(record: record, outcome: AdmissionOutcome(answer)))
    }

    private mutating func place(_ roster: SiteRoster, at position: RecordPosition) -> SiteRoster {
        let placed = roster.placed(at: position)
        // Unless a later definition of the same group has replaced it.
        if definitions[roster.siteID] === roster { definitions[roster.siteID] = placed }
        return placed
    }

    // MARK: Events

    private mutating func prepare(_ ingest: IngestRequest, _ records: inout [NewRecord]) {
        let request = ingest.parsed
        guard let roster = definitions[request.batch.siteID] else {
            group.append(Prepared(outcome: AdmissionOutcome(.unknownSite)))
            return
        }
        // Parsed before an earlier definition in the log took effect: judged again, by that one (SPEC 3).
        if request.roster !== roster { request.judgeAgain(by: roster) }
        let site = window.window(of: roster.siteID)
        let firstTaken = takenKeys.count
        let verdicts = judge.judge(request, by: roster, site, stamp: newestStamp, taking: &takenKeys)
        var answer = EventsAnswer(isSingle: ingest.isSingle, createdAt: newestStamp)
        answer.accepted = verdicts.accepted
        answer.duplicates = verdicts.duplicates
        answer.rejections = Rejection.merge(request.rejections, verdicts.errors)
        let kept = ingest.claim.map {
            KeptAnswer($0, VerdictRuns(answer, of: request, verdicts.dropped), createdAt: newestStamp)
        }
        if !verdicts.dropped.isEmpty { request.batch = request.batch.without(verdicts.dropped) }
        var record: Int?
        if request.batch.count > 0 {
            record = records.count
            records.append(makeRecord(request, ingest.claim, kept))
        }
        group.append(
            Prepared(
                record: record, outcome: AdmissionOutcome(.events(answer), kept: kept), window: site,
                taken: firstTaken..<takenKeys.count))
    }

    private func makeRecord(
        _ request: ParsedRequest, _ claim: IdempotencyClaim?, _ kept: KeptAnswer?
    ) -> NewRecord {
        request.batch.createdAt = newestStamp
        request.batch.gatewayID = gatewayID
        request.batch.idempotency = kept.flatMap { kept in claim?.record(kept.verdicts) }
        var payload: [UInt8] = []
        payload.reserveCapacity(128 + request.batch.count * 16 + request.batch.ids.bytes.count)
        RecordCodec.encode(request.batch, into: &payload)
        return NewRecord(key: request.batch.siteID.bytes, createdAt: newestStamp, payload: payload)
    }
}
