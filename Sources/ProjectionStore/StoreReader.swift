public import EventModel
internal import SQLite
public import Timeline

/// Reads a projection store through its own read-only connection; for one thread at a time.
///
/// Outside of ``begin()`` … ``end()`` every read sees the newest commit; inside, all reads see the same commit.
public final class StoreReader: PageReader, HourReader, @unchecked Sendable {
    // Unchecked: it moves between threads with the question or the fold that owns it, and is never shared.
    let connection: Connection
    let condition: StoreCondition
    private let findPage: Statement
    private let findHours: Statement
    private let findHoursOfEntity: Statement
    private let findActiveHours: Statement
    private let findStationHours: Statement
    private let findStays: Statement
    private let findHealth: Statement
    private let findGeneration: Statement
    let listings: ListingStatements
    let turns: ReadingTurns
    /// For as long as one state is read on time.
    var turn: Turn?
    /// Set where later commits do not change what is read.
    var lasting: Lasting?
    /// Loops over rows that are under way: their statements do not outlive the transaction.
    var loops = 0
    /// Pages of the line read last, for as long as one state is read: a question requests some of them repeatedly.
    private var cache: (line: LineID, pages: [Page])?
    private var isInside = false
    /// The settings read last: a definition never changes, and decoding a large one takes a while.
    var lastSettings: (site: UInt32, sequence: Int, settings: SiteDefinition)?
    private static let cachedPagesMaximum = 16

    /// - Parameter condition: notes damage that is found.
    public convenience init(path: String, condition: StoreCondition = StoreCondition()) throws {
        try self.init(path: path, condition: condition, turns: ReadingTurns(StoreLimits()))
    }

    /// Reads a copy of a store that nobody writes, and makes no file beside it.
    public convenience init(copyAt path: String) throws {
        try self.init(
            path: path, condition: StoreCondition(), turns: ReadingTurns(StoreLimits()),
            options: ProjectionStore.copyOptions)
    }

    init(
        path: String, condition: StoreCondition, turns: ReadingTurns,
        options: ConnectionOptions = ProjectionStore.readerOptions
    ) throws {
        self.condition = condition
        self.turns = turns
        do {
            connection = try Connection(path: path, options)
            findPage = try connection.prepare(
                """
                SELECT \(PageColumn.names) FROM page WHERE line = ? AND fence <= ? ORDER BY fence DESC LIMIT 1
                """)
            findHours = try connection.prepare(
                """
                SELECT \(HourColumn.names(before: .site)) FROM hour
                WHERE site = ? AND kind = ? AND hour >= ? AND hour < ?
                """)
            findHoursOfEntity = try connection.prepare(
                """
                SELECT \(HourColumn.names(before: .site)) FROM hour
                WHERE site = ?1 AND kind = ?2 AND entity = ?5 AND hour IN (SELECT hour FROM hour
                    WHERE site = ?1 AND kind = \(HourKind.factory.rawValue) AND hour >= ?3 AND hour < ?4)
                """)
            findActiveHours = try connection.prepare(
                """
                SELECT \(ActiveHourColumn.names) FROM hour
                WHERE site = ? AND kind = ? AND hour >= ? AND hour < ? AND (working > 0 OR idle > 0 OR absent > 0)
                """)
            findStationHours = try connection.prepare(
                """
                SELECT \(HourColumn.names(before: .site)) FROM hour
                WHERE site = ? AND kind = \(HourKind.workstation.rawValue) AND hour < ?
                ORDER BY hour DESC
                """)
            findStays = try connection.prepare(
                """
                SELECT \(StayColumn.names) FROM stay
                WHERE site = ? AND scale = ? AND start >= ? AND start < ? AND ending > ?
                """)
            findHealth = try connection.prepare(
                "SELECT \(HealthColumn.names) FROM health WHERE site = ? AND hour >= ? AND hour < ?")
            findGeneration = try connection.prepare(
                "SELECT value FROM meta WHERE name = '\(MetaName.generation.rawValue)'")
            listings = try ListingStatements(connection)
        } catch { throw condition.noted("projections at \(path) cannot be read", error) }
    }

    /// Starts reading one consistent state and returns the generation of its commit.
    public func begin() throws -> UInt64 {
        try condition.watch(connection.path) {
            try connection.beginRead()
            isInside = true
            return try generation()
        }
    }

    public func end() {
        connection.endRead()
        if let turn { turns.end(turn.reading) }
        turn = nil
        lasting = nil
        isInside = false
        cache = nil
    }

    /// Steps through rows and checks the time regularly.
    func forEachRow(_ statement: Statement, _ body: (Statement) throws -> Bool) throws {
        loops += 1
        defer {
            loops -= 1
            statement.reset()
        }
        try condition.watch(connection.path) {
            var rows = 0
            while try statement.step() {
                if rows & 0xff == 0 { try checkTimeInLoop() }
                rows += 1
                guard try body(statement) else { return }
            }
        }
    }

    private func generation() throws -> UInt64 {
        defer { findGeneration.reset() }
        guard try findGeneration.step(), let generation = UInt64(exactly: findGeneration.int64(0)) else {
            throw StoreError.damaged("the store has no generation")
        }
        return generation
    }

    public func page(of line: LineID, holding key: EventKey) throws -> Page? {
        if let cache, cache.line == line, let page = cache.pages.first(where: { $0.holds(key) }) { return page }
        guard let page = try storedPage(of: line, holding: key) else { return nil }
        if isInside {
            var pages = cache.flatMap { $0.line == line ? $0.pages : nil } ?? []
            if pages.count == StoreReader.cachedPagesMaximum { pages.removeFirst() }
            pages.append(page)
            cache = (line, pages)
        }
        return page
    }

    private func storedPage(of line: LineID, holding key: EventKey) throws -> Page? {
        defer { findPage.reset() }
        try checkTime()
        return try condition.watch(connection.path) {
            try findPage.bind(1, line.value)
            try findPage.bind(2, key.rawValue)
            guard try findPage.step() else { return nil }
            let id = findPage.int64(PageColumn.id)
            let fence = EventKey(rawValue: findPage.int64(PageColumn.fence))
            let page = try findPage.withBlob(PageColumn.blob.rawValue) {
                try PageCodec.decode($0, id: id, fence: fence)
            }
            // Otherwise a walk along the line would never end.
            guard page.holds(key) else { throw StoreError.damaged("a stored time line has a hole") }
            return page
        }
    }

    public func forEachHour(
        site: UInt32, _ kind: HourKind, _ hours: Range<Hour>, _ body: (UInt32, HourSums) -> Void
    ) throws {
        try findHours.bind(1, Int64(site))
        try findHours.bind(2, Int64(kind.rawValue))
        try findHours.bind(3, hours.lowerBound.number)
        try findHours.bind(4, hours.upperBound.number)
        try forEachRow(findHours) { row in
            let sums = HourSums(row: row)
            try checkUnchanged(sums)
            body(try row.number(HourColumn.entity), sums)
            return true
        }
    }

    public func forEachHour(
        site: UInt32, _ kind: HourKind, of entity: UInt32, _ hours: Range<Hour>, _ body: (HourSums) -> Void
    ) throws {
        try findHoursOfEntity.bind(1, Int64(site))
        try findHoursOfEntity.bind(2, Int64(kind.rawValue))
        try findHoursOfEntity.bind(3, hours.lowerBound.number)
        try findHoursOfEntity.bind(4, hours.upperBound.number)
        try findHoursOfEntity.bind(5, Int64(entity))
        try forEachRow(findHoursOfEntity) { row in
            let sums = HourSums(row: row)
            try checkUnchanged(sums)
            body(sums)
            return true
        }
    }

    public func forEachActiveHour(
        site: UInt32, _ kind: HourKind, _ hours: Range<Hour>, _ body: (UInt32, Hour) -> Void
    ) throws {
        // Rows that are left out could not be checked.
        guard lasting?.hasMoved != true else {
            return try forEachHour(site: site, kind, hours) { if $1.isActive { body($0, $1.hour) } }
        }
        try findActiveHours.bind(1, Int64(site))
        try findActiveHours.bind(2, Int64(kind.rawValue))
        try findActiveHours.bind(3, hours.lowerBound.number)
        try findActiveHours.bind(4, hours.upperBound.number)
        try forEachRow(findActiveHours) { row in
            body(try row.number(ActiveHourColumn.entity), Hour(row.int64(ActiveHourColumn.hour)))
            return true
        }
    }

    public func forEachStay(site: UInt32, _ hours: Range<Hour>, _ body: (Stay) -> Void) throws {
        // One may have been taken away.
        try checkUnmoved()
        for scale in Stay.scales {
            try findStays.bind(1, Int64(site))
            try findStays.bind(2, Int64(scale))
            try findStays.bind(3, Stay.firstStart(ofScale: scale, reaching: hours).number)
            try findStays.bind(4, hours.upperBound.number)
            try findStays.bind(5, hours.lowerBound.number)
            try forEachRow(findStays) { row in
                body(try Stay(row: row))
                return true
            }
        }
    }

    public func forEachStationHour(
        site: UInt32, before hour: Hour, _ body: (UInt32, HourSums) -> Bool
    ) throws {
        try checkUnmoved()
        try findStationHours.bind(1, Int64(site))
        try findStationHours.bind(2, hour.number)
        try forEachRow(findStationHours) { body(try $0.number(HourColumn.entity), HourSums(row: $0)) }
    }

    public func forEachHealthHour(
        site: UInt32, _ hours: Range<Hour>, _ body: (UInt32, HealthSums) -> Void
    ) throws {
        try checkUnmoved()
        try findHealth.bind(1, Int64(site))
        try findHealth.bind(2, hours.lowerBound.number)
        try findHealth.bind(3, hours.upperBound.number)
        try forEachRow(findHealth) { row in
            body(try row.number(HealthColumn.source), try HealthSums(row: row))
            return true
        }
    }
}

extension Origin {
    init(row: Statement) throws(StoreError) {
        self.init(
            station: try row.number(OriginColumn.station), camera: try row.number(OriginColumn.camera),
            modelVersion: try row.number(OriginColumn.modelVersion))
    }
}

extension HourSums {
    init(row: Statement) {
        self.init(hour: Hour(row.int64(HourColumn.hour)))
        working = row.int64(HourColumn.working)
        idle = row.int64(HourColumn.idle)
        absent = row.int64(HourColumn.absent)
        units = row.int64(HourColumn.units)
        changedAt = NewestTime(stored: row.int64(HourColumn.changed))
        newest = NewestTime(stored: row.int64(HourColumn.newest))
        withdrawn = row.int64(HourColumn.withdrawn)
    }
}

extension SiteState {
    init(row: Statement) {
        self.init()
        ledger.received = row.int64(SiteColumn.received)
        ledger.folded = row.int64(SiteColumn.folded)
        ledger.duplicates = row.int64(SiteColumn.duplicates)
        ledger.lowConfidence = row.int64(SiteColumn.lowConfidence)
        ledger.quarantined = row.int64(SiteColumn.quarantined)
        ledger.definitions = row.int64(SiteColumn.definitions)
        parameters.ttl = row.int64(SiteColumn.ttl)
        parameters.hourOffset = row.int64(SiteColumn.anchor)
        let cursor = row.int64(SiteColumn.rederiveCursor)
        rederiveCursor = cursor == SiteState.nothingToRederive ? nil : Int(max(0, cursor))
        bucketFloor = NewestTime(stored: row.int64(SiteColumn.bucketFloor))
        nextOffset = LogOffset(row.int64(SiteColumn.nextOffset))
        newestEvent = NewestTime(stored: row.int64(SiteColumn.newestEvent))
        newestQuarantined = NewestTime(stored: row.int64(SiteColumn.newestQuarantined))
    }

    /// The stored value when no hours are left to rebuild.
    private static let nothingToRederive = Int64.max

    var storedRederiveCursor: Int64 { rederiveCursor.map { Int64($0) } ?? SiteState.nothingToRederive }
}
