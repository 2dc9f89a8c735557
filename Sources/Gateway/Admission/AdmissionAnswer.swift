package import EventModel

/// What becomes of a request, as a value; routes render it (SPEC 2.4, 2.5, 3).
package enum AdmissionAnswer {
    /// Verdicts, once the record is durable.
    case events(EventsAnswer)
    /// The definition holds, and stands in the log; it has to be in the registry before this is said.
    case definition(SiteRoster, DefinitionChange)
    /// The site has no definition in this partition.
    case unknownSite
    /// The definition does not fit into a log record.
    case definitionTooLarge
    /// The log did not take the group, or it is not known whether it did: the same request can be sent again.
    case unavailable
}

/// The verdicts of one ingest request (SPEC 2.3, 2.4).
package struct EventsAnswer: Equatable, Sendable {
    /// Whether the request was one event by itself.
    package var isSingle: Bool
    package var accepted = 0
    /// Accepted events that repeat one that is stored.
    package var duplicates = 0
    /// Events with any other verdict, by rising index.
    package var rejections: [Rejection] = []
    package var createdAt: Timestamp
    /// Of the record; nil where nothing was written.
    package var position: RecordPosition?

    package init(isSingle: Bool, createdAt: Timestamp) {
        self.isSingle = isSingle
        self.createdAt = createdAt
    }
}

/// An answer in the form in which it is kept for its Idempotency-Key, also in the log (SPEC 2.5).
package struct StoredAnswer: Equatable, Sendable {
    /// As the record format has it: an HTTP status.
    package var status: Int
    /// JSON without created_at and position.
    package var json: [UInt8]
    package var createdAt: Timestamp
    package var position: RecordPosition?

    package init(status: Int, json: [UInt8], createdAt: Timestamp, position: RecordPosition? = nil) {
        self.status = status
        self.json = json
        self.createdAt = createdAt
        self.position = position
    }
}

/// Writes an answer down, to be kept for its Idempotency-Key.
package typealias AnswerEncoder = @Sendable (EventsAnswer) -> StoredAnswer

package enum DefinitionChange: Sendable {
    /// The site is new.
    case created
    case replaced
    /// The definition is the one that holds already; nothing was written.
    case none
}

/// What the ``Sequencer`` decided about one request, for ``Admission/settle(_:_:)`` and the client.
package struct AdmissionOutcome {
    package var answer: AdmissionAnswer
    /// The answer as it is kept for the request's Idempotency-Key; nil without one, and where nothing was stored.
    package var kept: StoredAnswer?

    init(_ answer: AdmissionAnswer, kept: StoredAnswer? = nil) {
        self.answer = answer
        self.kept = kept
    }
}

/// Why a request is refused before it gets to a sequencer (SPEC 2.5).
package enum IngestRefusal: Error, Equatable {
    /// The body as a whole.
    case body(BodyFault)
    /// No definition names the site.
    case unknownSite
    /// The Idempotency-Key is empty or too long.
    case keyLength
    /// Another request with this Idempotency-Key waits for its answer.
    case keyInFlight
    /// The Idempotency-Key came with another body or site before.
    case keyReused
}
