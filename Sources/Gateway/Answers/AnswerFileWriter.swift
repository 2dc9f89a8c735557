internal import EventLog
internal import EventModel
internal import SQLite

/// The writing side of an ``AnswerFile``: one transaction at a time.
struct AnswerFileWriter: ~Copyable {
    /// How many rows beyond twice what it adds a write may look at to remove what is too old.
    private static let expiringMinimum = 256
    /// Rows of an API key are read only so many at once: a write must not take long.
    private static let rowsMaximum = 1024
    /// API keys that a write looks at although they bring nothing.
    private static let ownersVisited = 8

    private struct Row {
        var name: [UInt8]
        var createdAt: Timestamp
        var bytes: Int
    }

    private struct Statements {
        let find: Statement
        let insert: Statement
        let delete: Statement
        let oldest: Statement
        let place: Statement
        let count: Statement
        let uncount: Statement

        init(_ connection: Connection) throws {
            find = try connection.prepare(AnswerFile.findText)
            insert = try connection.prepare("INSERT INTO answers VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")
            delete = try connection.prepare("DELETE FROM answers WHERE name = ?1")
            oldest = try connection.prepare(
                "SELECT name, created_at, length(verdicts) FROM answers WHERE owner = ?1 ORDER BY created_at LIMIT ?2")
            place = try connection.prepare("INSERT OR REPLACE INTO known VALUES (?1, ?2)")
            count = try connection.prepare("INSERT OR REPLACE INTO owners VALUES (?1, ?2)")
            uncount = try connection.prepare("DELETE FROM owners WHERE owner = ?1")
        }
    }

    private let connection: Connection
    private let bytesMaximum: Int
    private let statements: Statements
    /// Bytes of each API key's answers.
    private var owners: [AnswerOwner: Int]
    /// Whose answers were looked at last.
    private var visited = AnswerOwner(bits: .min)

    /// - Throws: `SQLiteError`.
    init(_ connection: Connection, bytesMaximum: Int) throws {
        self.init(connection, bytesMaximum, try Statements(connection), owners: try Self.owners(connection))
    }

    // Apart, because a value that cannot be copied must not be made by halves.
    private init(
        _ connection: Connection, _ bytesMaximum: Int, _ statements: Statements, owners: [AnswerOwner: Int]
    ) {
        self.connection = connection
        self.bytesMaximum = bytesMaximum
        self.statements = statements
        self.owners = owners
    }

    private static func owners(_ connection: Connection) throws -> [AnswerOwner: Int] {
        var owners: [AnswerOwner: Int] = [:]
        try connection.prepare("SELECT owner, bytes FROM owners").forEachRow { row in
            owners[AnswerOwner(bits: row.int64(0))] = row.int(1)
        }
        return owners
    }

    /// See ``AnswerFile/write(_:next:now:)``.
    mutating func write(_ answers: [KeptAnswer], next: [PartitionIndex: LogOffset], now: Timestamp) throws {
        let before = owners
        do {
            try connection.execute("BEGIN IMMEDIATE")
            for answer in answers { try add(answer) }
            for (partition, offset) in next {
                try statements.place.bind(1, Int64(partition.value))
                try statements.place.bind(2, offset.value)
                try statements.place.run()
            }
            try expire(Set(answers.map(\.owner)), now: now, rows: 2 * answers.count + Self.expiringMinimum)
            try makeRoom()
            try storeOwners(before)
            try connection.execute("COMMIT")
        } catch {
            connection.rollBack()
            owners = before
            throw error
        }
    }

    /// Leaves one tidy file. If that fails, the next opening does it.
    func checkpoint() { _ = try? connection.checkpoint(.truncate) }

    private mutating func add(_ answer: KeptAnswer) throws {
        let name = AnswerFile.cut(answer.name)
        try statements.find.bind(1, name)
        if try statements.find.step() {
            let created = Timestamp(microseconds: statements.find.int64(0))
            let offset = statements.find.isNull(2) ? nil : LogOffset(statements.find.int64(2))
            let bytes = AnswerFile.rowBytes + statements.find.blob(4).count
            statements.find.reset()
            guard answer.isNewer(than: (created, offset)) else { return }
            try remove(Row(name: name, createdAt: created, bytes: bytes), of: answer.owner)
        }
        let verdicts = AnswerFile.bytes(answer.verdicts)
        try statements.insert.bind(1, name)
        try statements.insert.bind(2, answer.owner.bits)
        try statements.insert.bind(3, answer.createdAt.microseconds)
        if let position = answer.position {
            try statements.insert.bind(4, Int64(position.partition.value))
            try statements.insert.bind(5, position.offset.value)
        } else {
            try statements.insert.bindNull(4)
            try statements.insert.bindNull(5)
        }
        try statements.insert.bind(6, AnswerFile.cut(answer.bodyHash))
        try statements.insert.bind(7, verdicts)
        try statements.insert.run()
        owners[answer.owner, default: 0] += AnswerFile.rowBytes + verdicts.count
    }

    private mutating func remove(_ row: Row, of owner: AnswerOwner) throws {
        try statements.delete.bind(1, row.name)
        try statements.delete.run()
        let left = owners[owner, default: 0] - row.bytes
        owners[owner] = left > 0 ? left : nil
    }

    private func oldest(of owner: AnswerOwner, _ count: Int) throws -> [Row] {
        try statements.oldest.bind(1, owner.bits)
        try statements.oldest.bind(2, count)
        var rows: [Row] = []
        try statements.oldest.forEachRow { row in
            let bytes = AnswerFile.rowBytes + row.int(2)
            rows.append(Row(name: row.blob(0), createdAt: Timestamp(microseconds: row.int64(1)), bytes: bytes))
        }
        return rows
    }

    /// Those who bring something make room for it; the others are visited in turn.
    private mutating func expire(_ bringing: Set<AnswerOwner>, now: Timestamp, rows: Int) throws {
        var visiting = bringing
        for _ in 0..<Self.ownersVisited {
            let last = visited
            guard let next = owners.keys.filter({ $0 > last }).min() ?? owners.keys.min() else { break }
            visited = next
            visiting.insert(next)
        }
        var left = rows
        for owner in visiting where left > 0 {
            let expired = try oldest(of: owner, min(left, Self.rowsMaximum)).prefix { row in
                now - row.createdAt >= IdempotencyTable.keptMicroseconds
            }
            for row in expired { try remove(row, of: owner) }
            left -= expired.count
        }
    }

    private mutating func makeRoom() throws {
        var all = owners.values.reduce(0, +)
        while all > bytesMaximum, let most = owners.max(by: { $0.value < $1.value }) {
            for row in try oldest(of: most.key, 64) where all > bytesMaximum {
                try remove(row, of: most.key)
                all -= row.bytes
            }
            // A sum without rows is wrong; it is right again from here on.
            if owners[most.key] == most.value {
                owners[most.key] = nil
                all -= most.value
            }
        }
    }

    private func storeOwners(_ before: [AnswerOwner: Int]) throws {
        for (owner, bytes) in owners where before[owner] != bytes {
            try statements.count.bind(1, owner.bits)
            try statements.count.bind(2, bytes)
            try statements.count.run()
        }
        for owner in before.keys where owners[owner] == nil {
            try statements.uncount.bind(1, owner.bits)
            try statements.uncount.run()
        }
    }
}
