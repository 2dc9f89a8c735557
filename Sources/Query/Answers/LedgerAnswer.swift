internal import JSON
internal import Timeline

extension Question {
    /// The members of `GET /api/ledger` (SPEC 7.4).
    func writeLedger(to writer: inout JSONWriter) {
        let ledger = site.ledger
        writer.member("received", ledger.received)
        writer.member("folded", ledger.folded)
        writer.member("duplicates", ledger.duplicates)
        writer.member("low_confidence", ledger.lowConfidence)
        writer.member("quarantined", ledger.quarantined)
        writer.member("definitions", ledger.definitions)
    }
}
