internal import CSimdjson
internal import EventModel

/// The layout of an ingest request's body (SPEC 2.2).
package enum BodyLayout: UInt32, Sendable {
    case single
    case batch
    case lines
}

/// Why the body as a whole is refused (SPEC 2.5).
package enum BodyFault: Error, Equatable {
    case malformed
    case tooDeep
    case noEvents
    case tooManyEvents
    case noMemory
}

/// Parses and judges bodies; one thread at a time, reused across requests.
///
/// `@unchecked Sendable`: the pool hands it to one thread at a time.
final class IngestParser: @unchecked Sendable {
    private let handle: OpaquePointer
    private var result = andon_json_result()
    private var judge = EventJudge()

    /// nil if out of memory.
    init?() {
        guard
            let handle = andon_json_create(UInt32(Limits.batchEventsMaximum), UInt32(Limits.jsonDepthMaximum))
        else { return nil }
        self.handle = handle
    }

    deinit { andon_json_destroy(handle) }

    /// Parses the whole body. The result stays valid until the next call, as long as the body does.
    func read(_ body: UnsafeRawBufferPointer, _ layout: BodyLayout) throws(BodyFault) {
        result = andon_json_parse(
            handle, body.baseAddress?.assumingMemoryBound(to: UInt8.self), body.count, layout.rawValue)
        switch Int(result.status) {
        case ANDON_JSON_OK: break
        case ANDON_JSON_TOO_DEEP: throw .tooDeep
        case ANDON_JSON_NO_EVENTS: throw .noEvents
        case ANDON_JSON_TOO_MANY: throw .tooManyEvents
        case ANDON_JSON_NO_MEMORY: throw .noMemory
        default: throw .malformed
        }
    }

    /// The site named at the top level of the body (SPEC 2.2); nil if there is none, or if it is not a string.
    func namedSite(_ layout: BodyLayout) -> [UInt8]? {
        let field =
            switch layout {
            case .single: result.events[0].site_id
            case .batch: result.site_id
            case .lines: andon_json_field()
            }
        return field.isString ? Array(field.text) : nil
    }

    /// Judges every event by the definition and fills `request` (SPEC 2.3 up to `unknown_workstation`).
    func judge(by roster: SiteRoster, into request: ParsedRequest) {
        request.removeAll()
        request.roster = roster
        request.eventCount = Int(result.count)
        judge.judge(result, by: roster, into: request)
    }
}
