internal import Clocks
internal import Locks

/// Token buckets by client address and by key (DESIGN 6): each holds one minute's requests and refills evenly.
final class RateLimiter: Sendable {
    /// What a request is counted under.
    struct Subject {
        var name: String
        /// Requests a minute, > 0.
        var limit: Int
        /// The policy's name in the headers.
        var policy: StaticString

        /// Above this nothing is limited, and sums cannot overflow.
        static let limitMaximum = 1_000_000_000

        init(name: String, limit: Int, policy: StaticString) {
            self.name = name
            self.limit = min(max(1, limit), Self.limitMaximum)
            self.policy = policy
        }
    }

    struct Decision {
        var isAllowed: Bool
        var headers: [(name: String, value: String)]

        static let unlimited = Decision(isAllowed: true, headers: [])
    }

    /// Maximum number of buckets; each takes some 100 bytes. Full ones are dropped first: they equal a new one.
    static let bucketsMaximum = 65_536
    private static let windowMilliseconds: Int64 = 60_000

    private struct Bucket {
        /// In tokens × 60 000, so that a millisecond refills exactly `limit`.
        var level: Int64
        var limit: Int64
        var updatedAt: Int64

        var capacity: Int64 { limit * windowMilliseconds }
        /// Fill level, 0…1.
        var fill: Double { Double(level) / Double(capacity) }

        mutating func refill(at now: Int64, limit newLimit: Int64) {
            limit = newLimit
            let elapsed = min(max(0, now - updatedAt), windowMilliseconds)
            level = min(capacity, level + elapsed * limit)
            updatedAt = now
        }
    }

    private let buckets = Guarded<[String: Bucket]>([:])
    private let clock: any ProcessClock

    init(clock: any ProcessClock) { self.clock = clock }

    /// Counts one request under all subjects, or under none if one of them is exhausted.
    func admit(_ subjects: [Subject]) -> Decision {
        guard !subjects.isEmpty else { return .unlimited }
        let now = clock.uptime.milliseconds
        return buckets.withLock { buckets in
            var states: [Bucket] = []
            for subject in subjects {
                var bucket = buckets[subject.name] ?? Self.full(subject, now)
                bucket.refill(at: now, limit: Int64(subject.limit))
                states.append(bucket)
            }
            let isAllowed = states.allSatisfy { $0.level >= Self.windowMilliseconds }
            if isAllowed { for index in states.indices { states[index].level -= Self.windowMilliseconds } }
            for (subject, bucket) in zip(subjects, states) { buckets[subject.name] = bucket }
            if buckets.count > Self.bucketsMaximum { Self.prune(&buckets, now) }
            return Decision(isAllowed: isAllowed, headers: Self.headers(subjects, states, isAllowed: isAllowed))
        }
    }

    var bucketCount: Int { buckets.withLock { $0.count } }

    private static func full(_ subject: Subject, _ now: Int64) -> Bucket {
        Bucket(level: Int64(subject.limit) * windowMilliseconds, limit: Int64(subject.limit), updatedAt: now)
    }

    /// Drops the buckets that are full by now; if those are too few, the fullest half, so that the most active clients
    /// stay limited.
    private static func prune(_ buckets: inout [String: Bucket], _ now: Int64) {
        for (name, bucket) in buckets {
            var bucket = bucket
            bucket.refill(at: now, limit: bucket.limit)
            if bucket.level >= bucket.capacity { buckets[name] = nil }
        }
        guard buckets.count > bucketsMaximum / 2 else { return }
        let byLevel = buckets.sorted { $0.value.fill > $1.value.fill }
        for (name, _) in byLevel.prefix(buckets.count - bucketsMaximum / 2) { buckets[name] = nil }
    }

    /// `RateLimit-Policy` and `RateLimit` as in the IETF httpapi draft, and `Retry-After` if refused.
    private static func headers(
        _ subjects: [Subject], _ states: [Bucket], isAllowed: Bool
    ) -> [(name: String, value: String)] {
        var policies: [String] = []
        var limits: [String] = []
        var retryAfter: Int64 = 1
        for (subject, bucket) in zip(subjects, states) {
            policies.append("\"\(subject.policy)\";q=\(subject.limit);w=60")
            let missing = max(0, windowMilliseconds - bucket.level)
            let wait = (missing + bucket.limit * 1000 - 1) / (bucket.limit * 1000)
            let untilFull = (bucket.capacity - bucket.level + bucket.limit * 1000 - 1) / (bucket.limit * 1000)
            limits.append("\"\(subject.policy)\";r=\(bucket.level / windowMilliseconds);t=\(untilFull)")
            retryAfter = max(retryAfter, wait)
        }
        var headers = [
            (name: "RateLimit-Policy", value: policies.joined(separator: ", ")),
            (name: "RateLimit", value: limits.joined(separator: ", ")),
        ]
        if !isAllowed { headers.append((name: "Retry-After", value: "\(retryAfter)")) }
        return headers
    }
}
