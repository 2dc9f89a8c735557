internal import CSimdjson
internal import EventModel

/// Applies the rules of SPEC 2.3, in order, to each event of a request.
///
/// Reused across requests. While it fills the columns, it moves them out of the request object, so that it does not
/// access them through a reference for every event.
struct EventJudge: ~Copyable {
    private var batch = EventBatch(siteID: SiteID(bytes: []))
    /// The ids of the batch, by bytes.
    private var ids = IDTable(capacity: 256)
    /// The hash of each id.
    private var hashes: [UInt64] = []
    /// For each id: what the definition says about it, looked up at first use.
    private var workers: [Lookup] = []
    private var workstations: [Lookup] = []
    /// Whether an event of the request names a worker or workstation that the definition does not.
    private var hasUnknown = false

    private enum Lookup: UInt8 { case open, known, unknown }

    private struct Fault {
        var verdict: Verdict
        var field: EventField?
        var value = RejectedValue.none

        /// The event as a whole.
        static let invalidJSON = Fault(verdict: .invalidJSON)

        private init(verdict: Verdict) { self.verdict = verdict }

        init(_ verdict: Verdict, _ field: EventField, _ value: andon_json_field) {
            (self.verdict, self.field, self.value) = (verdict, field, RejectedValue(value))
        }
    }

    /// Judges all events and fills `request`, which must be empty.
    mutating func judge(_ result: andon_json_result, by roster: SiteRoster, into request: ParsedRequest) {
        hasUnknown = false
        workers.removeAll(keepingCapacity: true)
        workstations.removeAll(keepingCapacity: true)
        swap(&batch, &request.batch)
        swap(&hashes, &request.hashes)
        batch.siteID = roster.definition.siteID
        batch.definitionVersion = roster.placed.version
        roster.definition.siteID.bytes.withUnsafeBytes { site in
            for index in 0..<Int(result.count) {
                if let fault = fault(of: result.events + index, envelope: result.site_id, site, roster) {
                    request.rejections.append(
                        Rejection(index: UInt32(index), verdict: fault.verdict, field: fault.field, value: fault.value))
                } else {
                    request.indexes.append(UInt32(index))
                }
            }
        }
        ids.moveIDs(to: &batch.ids)
        swap(&batch, &request.batch)
        swap(&hashes, &request.hashes)
        request.hasUnknown = hasUnknown
    }

    /// Why the event is not kept; nil if it was added to the batch.
    private mutating func fault(
        of event: UnsafePointer<andon_json_event>, envelope: andon_json_field, _ site: UnsafeRawBufferPointer,
        _ roster: SiteRoster
    ) -> Fault? {
        guard event.pointee.is_object != 0 else { return .invalidJSON }
        if let fault = Self.faultOfShape(event) { return fault }
        guard let time = Timestamp(rfc3339: event.pointee.timestamp.text) else {
            return Fault(.invalidTimestamp, .timestamp, event.pointee.timestamp)
        }
        guard let type = EventType(event.pointee.event_type.text) else {
            return Fault(.invalidEventType, .eventType, event.pointee.event_type)
        }
        guard case .valid(let confidence) = Confidence.read(decimal: event.pointee.confidence.text) else {
            return Fault(.invalidConfidence, .confidence, event.pointee.confidence)
        }
        guard let count = Self.count(event.pointee.count, of: type) else {
            return Fault(.invalidCount, .count, event.pointee.count)
        }
        // Looked up first: an id that is already here is known to be valid.
        var worker = Reference(event.pointee.worker_id, ids)
        var workstation = Reference(event.pointee.workstation_id, ids)
        var camera = Reference(event.pointee.camera_id, ids)
        var model = Reference(event.pointee.model_version, ids)
        guard worker.isValid else { return Fault(.invalidID, .workerID, event.pointee.worker_id) }
        guard workstation.isValid else { return Fault(.invalidID, .workstationID, event.pointee.workstation_id) }
        guard camera.isValid else { return Fault(.invalidID, .cameraID, event.pointee.camera_id) }
        guard model.isValid else { return Fault(.invalidID, .modelVersion, event.pointee.model_version) }
        let named = event.pointee.site_id.isPresent ? event.pointee.site_id : envelope
        if named.isPresent, !named.isString || !named.text.hasSameBytes(as: site) {
            return Fault(.wrongSite, .siteID, named)
        }
        let workerNumber = number(&worker)
        let workstationNumber = number(&workstation)
        batch.append(
            time: time.microseconds, type: type,
            mark: membership(worker, workerNumber, workstation, workstationNumber, roster),
            worker: UInt32(workerNumber), workstation: UInt32(workstationNumber),
            camera: camera.isPresent ? UInt32(number(&camera)) : nil,
            modelVersion: model.isPresent ? UInt32(number(&model)) : nil,
            confidence: confidence.partsPerMillion, count: count)
        return nil
    }

    // MARK: Shape

    /// `missing_field` and `invalid_type`; for optional fields only, null counts as absent (SPEC 2.1).
    private static func faultOfShape(_ event: UnsafePointer<andon_json_event>) -> Fault? {
        let event = event.pointee
        if event.timestamp.isString, event.worker_id.isString, event.workstation_id.isString, event.event_type.isString,
            event.confidence.isNumber, event.count.isNumberOrAbsent, event.camera_id.isStringOrAbsent,
            event.model_version.isStringOrAbsent, event.site_id.isStringOrAbsent
        {
            return nil
        }
        let required: [(andon_json_field, EventField)] = [
            (event.timestamp, .timestamp), (event.worker_id, .workerID), (event.workstation_id, .workstationID),
            (event.event_type, .eventType), (event.confidence, .confidence),
        ]
        for (value, field) in required where Int(value.kind) == ANDON_JSON_ABSENT {
            return Fault(.missingField, field, value)
        }
        for (value, field) in required where field == .confidence ? !value.isNumber : !value.isString {
            return Fault(.invalidType, field, value)
        }
        if !event.count.isNumberOrAbsent { return Fault(.invalidType, .count, event.count) }
        let texts: [(andon_json_field, EventField)] = [
            (event.camera_id, .cameraID), (event.model_version, .modelVersion), (event.site_id, .siteID),
        ]
        for (value, field) in texts where !value.isStringOrAbsent {
            return Fault(.invalidType, field, value)
        }
        return nil
    }

    /// The number of units that an event counts; nil if `count` violates SPEC 2.1.
    private static func count(_ field: andon_json_field, of type: EventType) -> UInt32? {
        guard field.isPresent else { return type.isState ? 0 : 1 }
        guard case .valid(let count) = UnitCount.read(decimal: field.text) else { return nil }
        if type.isState { return count <= 1 ? 0 : nil }
        return count >= 1 ? count : nil
    }

    // MARK: Ids

    /// An id as it appears in the body, and its number once it has one.
    private struct Reference {
        var text: UnsafeRawBufferPointer
        var hash: UInt64
        var number: Int?
        var isPresent: Bool

        @inline(__always)
        init(_ field: andon_json_field, _ ids: borrowing IDTable) {
            isPresent = field.isPresent
            text = field.text
            hash = isPresent ? IDHash.of(text) : 0
            number = isPresent ? ids.number(of: text, hash: hash) : nil
        }

        var isValid: Bool { !isPresent || number != nil || IdentifierRules.isIdentifier(text) }
    }

    private mutating func number(_ reference: inout Reference) -> Int {
        if let number = reference.number { return number }
        let (number, isNew) = ids.insert(reference.text, hash: reference.hash)
        if isNew {
            hashes.append(reference.hash)
            workers.append(.open)
            workstations.append(.open)
        }
        reference.number = number
        return number
    }

    /// `unknown_worker`, else `unknown_workstation`, else `accepted` so far.
    private mutating func membership(
        _ worker: Reference, _ workerNumber: Int, _ workstation: Reference, _ workstationNumber: Int,
        _ roster: SiteRoster
    ) -> Mark {
        if workers[workerNumber] == .open {
            workers[workerNumber] = roster.hasWorker(worker.text, hash: worker.hash) ? .known : .unknown
        }
        guard workers[workerNumber] == .known else {
            hasUnknown = true
            return .unknownWorker
        }
        if workstations[workstationNumber] == .open {
            workstations[workstationNumber] =
                roster.hasWorkstation(workstation.text, hash: workstation.hash) ? .known : .unknown
        }
        guard workstations[workstationNumber] == .known else {
            hasUnknown = true
            return .unknownWorkstation
        }
        return .accepted
    }
}

extension andon_json_field {
    @inline(__always) var text: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: bytes, count: Int(length)) }
    @inline(__always) var isString: Bool { Int(kind) == ANDON_JSON_STRING }
    @inline(__always) var isNumber: Bool { Int(kind) == ANDON_JSON_NUMBER }
    /// Neither missing nor null.
    @inline(__always) var isPresent: Bool { kind > ANDON_JSON_NULL }
    @inline(__always) var isStringOrAbsent: Bool { !isPresent || isString }
    @inline(__always) var isNumberOrAbsent: Bool { !isPresent || isNumber }
}

extension EventType {
    /// The JSON name of this type.
    init?(_ name: UnsafeRawBufferPointer) {
        let candidate: EventType
        switch name.count {
        case 4: candidate = .idle
        case 6: candidate = .absent
        case 7: candidate = .working
        case 13: candidate = .productCount
        default: return nil
        }
        let expected = UnsafeRawBufferPointer(start: candidate.name.utf8Start, count: candidate.name.utf8CodeUnitCount)
        guard name.hasSameBytes(as: expected) else { return nil }
        self = candidate
    }
}
