/// The verdict of every event of a request, in the request's order, as runs of equal ones (SPEC 2.3, 2.5).
///
/// With the request's body this is enough to give its first answer again: what is wrong with an event follows from the
/// event and its verdict. A thousand events with one verdict take two bytes of a record, and never more than a thousand.
public struct VerdictRuns: Sendable, Equatable {
    /// Each is the length of a run, shifted left by four bits, and the verdict's number.
    public private(set) var runs: [UInt32]

    private static let verdictBits: UInt32 = 4

    /// - Parameter verdicts: at most ``Limits/batchEventsMaximum``.
    public init(_ verdicts: some Sequence<Verdict>) {
        runs = []
        for verdict in verdicts {
            if let last = runs.last, UInt8(last & 0xf) == verdict.rawValue {
                runs[runs.count - 1] = last + 1 << Self.verdictBits
            } else {
                runs.append(1 << Self.verdictBits | UInt32(verdict.rawValue))
            }
        }
    }

    /// Runs as they are stored; nil unless they are what ``init(_:)`` makes.
    public init?(runs: [UInt32]) {
        var count: UInt64 = 0
        var previous: UInt32?
        for run in runs {
            let verdict = run & 0xf
            guard run >> Self.verdictBits > 0, verdict < Verdict.allCases.count, verdict != previous else { return nil }
            count += UInt64(run >> Self.verdictBits)
            previous = verdict
        }
        guard count <= UInt64(Limits.batchEventsMaximum) else { return nil }
        self.runs = runs
    }

    /// Number of events.
    public var count: Int { runs.reduce(0) { $0 + Int($1 >> Self.verdictBits) } }

    /// One for each event.
    public var verdicts: [Verdict] {
        var verdicts: [Verdict] = []
        verdicts.reserveCapacity(count)
        for run in runs {
            guard let verdict = Verdict(rawValue: UInt8(run & 0xf)) else { continue }
            verdicts.append(contentsOf: repeatElement(verdict, count: Int(run >> Self.verdictBits)))
        }
        return verdicts
    }
}

/// What a gateway needs to repeat its first answer to a repeated request, even after a restart (SPEC 2.5).
public struct Idempotency: Sendable, Equatable {
    /// Public id of the API key (never its secret).
    public var apiKeyID: [UInt8]
    public var path: [UInt8]
    public var key: [UInt8]
    /// SHA-256 of the site id, a zero byte and the decoded body.
    public var bodyHash: [UInt8]
    /// Of all events of the request, also of those that the record does not hold.
    public var verdicts: VerdictRuns

    public init(apiKeyID: [UInt8], path: [UInt8], key: [UInt8], bodyHash: [UInt8], verdicts: VerdictRuns) {
        self.apiKeyID = apiKeyID
        self.path = path
        self.key = key
        self.bodyHash = bodyHash
        self.verdicts = verdicts
    }
}
