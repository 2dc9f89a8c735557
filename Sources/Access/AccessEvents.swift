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

    /// The row of a key in a file is not what was written.
    static func keyDamaged(_ id: String) -> JournalEvent {
        JournalEvent(
            "key_damaged", .warning,
            "the row of API key \(id) is not what was written; the key opens nothing: create another one",
            [Field("key", id, isInMessage: true)])
    }

    /// A key that was created or revoked, by a command or another process; nil if neither.
    static func keyChanged(from before: APIKey?, to after: APIKey) -> JournalEvent? {
        let wasOpen = before.map { $0.revokedAt == nil } ?? false
        let isOpen = after.revokedAt == nil
        guard wasOpen != isOpen, before != nil || isOpen else { return nil }
        let sites = after.sites.isEmpty ? "all" : after.sites.map(\.text).joined(separator: " ")
        return JournalEvent(
            isOpen ? "key_created" : "key_revoked", .info,
            "API key \(after.id) \(isOpen ? "is in force" : "is revoked")",
            [
                Field("key", after.id, isInMessage: true), Field("role", after.role.rawValue), Field("sites", sites),
                Field("key_name", after.name),
            ])
    }

    static func keyLeftOut(_ id: String) -> JournalEvent {
        JournalEvent(
            "key_left_out", .warning, "there are more than \(KeyStore.keysMaximum) API keys; \(id) is left out",
            [Field("key", id, isInMessage: true)])
    }
}
