internal import EventModel

/// Where alerts are told, beside the topic (SPEC 6.4).
public struct WebhookConfiguration: Sendable {
    /// `http` or `https` URLs; every alert is told to each of them.
    public var targets: [String] = []
    /// Signs what is sent; nil: nothing is signed.
    public var secret: [UInt8]?
    /// Where people find Andon, for links; empty: unknown.
    public var externalURL = ""
    /// Limit for one request, in seconds.
    public var timeoutSeconds = 10.0

    public init() {}

    /// Alerts that wait for one target: some 10 MB in the file. Beyond it the oldest are dropped.
    static let waitingMaximum = 10_000
    /// Alerts told in one request.
    static let alertsPerRequest = 100
    /// The longest answer that is read.
    static let answerBytesMaximum = 64 << 10
    /// How long the end of the process waits for the answer to a request.
    static let endMilliseconds = 2000
}

extension WebhookConfiguration {
    /// A target without what may be secret in it: user, path and query.
    static func shown(_ target: String) -> String {
        guard let scheme = target.firstRange(of: "://") else { return "a webhook" }
        let rest = target[scheme.upperBound...].prefix { !"/?#".contains($0) }
        return "\(target[..<scheme.upperBound])\(rest.split(separator: "@").last ?? "")"
    }
}
