internal import Crypto
package import EventLog
package import EventModel

/// The second half of admission: decides, group after group, what becomes of the requests of one partition. The only place
/// where created_at is stamped, the last verdicts are given, duplicates are found and definitions change (SPEC 2.3, 2.6,
/// 2.8, 3; DESIGN 2, "Threads").
///
/// Pure: it reads no clock, takes no lock, does no IO and knows no HTTP. One owner at a time, in one of two states:
///
///     idle ── prepare(requests, now) ──▶ prepared ┬─ appended(positions) ──▶ idle   the records are durable
///      ▲                                          └─ failed() ─────────────▶ idle   they are not, or it is not known
///      └─ adopt(roster)   a definition that stands in the log already
///
/// Keys and definitions of a prepared group are in force for the rest of the group, and are taken back when it fails. The
/// owner asks ``mayAppend(at:appendTimeoutMicroseconds:)`` before it appends.
package struct Sequencer: ~Copyable {
    private var definitions: [SiteID: SiteRoster]
    private var window: DuplicateWindow
    private var newestStamp: Timestamp
    private let gatewayID: [UInt8]
    private let partition: PartitionIndex
    private let encode: AnswerEncoder
    /// The prepared group.
    private var group: [Prepared] = []
    private var takenKeys: [TakenKey] = []
    private var replacedDefinitions: [(SiteID, SiteRoster?)] = []
    /// Window places of the ids of the request at hand; -1 where it has not been looked for.
    private var slots: [SiteWindow.Slot] = []

    private struct Prepared {
        /// Which of the group's records is this request's.
        var record: Int?
        /// What is said once the group is durable; the position is still missing.
        var outcome: AdmissionOutcome
        /// Where the keys that it let in are, and which of ``takenKeys`` they are.
        var window: SiteWindow?
        var taken = 0..<0
    }

    private struct TakenKey {
        var slot: SiteWindow.Slot
        var eventClass: EventClass
        var key: Int64
    }

    /// - Parameters:
    ///   - definitions: Of the sites of this partition.
    ///   - newestStamp: The newest created_at in the partition, so that stamps never go back over a restart.
    ///   - encode: Writes the answers down that are kept for an Idempotency-Key.
    init(
        partition: PartitionIndex = PartitionIndex(0), definitions: [SiteRoster],
        window: consuming DuplicateWindow = DuplicateWindow(), newestStamp: Timestamp = .earliest,
        gatewayID: [UInt8] = [], encode: @escaping AnswerEncoder
    ) {
        self.partition = partition
        self.definitions = Dictionary(uniqueKeysWithValues: definitions.map { ($0.siteID, $0) })
        self.window = window
        self.newestStamp = newestStamp
        self.gatewayID = gatewayID
        self.encode = encode
    }

    /// created_at of the prepared group.
    package var stamp: Timestamp { newestStamp }

    /// Stamps and judges a group.
    /// - Returns: the records to append, all or none. Without any, `appended([])` ends the group at once.
    package mutating func prepare(_ requests: [AdmissionRequest], now: Timestamp) -> [NewRecord] {
        precondition(group.isEmpty, "one group at a time")
        newestStamp = max(now, newestStamp)
        var records: [NewRecord] = []
        for request in requests {
            switch request {
            case .events(let ingest): prepare(ingest, &records)
            case .definition(let definition, _): prepare(definition, &records)
            }
        }
        return records
    }

    /// Whether the prepared records may still be appended: within 30 s of their created_at, however long the log goes on
    /// trying (SPEC 2.8). The stamp may also stand ahead of the clock.
    package func mayAppend(at now: Timestamp, appendTimeoutMicroseconds: Int64) -> Bool {
        now - newestStamp + appendTimeoutMicroseconds <= Limits.appendDelayMicrosecondsMaximum
    }

    /// The group is durable.
    /// - Parameter positions: Of its records.
    /// - Returns: what becomes of each request, in their order.
    package mutating func appended(_ positions: [RecordPosition]) -> [AdmissionOutcome] {
        // A definition that is put twice in a group stands in the log once: both answers name that position.
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
            case .unknownSite, .definitionTooLarge, .unavailable: break
            }
            return outcome
        }
        endGroup()
        return outcomes
    }

    /// The log did not take the group, or it is not known whether it did: nothing of it is claimed (SPEC 2.5, 2.6).
    /// - Returns: what becomes of each request, in their order.
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
        window.maintain()
    }

    // MARK: Definitions

    /// A definition that another gateway has appended, or that was repaired, unless one that comes later in the log holds.
    ///
    /// Between groups: it stands in the log already, so before everything that a group will append.
    /// - Returns: whether it holds now.
    package mutating func adopt(_ roster: SiteRoster) -> Bool {
        precondition(group.isEmpty, "a group is judged by one state of the definitions")
        if let current = definitions[roster.siteID], current.offset > roster.offset { return false }
        definitions[roster.siteID] = roster
        return true
    }

    private mutating func prepare(_ definition: SiteDefinition, _ records: inout [NewRecord]) {
        let site = definition.siteID
        let current = definitions[site]
        if let current, current.definition == definition {
            group.append(Prepared(outcome: AdmissionOutcome(.definition(current, .none))))
            return
        }
        let content = DefinitionRecord(
            definition: definition.withoutPersonalData, createdAt: newestStamp, gatewayID: gatewayID)
        var payload: [UInt8] = []
        RecordCodec.encode(content, into: &payload)
        guard payload.count <= Limits.recordBytesMaximum else {
            group.append(Prepared(outcome: AdmissionOutcome(.definitionTooLarge)))
            return
        }
        let roster = SiteRoster(
            PlacedDefinition(
                definition: definition, version: (current?.placed.version ?? 0) + 1, createdAt: newestStamp,
                position: RecordPosition(partition: partition, offset: .zero)))
        replacedDefinitions.append((site, current))
        definitions[site] = roster
        let change: DefinitionChange = current == nil ? .created : .replaced
        group.append(Prepared(record: records.count, outcome: AdmissionOutcome(.definition(roster, change))))
        records.append(NewRecord(key: site.bytes, createdAt: newestStamp, payload: payload))
    }

    private mutating func place(_ roster: SiteRoster, at position: RecordPosition) -> SiteRoster {
        let placed = roster.placed(at: position)
        // Unless a later definition of the same group has taken its place.
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
        // Parsed before a definition that comes earlier in the log: judged again, by that one (SPEC 3).
        if request.roster !== roster { request.judgeAgain(by: roster) }
        let site = window.window(of: roster.siteID)
        let firstTaken = takenKeys.count
        let verdicts = judge(request, by: roster, site)
        var answer = EventsAnswer(isSingle: ingest.isSingle, createdAt: newestStamp)
        answer.accepted = verdicts.accepted
        answer.duplicates = verdicts.duplicates
        answer.rejections = Rejection.merge(request.rejections, verdicts.errors)
        let kept = ingest.claim == nil ? nil : encode(answer)
        if !verdicts.dropped.isEmpty { request.batch = request.batch.without(verdicts.dropped) }
        var record: Int?
        if request.batch.count > 0 || ingest.claim != nil {
            record = records.count
            records.append(makeRecord(request, ingest.claim, kept))
        }
        group.append(
            Prepared(
                record: record, outcome: AdmissionOutcome(.events(answer), kept: kept), window: site,
                taken: firstTaken..<takenKeys.count))
    }

    private func makeRecord(
        _ request: ParsedRequest, _ claim: IdempotencyClaim?, _ kept: StoredAnswer?
    ) -> NewRecord {
        request.batch.createdAt = newestStamp
        request.batch.gatewayID = gatewayID
        request.batch.idempotency = kept.flatMap { kept in claim?.record(status: kept.status, answer: kept.json) }
        var payload: [UInt8] = []
        payload.reserveCapacity(128 + request.batch.count * 16 + request.batch.ids.bytes.count)
        RecordCodec.encode(request.batch, into: &payload)
        return NewRecord(key: request.batch.siteID.bytes, createdAt: newestStamp, payload: payload)
    }

    private struct Verdicts {
        var accepted = 0
        var duplicates = 0
        /// Events of the batch that are not accepted though kept, by rising index.
        var errors: [Rejection] = []
        /// Places in the batch of events that repeat one of their class.
        var dropped: [Int] = []
    }

    /// The last four verdicts of SPEC 2.3; sets the marks.
    private mutating func judge(_ request: ParsedRequest, by roster: SiteRoster, _ site: SiteWindow) -> Verdicts {
        var verdicts = Verdicts()
        let latest = newestStamp.microseconds + roster.definition.maxFutureSeconds * Microseconds.second
        let threshold = roster.definition.confidenceThreshold.partsPerMillion
        // Taken out and put back, so that the columns are not reached through the object event by event.
        var batch = EventBatch(siteID: request.batch.siteID)
        swap(&batch, &request.batch)
        defer { swap(&batch, &request.batch) }
        slots.removeAll(keepingCapacity: true)
        slots.append(contentsOf: repeatElement(-1, count: batch.ids.count))
        for event in 0..<batch.count {
            var mark = batch.marks[event]
            let time = batch.times[event]
            if mark == .accepted, time > latest || batch.confidences[event] < threshold {
                mark = time > latest ? .timestampInFuture : .lowConfidence
                batch.marks[event] = mark
            }
            let slot = slot(of: Int(batch.workers[event]), batch, request.hashes, site)
            let key = SiteWindow.key(time: time, type: batch.types[event])
            let isNew = site.insert(key, of: slot, mark.eventClass)
            if isNew {
                takenKeys.append(TakenKey(slot: slot, eventClass: mark.eventClass, key: key))
            } else {
                verdicts.dropped.append(event)
            }
            if mark != .accepted {
                // Repeated or not, that is the first rule it breaks.
                verdicts.errors.append(Rejection(index: request.indexes[event], mark: mark))
            } else if isNew {
                verdicts.accepted += 1
            } else {
                verdicts.duplicates += 1
            }
        }
        return verdicts
    }

    @inline(__always)
    private mutating func slot(
        of worker: Int, _ batch: borrowing EventBatch, _ hashes: [UInt64], _ site: SiteWindow
    ) -> SiteWindow.Slot {
        if slots[worker] >= 0 { return slots[worker] }
        let range = batch.ids.range(of: worker)
        let slot = batch.ids.bytes.withUnsafeBytes {
            site.slot(of: UnsafeRawBufferPointer(rebasing: $0[range]), hash: hashes[worker])
        }
        slots[worker] = slot
        return slot
    }
}
