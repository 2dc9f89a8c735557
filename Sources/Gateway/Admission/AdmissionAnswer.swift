package import EventModel

/// The outcome of a request as a value; routes render it (SPEC 2.4, 2.5, 3).
package enum AdmissionAnswer {
    /// Verdicts, once the record is durable.
    case events(EventsAnswer)
    /// The definition is in force and in the log; it must reach the registry before this answer is sent.
    case definition(SiteRoster, DefinitionChange)
    /// The definition would be in force as this; it was only judged, and nothing was written.
    case judged(SiteRoster, DefinitionChange)
    /// This version is in force, and not one that the put was meant for; nil for an unknown site.
    case conflict(UInt64?)
    /// The site has no definition in this partition.
    case unknownSite
    /// The definition does not fit into a log record.
    case definitionTooLarge
    /// Nobody knows what time it is (SPEC 2.9): nothing happened, and why.
    case clockInDoubt(String)
    /// The log did not accept the group, or the outcome is unknown: the client can send the same request again.
    case unavailable
}

/// The verdicts of one ingest request (SPEC 2.3, 2.4).
package struct EventsAnswer: Equatable, Sendable {
    /// Whether the request was a single event.
    package var isSingle: Bool
    package var accepted = 0
    /// Accepted events that repeat a stored one.
    package var duplicates = 0
    /// Events with any other verdict, by rising index.
    package var rejections: [Rejection] = []
    package var createdAt: Timestamp
    /// created_at of the record; nil if nothing was written.
    package var position: RecordPosition?

    package init(isSingle: Bool, createdAt: Timestamp) {
        self.isSingle = isSingle
        self.createdAt = createdAt
    }
}

package enum DefinitionChange: Sendable, Equatable {
    /// The site is new.
    case created
    /// It replaces this one.
    case replaced(PlacedDefinition)
    /// The definition is already in force; nothing was written.
    case none

    /// As answers say it.
    package var name: String {
        switch self {
        case .created: "created"
        case .replaced: "replaced"
        case .none: "none"
        }
    }
}

/// What the ``Sequencer`` decided about one request, for ``Admission/settle(_:_:)`` and the client.
package struct AdmissionOutcome {
    package var answer: AdmissionAnswer
    /// The answer to keep for the request's Idempotency-Key; nil without a key, and if nothing was stored.
    package var kept: KeptAnswer?

    init(_ answer: AdmissionAnswer, kept: KeptAnswer? = nil) {
        self.answer = answer
        self.kept = kept
    }
}

/// Why a request is refused before it reaches a sequencer (SPEC 2.5).
package enum IngestRefusal: Error, Equatable {
    /// The body as a whole.
    case body(BodyFault)
    /// No definition names the site.
    case unknownSite
    /// The Idempotency-Key is empty or too long.
    case keyLength
    /// Another request with this Idempotency-Key is still waiting for its answer.
    case keyInFlight
    /// The Idempotency-Key was used before with another body or site.
    case keyReused
}
