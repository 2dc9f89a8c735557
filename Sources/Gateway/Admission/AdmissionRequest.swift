internal import Crypto
package import EventModel

/// A request that has been read and judged as far as event and definition go, and waits for the ``Sequencer`` of its
/// site's partition.
package enum AdmissionRequest {
    case events(IngestRequest)
    /// - Parameter bodyBytes: Size of the body that the definition came in.
    case definition(SiteDefinition, bodyBytes: Int)

    /// Its site; it picks the partition.
    package var siteID: SiteID {
        switch self {
        case .events(let ingest): ingest.parsed.batch.siteID
        case .definition(let definition, _): definition.siteID
        }
    }

    /// What it takes in a queue, in bytes.
    package var sizeBytes: Int {
        switch self {
        case .events(let ingest): ingest.parsed.sizeBytes
        case .definition(_, let bodyBytes): 1024 + bodyBytes
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
    /// Held until the fate of the request is known.
    var claim: IdempotencyClaim?
}

// `@unchecked Sendable`: one thread fills the request and hands it over, e.g. through a queue's lock; from then on the
// sequencer's thread alone touches it, until the pool's lock hands it on.
extension AdmissionRequest: @unchecked Sendable {}
