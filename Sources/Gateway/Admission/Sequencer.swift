internal import EventLog
internal import EventModel
internal import HTTPServer

/// Decides, group after group, what becomes of the requests of one partition that wait: the only place where created_at
/// is stamped, duplicates are judged and definitions change (DESIGN 2, "Threads"). It reads no clock and does no IO.
///
/// States: *idle* → `prepare` → *prepared* → `appended` or `failed` → *idle*. Keys and definitions of a prepared group
/// are in force for the rest of the group, and are taken back when it fails.
struct Sequencer: ~Copyable {
    private var definitions: [SiteID: SiteSnapshot]
    private var window: DuplicateWindow
    private var newestStamp: Timestamp
    private let gatewayID: [UInt8]
    private let partition: PartitionIndex
    /// The prepared group.
    private var group: [Prepared] = []
    private var takenKeys: [TakenKey] = []
    private var replacedDefinitions: [(SiteID, SiteSnapshot?)] = []
    /// Window places of the ids of the request at hand; -1 where it has not been looked for.
    private var slots: [SiteWindow.Slot] = []

    private struct Prepared {
        var work: Work
        /// Which of the group's records is this request's.
        var record: Int?
        var outcome: Outcome
        /// Where the keys that it let in are, and which of ``takenKeys`` they are.
        var window: SiteWindow?
        var taken = 0..<0

        enum Outcome {
            case ingest(StoredAnswer)
            case definition(SiteSnapshot, DefinitionChange)
            case refused(HTTPResponse)
        }
    }

    private struct TakenKey {
        var slot: SiteWindow.Slot
        var eventClass: EventClass
        var key: Int64
    }

    /// - Parameters:
    ///   - definitions: Of the sites of this partition.
    ///   - newestStamp: The newest created_at in the partition, so that stamps never go back over a restart.
    init(
        partition: PartitionIndex = PartitionIndex(0), definitions: [SiteSnapshot],
        window: consuming DuplicateWindow = DuplicateWindow(), newestStamp: Timestamp = .earliest,
        gatewayID: [UInt8] = []
    ) {
        self.partition = partition
        self.definitions = Dictionary(uniqueKeysWithValues: definitions.map { ($0.definition.siteID, $0) })
        self.window = window
        self.newestStamp = newestStamp
        self.gatewayID = gatewayID
    }

    /// created_at of the prepared group.
    var stamp: Timestamp { newestStamp }

    /// Stamps and judges a group.
    /// - Returns: the records to append, all or none. Without any, `appended([])` ends the group at once.
    mutating func prepare(_ works: [Work], now: Timestamp) -> [NewRecord] {
        precondition(group.isEmpty, "one group at a time")
        newestStamp = max(now, newestStamp)
        var records: [NewRecord] = []
        for work in works {
            switch work {
            case .ingest(let ingest): prepare(ingest, work, &records)
            case .definition(let definition): prepare(definition, work, &records)
            }
        }
        return records
    }

    /// The group is durable.
    mutating func appended(_ positions: [RecordPosition]) -> [SequencerAction] {
        var actions: [SequencerAction] = []
        actions.reserveCapacity(group.count * 2)
        // A definition that is put twice in a group stands in the log once: both answers name that place.
        var placed: [ObjectIdentifier: SiteSnapshot] = [:]
        for prepared in group {
            let position = prepared.record.map { positions[$0] }
            switch (prepared.outcome, prepared.work) {
            case (.ingest(var answer), .ingest(let work)):
                answer.position = position
                if let claim = work.claim { actions.append(.remember(claim, answer)) }
                actions.append(.answer(work.exchange, IngestAnswer.response(answer, headers: work.headers)))
                actions.append(.recycle(work.request))
            case (.definition(let snapshot, let change), .definition(let work)):
                if let position { placed[ObjectIdentifier(snapshot)] = place(snapshot, at: position) }
                actions.append(.define(work, placed[ObjectIdentifier(snapshot)] ?? snapshot, change: change))
            case (.refused(let response), let work):
                if let claim = work.claim { actions.append(.forget(claim)) }
                actions.append(.answer(work.exchange, response))
                if case .ingest(let work) = work { actions.append(.recycle(work.request)) }
            default: preconditionFailure("an outcome is of its work's kind")
            }
        }
        endGroup()
        return actions
    }

    /// The log did not take the group, or it is not known whether it did: nothing of it is claimed (SPEC 2.5, 2.6).
    mutating func failed(_ reason: String) -> [SequencerAction] {
        for prepared in group {
            for taken in takenKeys[prepared.taken] {
                prepared.window?.remove(taken.key, of: taken.slot, taken.eventClass)
            }
        }
        for (site, before) in replacedDefinitions.reversed() { definitions[site] = before }
        var actions: [SequencerAction] = []
        for prepared in group {
            if let claim = prepared.work.claim { actions.append(.forget(claim)) }
            let response = IngestAnswer.unavailable(reason, headers: prepared.work.headers)
            actions.append(.answer(prepared.work.exchange, response))
            if case .ingest(let work) = prepared.work { actions.append(.recycle(work.request)) }
        }
        endGroup()
        return actions
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
    mutating func adopt(_ snapshot: SiteSnapshot) -> Bool {
        precondition(group.isEmpty, "a group is judged by one state of the definitions")
        let site = snapshot.definition.siteID
        if let current = definitions[site], current.position.offset > snapshot.position.offset { return false }
        definitions[site] = snapshot
        return true
    }

    private mutating func prepare(_ work: DefinitionWork, _ whole: Work, _ records: inout [NewRecord]) {
        let site = work.definition.siteID
        let current = definitions[site]
        if let current, current.definition == work.definition {
            group.append(Prepared(work: whole, record: nil, outcome: .definition(current, .none)))
            return
        }
        let content = DefinitionRecord(
            definition: work.definition.withoutPersonalData, createdAt: newestStamp, gatewayID: gatewayID)
        var payload: [UInt8] = []
        RecordCodec.encode(content, into: &payload)
        guard payload.count <= Limits.recordBytesMaximum else {
            let response = HTTPResponse.problem(
                413, "the definition is too large for one log record", headers: work.headers)
            group.append(Prepared(work: whole, record: nil, outcome: .refused(response)))
            return
        }
        let snapshot = SiteSnapshot(
            definition: work.definition, version: (current?.version ?? 0) + 1, createdAt: newestStamp,
            position: RecordPosition(partition: partition, offset: .zero))
        replacedDefinitions.append((site, current))
        definitions[site] = snapshot
        let change: DefinitionChange = current == nil ? .created : .replaced
        group.append(Prepared(work: whole, record: records.count, outcome: .definition(snapshot, change)))
        records.append(NewRecord(key: site.bytes, createdAt: newestStamp, payload: payload))
    }

    private mutating func place(_ snapshot: SiteSnapshot, at position: RecordPosition) -> SiteSnapshot {
        let placed = snapshot.placed(at: position)
        // Unless a later definition of the same group has taken its place.
        if definitions[snapshot.definition.siteID] === snapshot { definitions[snapshot.definition.siteID] = placed }
        return placed
    }

    // MARK: Events

    private mutating func prepare(_ work: IngestWork, _ whole: Work, _ records: inout [NewRecord]) {
        let request = work.request
        guard let snapshot = definitions[request.batch.siteID] else {
            let response = HTTPResponse.problem(404, "no such site", headers: work.headers)
            group.append(Prepared(work: whole, record: nil, outcome: .refused(response)))
            return
        }
        // Parsed before a definition that comes earlier in the log: judged again, by that one (SPEC 3).
        if request.snapshot !== snapshot { request.judgeAgain(by: snapshot) }
        let site = window.window(of: snapshot.definition.siteID)
        let firstTaken = takenKeys.count
        let verdicts = judge(request, by: snapshot, site)
        let answer = answer(request, verdicts, isSingle: work.isSingle)
        if !verdicts.dropped.isEmpty { request.batch = request.batch.without(verdicts.dropped) }
        var record: Int?
        if request.batch.count > 0 || work.claim != nil {
            request.batch.createdAt = newestStamp
            request.batch.gatewayID = gatewayID
            request.batch.idempotency = work.claim?.record(status: answer.status, answer: answer.json)
            var payload: [UInt8] = []
            payload.reserveCapacity(128 + request.batch.count * 16 + request.batch.ids.bytes.count)
            RecordCodec.encode(request.batch, into: &payload)
            record = records.count
            records.append(NewRecord(key: request.batch.siteID.bytes, createdAt: newestStamp, payload: payload))
        }
        group.append(
            Prepared(
                work: whole, record: record, outcome: .ingest(answer), window: site,
                taken: firstTaken..<takenKeys.count))
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
    private mutating func judge(_ request: ParsedRequest, by snapshot: SiteSnapshot, _ site: SiteWindow) -> Verdicts {
        var verdicts = Verdicts()
        let latest = newestStamp.microseconds + snapshot.definition.maxFutureSeconds * Microseconds.second
        let threshold = snapshot.definition.confidenceThreshold.partsPerMillion
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

    private func answer(_ request: ParsedRequest, _ verdicts: Verdicts, isSingle: Bool) -> StoredAnswer {
        let errors = Rejection.merge(request.rejections, verdicts.errors)
        if isSingle, let error = errors.first {
            return StoredAnswer(status: 422, json: IngestAnswer.problem(error), createdAt: newestStamp)
        }
        let json = IngestAnswer.batch(accepted: verdicts.accepted, duplicates: verdicts.duplicates, errors: errors)
        let status = isSingle && verdicts.accepted > 0 ? 201 : 200
        return StoredAnswer(status: status, json: json, createdAt: newestStamp)
    }
}

extension Rejection {
    /// An event that is kept with a mark.
    init(index: UInt32, mark: Mark) {
        let field: EventField? =
            switch mark {
            case .accepted: nil
            case .lowConfidence: .confidence
            case .unknownWorker: .workerID
            case .unknownWorkstation: .workstationID
            case .timestampInFuture: .timestamp
            }
        self.init(index: index, verdict: mark.verdict, field: field)
    }

    /// Both in one, by rising index; both are in that order.
    static func merge(_ left: [Rejection], _ right: [Rejection]) -> [Rejection] {
        if left.isEmpty { return right }
        if right.isEmpty { return left }
        var merged: [Rejection] = []
        merged.reserveCapacity(left.count + right.count)
        var next = 0
        for rejection in left {
            while next < right.count, right[next].index < rejection.index {
                merged.append(right[next])
                next += 1
            }
            merged.append(rejection)
        }
        merged.append(contentsOf: right[next...])
        return merged
    }
}

extension EventBatch {
    /// The batch without the events at these places, and with only the ids that the others use.
    func without(_ dropped: [Int]) -> EventBatch {
        var rest = EventBatch(siteID: siteID, createdAt: createdAt)
        rest.definitionVersion = definitionVersion
        var numbers = [UInt32?](repeating: nil, count: ids.count)
        func number(_ id: UInt32) -> UInt32 {
            if let number = numbers[Int(id)] { return number }
            let number = rest.ids.append(ids.bytes[ids.range(of: Int(id))])
            numbers[Int(id)] = number
            return number
        }
        var next = 0
        for event in 0..<count {
            if next < dropped.count, dropped[next] == event {
                next += 1
                continue
            }
            rest.append(
                time: times[event], type: types[event], mark: marks[event], worker: number(workers[event]),
                workstation: number(workstations[event]),
                camera: cameras[event] == 0 ? nil : number(cameras[event] - 1),
                modelVersion: modelVersions[event] == 0 ? nil : number(modelVersions[event] - 1),
                confidence: confidences[event], count: counts[event], firstSeen: firstSeen[event])
        }
        return rest
    }
}
