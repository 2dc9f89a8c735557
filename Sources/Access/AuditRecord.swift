/// An admin act, for the audit log (DESIGN 6): allowed or not.
public struct AuditRecord: Sendable, Equatable {
    /// The requested act, e.g. `put_site`.
    public var action: String
    /// The key's id; empty for a loopback client of an open demonstration.
    public var keyID: String
    public var clientAddress: String
    /// The site that it is about; empty where it is everybody's.
    public var siteID: String
    /// The job that it is about; empty where it is about none.
    public var jobID: String
    /// The outcome, e.g. `submitted` or `refused: …`.
    public var result: String

    public init(
        action: String, keyID: String, clientAddress: String, siteID: String = "", jobID: String = "", result: String
    ) {
        self.action = action
        self.keyID = keyID
        self.clientAddress = clientAddress
        self.siteID = siteID
        self.jobID = jobID
        self.result = result
    }
}
