internal import EventLog
internal import EventModel
internal import Observability

/// What this module records in the journal.
extension JournalEvent {
    /// The newest record of a key cannot be decoded: it may revoke the key, so the key opens nothing.
    static func keyRecordUnreadable(_ id: String, at position: RecordPosition) -> JournalEvent {
        JournalEvent(
            "key_record_unreadable", .warning,
            "the record of API key \(id) at \(position) cannot be read; the key opens nothing",
            [Field("key", id, isInMessage: true), Field("position", position, isInMessage: true)])
    }

    static func keyLeftOut(_ id: String) -> JournalEvent {
        JournalEvent(
            "key_left_out", .warning, "there are more than \(KeyStore.keysMaximum) API keys; \(id) is left out",
            [Field("key", id, isInMessage: true)])
    }
}
