internal import CSimdjson
internal import EventModel

/// How the body of an ingest request is laid out (SPEC 2.2).
enum BodyLayout: UInt32 {
    case single
    case batch
    case lines
}

/// Why a body as a whole cannot be taken (SPEC 2.5).
enum BodyFault: Error, Equatable {
    case malformed
    case tooDeep
    case noEvents
    case tooManyEvents
    case noMemory
}

/// Reads and judges bodies; one thread at a time, reused from request to request.
///
/// `@unchecked Sendable`: the pool hands it to one thread at a time.
final class IngestParser: @unchecked Sendable {
    private let handle: OpaquePointer
    private var result = andon_json_result()
    private var judge = EventJudge()

    /// nil without memory.
    init?() {
        guard
            let handle = andon_json_create(UInt32(Limits.batchEventsMaximum), UInt32(Limits.jsonDepthMaximum))
        else { return nil }
        self.handle = handle
    }

    deinit { andon_json_destroy(handle) }

    /// Reads the whole body. What it found stays until the next call, as long as the body does.
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

    /// The site that the body itself names, at its top level (SPEC 2.2).
    enum NamedSite: Equatable {
        case none
        case id([UInt8])
        case invalid
    }

    func namedSite(_ layout: BodyLayout) -> NamedSite {
        let field =
            switch layout {
            case .single: result.events[0].site_id
            case .batch: result.site_id
            case .lines: andon_json_field()
            }
        switch Int(field.kind) {
        case ANDON_JSON_ABSENT, ANDON_JSON_NULL: return .none
        case ANDON_JSON_STRING: return .id(Array(field.text))
        default: return .invalid
        }
    }

    /// Judges every event by the definition and fills `request` (SPEC 2.3 up to `unknown_workstation`).
    func judge(by snapshot: SiteSnapshot, into request: ParsedRequest) {
        request.removeAll()
        request.snapshot = snapshot
        request.eventCount = Int(result.count)
        judge.judge(result, by: snapshot, into: request)
    }
}
