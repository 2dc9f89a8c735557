internal import Crypto
package import EventModel

/// A request that is parsed and judged as far as events and definition allow, and waits for the ``Sequencer`` of its
/// site's partition.
package enum AdmissionRequest {
    case events(IngestRequest)
    case definition(DefinitionPut)

    /// The site; it determines the partition.
    package var siteID: SiteID {
        switch self {
        case .events(let ingest): ingest.parsed.batch.siteID
        case .definition(let put): put.definition.siteID
        }
    }

    /// Memory it takes in a queue, in bytes.
    package var sizeBytes: Int {
        switch self {
        case .events(let ingest): ingest.parsed.sizeBytes
        case .definition(let put): 1024 + put.bodyBytes
        }
    }

    var claim: IdempotencyClaim? {
        switch self {
        case .events(let ingest): ingest.claim
        case .definition: nil
        }
    }
}

/// The events of one request, on their way to the log.
package struct IngestRequest {
    var parsed: ParsedRequest
    var isSingle: Bool
    /// Held until the request is decided.
    var claim: IdempotencyClaim?
}

// `@unchecked Sendable`: one thread fills the request and passes it on, e.g. under a queue's lock. From then on only
// the sequencer's thread touches it, until it returns to the pool under the pool's lock.
extension AdmissionRequest: @unchecked Sendable {}
