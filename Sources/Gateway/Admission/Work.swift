internal import EventModel
internal import HTTPServer

/// A request that waits for the log thread.
enum Work {
    case ingest(IngestWork)
    case definition(DefinitionWork)

    /// What it takes in the queue, in bytes.
    var sizeBytes: Int {
        switch self {
        case .ingest(let work): work.request.sizeBytes
        case .definition(let work): 1024 + work.sizeBytes
        }
    }

    var exchange: any HTTPExchange {
        switch self {
        case .ingest(let work): work.exchange
        case .definition(let work): work.exchange
        }
    }

    /// Headers that the answer carries whatever it is.
    var headers: [(name: String, value: String)] {
        switch self {
        case .ingest(let work): work.headers
        case .definition(let work): work.headers
        }
    }

    var claim: IdempotencyClaim? {
        switch self {
        case .ingest(let work): work.claim
        case .definition: nil
        }
    }
}

struct IngestWork {
    var request: ParsedRequest
    var isSingle: Bool
    var claim: IdempotencyClaim?
    var headers: [(name: String, value: String)]
    var exchange: any HTTPExchange
}

struct DefinitionWork {
    var definition: SiteDefinition
    /// Size of the body that it came in.
    var sizeBytes: Int
    var headers: [(name: String, value: String)]
    var exchange: any HTTPExchange
}

// `@unchecked Sendable`: a request is filled by one HTTP thread, handed over through the queue's lock, and from then on
// touched by the log thread alone, until the pool's lock hands it on.
extension Work: @unchecked Sendable {}

/// What the log thread has to do once the fate of a group is known, in this order.
enum SequencerAction {
    case answer(any HTTPExchange, HTTPResponse)
    /// Keep the answer for its Idempotency-Key.
    case remember(IdempotencyClaim, StoredAnswer)
    /// Nothing was stored under this Idempotency-Key.
    case forget(IdempotencyClaim)
    /// Write the definition to the registry if it is not there, admit by it, answer.
    case define(DefinitionWork, SiteSnapshot, change: DefinitionChange)
    /// The request's memory can be used again.
    case recycle(ParsedRequest)
}

enum DefinitionChange {
    /// The site is new.
    case created
    case replaced
    /// The definition is the one that holds already; nothing was written.
    case none
}
