internal import CSimdjson
internal import EventModel

/// The layout of an ingest request's body (SPEC 2.2).
package enum BodyLayout: UInt32, Sendable {
    case single
    case batch
    case lines
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
        case ANDON_JSON_NO_EVENTS: throw faultWithoutEvents(body, layout)
        case ANDON_JSON_TOO_MANY: throw .tooManyEvents
        case ANDON_JSON_NO_MEMORY: throw .noMemory
        default: throw Self.isUTF16(body) ? .utf16 : .malformed(BodyPlace(offset: result.fault, in: body))
        }
    }

    /// Tells a sender who took the other path, or another form, which one it is.
    private func faultWithoutEvents(_ body: UnsafeRawBufferPointer, _ layout: BodyLayout) -> BodyFault {
        let content = body.starts(with: [0xef, 0xbb, 0xbf]) ? body.dropFirst(3) : body[...]
        let isBlank = content.allSatisfy { [0x20, 0x09, 0x0a, 0x0d].contains($0) }
        switch layout {
        case .single where !isBlank: return .notOneEvent
        case .batch where !isBlank && result.has_list == 0: return .noList
        default: return .noEvents
        }
    }

    /// Whether the first bytes are those of UTF-16: its byte order mark, or an ASCII character.
    private static func isUTF16(_ body: UnsafeRawBufferPointer) -> Bool {
        guard body.count > 1 else { return false }
        return (body[0] == 0) != (body[1] == 0) || [[0xff, 0xfe], [0xfe, 0xff]].contains([body[0], body[1]])
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
