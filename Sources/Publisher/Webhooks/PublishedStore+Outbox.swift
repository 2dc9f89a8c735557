internal import EventModel
internal import SQLite

/// What targets are still to be told of. A row is written in the transaction that notes the record of the change, and
/// removed once the target has it; so a kill at any moment neither loses a change nor tells one of them twice.
///
/// A change of an alert that comes while an earlier one waits takes its place. So a target that was away is told how things
/// are when it is back, and not what it missed. Only where an alert was otherwise for less than a round its two changes
/// wait, one after the other.
extension PublishedStore {
    static let outboxTables = """
        CREATE TABLE outbox (target TEXT NOT NULL, sequence INTEGER NOT NULL, alert BLOB NOT NULL, value BLOB NOT NULL,
            known_at INTEGER NOT NULL, PRIMARY KEY (target, sequence)) WITHOUT ROWID;
        CREATE INDEX outbox_alert ON outbox (alert, target, sequence);
        """

    /// An alert that waits for a target.
    struct Waiting: Sendable, Equatable {
        var notice: AlertNotice
        var sequence: Int64
    }

    /// - Returns: how many others were dropped to make room.
    func enqueue(_ notice: AlertNotice, for target: String, waitingMaximum: Int) throws -> Int {
        let sequence = try meta("outbox_sequence") + 1
        try setMeta("outbox_sequence", sequence)
        try replace(notice, for: target)
        let put = try connection.prepare("INSERT INTO outbox VALUES (?, ?, ?, ?, ?)")
        try put.bind(1, target)
        try put.bind(2, sequence)
        try put.bind(3, notice.key)
        try put.bind(4, notice.value)
        try put.bind(5, notice.knownAt)
        try put.run()
        let excess = try waitingCount(target) - waitingMaximum
        guard excess > 0 else { return 0 }
        let drop = try connection.prepare(
            """
            DELETE FROM outbox WHERE target = ?1 AND sequence IN (
                SELECT sequence FROM outbox WHERE target = ?1 ORDER BY sequence LIMIT ?2)
            """)
        try drop.bind(1, target)
        try drop.bind(2, excess)
        try drop.run()
        return excess
    }

    /// Removes what a change takes the place of: all that waits of its alert, but the first of two changes of one round.
    private func replace(_ notice: AlertNotice, for target: String) throws {
        guard !notice.followsAnother else { return }
        let remove = try connection.prepare("DELETE FROM outbox WHERE alert = ? AND target = ?")
        try remove.bind(1, notice.key)
        try remove.bind(2, target)
        try remove.run()
    }

    func waitingCount(_ target: String) throws -> Int {
        let count = try connection.prepare("SELECT count(*) FROM outbox WHERE target = ?")
        try count.bind(1, target)
        return try count.step() ? count.int(0) : 0
    }

    /// The oldest that wait, of the site of the first one, each alert once.
    func waiting(_ target: String, limit: Int) throws -> [Waiting] {
        let rows = try connection.prepare(
            "SELECT alert, value, known_at, sequence FROM outbox WHERE target = ? ORDER BY sequence LIMIT ?")
        try rows.bind(1, target)
        try rows.bind(2, limit)
        var found: [Waiting] = []
        try rows.forEachRow { row in
            let notice = AlertNotice(key: row.blob(0), value: row.blob(1), knownAt: row.int64(2))
            found.append(Waiting(notice: notice, sequence: row.int64(3)))
        }
        func site(_ waiting: Waiting) -> ArraySlice<UInt8> { waiting.notice.key.prefix { $0 != UInt8(ascii: "/") } }
        guard let first = found.first else { return [] }
        var alerts: Set<[UInt8]> = []
        return found.filter { site($0) == site(first) && alerts.insert($0.notice.key).inserted }
    }

    /// Removes what a target was told, unless it has changed since.
    func forget(_ told: [Waiting], for target: String) throws {
        try transaction {
            let remove = try connection.prepare("DELETE FROM outbox WHERE target = ? AND sequence = ?")
            for waiting in told {
                try remove.bind(1, target)
                try remove.bind(2, waiting.sequence)
                try remove.run()
            }
        }
    }

    /// Something was published that nobody is told of: what waits says the newest of an alert that is still open, and
    /// nothing of one that is closed.
    func refresh(_ notice: AlertNotice) throws {
        guard notice.isOpen else { return try withdraw(notice.key) }
        let update = try connection.prepare(
            """
            UPDATE outbox SET value = ?1 WHERE alert = ?2 AND sequence = (
                SELECT max(sequence) FROM outbox AS newest WHERE newest.alert = ?2 AND newest.target = outbox.target)
            """)
        try update.bind(1, notice.value)
        try update.bind(2, notice.key)
        try update.run()
    }

    /// Another publisher has told something newer of an alert: what waits here is out of date.
    func withdraw(_ key: [UInt8]) throws {
        let remove = try connection.prepare("DELETE FROM outbox WHERE alert = ?")
        try remove.bind(1, key)
        try remove.run()
    }

    /// Removes what waits for targets that are no longer named.
    func keepOutbox(of targets: [String]) throws {
        var found: [String] = []
        try connection.prepare("SELECT DISTINCT target FROM outbox").forEachRow { found.append($0.text(0)) }
        let remove = try connection.prepare("DELETE FROM outbox WHERE target = ?")
        for target in found where !targets.contains(target) {
            try remove.bind(1, target)
            try remove.run()
        }
    }

    /// Names the file in the records that it publishes: after a kill it must know its own.
    func identity() throws -> String {
        let known = try meta("identity")
        if known != 0 { return String(UInt64(bitPattern: known), radix: 16) }
        try setMeta("identity", Int64.random(in: 1...Int64.max))
        return try identity()
    }
}
