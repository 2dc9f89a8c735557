internal import EventModel
package import Timeline

/// An hour in which the model's confidence was low, or fell (SPEC 6.4).
package struct HealthAlert: Equatable, Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        /// The hour's average is below 0.75.
        case lowAverage = "low_average"
        /// It is below nine tenths of that of the hour before.
        case suddenDrop = "sudden_drop"
    }

    /// Whose samples these are.
    package enum Scope: Hashable, Sendable {
        case site
        case camera(ArraySlice<UInt8>)
        /// Samples that name no camera.
        case workstation(ArraySlice<UInt8>)

        /// `site`, `camera:ID` or `workstation:ID`, as UTF-8.
        package var id: ArraySlice<UInt8> {
            switch self {
            case .site: Array("site".utf8)[...]
            case .camera(let id): (Array("camera:".utf8) + id)[...]
            case .workstation(let id): (Array("workstation:".utf8) + id)[...]
            }
        }
    }

    package var kind: Kind
    package var scope: Scope
    /// Begin of the UTC hour, in microseconds.
    package var hour: Int64
    package var average: HealthAverage
    /// Of the hour before; nil for a low average.
    package var before: HealthAverage?
    /// Whether the hour is the newest of its scope with enough samples.
    package var isCurrent: Bool

    /// Fewer samples in an hour say nothing.
    package static let samplesMinimum: Int64 = 30
    /// Most alerts of an answer.
    package static let rowsMaximum = 100_000

    package static let figures: [Figure<HealthAlert>] = [
        Figure("kind", .text, "alert") { .text($0.kind.rawValue) },
        Figure("scope", .text, "of") { .id($0.scope.id) },
        Figure("hour", .time, "hour") { .time($0.hour) },
        Figure("average", .confidence, "average") { .decimal(orNone: $0.average.average) },
        Figure("reference", .confidence, "reference") { .decimal(orNone: $0.reference) },
        Figure("samples", .count, "samples") { .integer($0.average.samples) },
        Figure("severity", .text, "severity") { .text($0.severity) },
        Figure("message", .text, "message") { .text($0.message) },
    ]

    /// What the average is compared with: 0.75, or the average of the hour before.
    private var reference: FixedPoint? { before?.average ?? FixedPoint(scaled: 7500, decimals: 4) }

    /// As SPEC 6.2 calls such an average.
    package var severity: String { average.isLow ? "critical" : "warning" }

    /// One sentence for people.
    package var message: String {
        let text = average.average?.text ?? "-"
        let reference = reference?.text ?? "-"
        guard before == nil else {
            return "Average confidence \(text) is below 0.9 times that of the hour before, \(reference)."
        }
        // Rounded, they may look the same.
        return "Average confidence \(text) is \(text == reference ? "just " : "")below \(reference)."
    }
}

extension HealthAverage {
    /// Whether there are enough samples to judge by (SPEC 6.4).
    var isJudged: Bool { samples >= HealthAlert.samplesMinimum }

    /// Below it an average is low, in parts per million.
    static let lowBound: Int64 = 750_000

    /// Below so many tenths of the average before it one has dropped.
    static let dropTenths: Int64 = 9

    /// Whether the exact average is below 0.75.
    var isLow: Bool { Int128(confidenceSum) < Int128(Self.lowBound) * Int128(samples) }

    /// Whether the exact average is below nine tenths of another one.
    func hasDropped(from before: HealthAverage) -> Bool {
        10 * Int128(confidenceSum) * Int128(before.samples)
            < Int128(Self.dropTenths) * Int128(before.confidenceSum) * Int128(samples)
    }
}

extension SiteFold {
    /// The alerts whose hour begins in [from, to), newest hour first; of one hour the site's, then those of cameras, then
    /// those of workstations, by id bytes (SPEC 6.4).
    ///
    /// Every hour is judged by all of its visible samples, also where the window ends inside it: so what a question asks
    /// for never changes an alert.
    /// - Returns: nil if there are more than ``HealthAlert/rowsMaximum``.
    package func alerts(
        from: Int64, to: Int64, _ view: KnowledgeView, _ reader: any ProjectionReader
    ) throws -> [HealthAlert]? {
        let first = max(0, from + Microseconds.hour - 1) / Microseconds.hour
        let end = max(first, (max(0, to) + Microseconds.hour - 1) / Microseconds.hour)
        var search = AlertSearch(site: self, view: view, reader: reader)
        guard try search.judge(first..<end) else { return nil }
        try search.supersede(from: end)
        return search.newestFirst
    }
}

/// Goes along the hours that have samples, some at a time, so that memory holds few of them.
struct AlertSearch {
    let site: SiteFold
    let view: KnowledgeView
    let reader: any ProjectionReader

    /// Whose samples these are, by number.
    enum Scope: Hashable {
        case site
        /// As in origins: from 1.
        case camera(UInt32)
        case workstation(UInt32)
    }

    private struct Found {
        var kind: HealthAlert.Kind
        var scope: Scope
        var hour: Int64
        var average: HealthAverage
        var before: HealthAverage?
    }

    private var found: [Found] = []
    /// The newest hour with enough samples of each scope that has an alert.
    private var newest: [Scope: Int64] = [:]

    init(site: SiteFold, view: KnowledgeView, reader: any ProjectionReader) {
        (self.site, self.view, self.reader) = (site, view, reader)
    }

    /// Hours whose sums are in memory at once: a month.
    private static let hoursAtOnce = 744
    /// Where to look for newer hours first; then twice as many, and so on.
    static let hoursAhead: Int64 = 48

    /// Judges the hours in a range.
    /// - Returns: false if there are more alerts than an answer may have.
    mutating func judge(_ hours: Range<Int64>) throws -> Bool {
        // The hour before the first one is what that one may have dropped from.
        var last: (hour: Int64, sums: [Scope: HealthAverage])?
        try forEachHour(max(0, hours.lowerBound - 1)..<hours.upperBound) { hour, sums in
            let before = last?.hour == hour - 1 ? last?.sums ?? [:] : [:]
            last = (hour, sums)
            guard hour >= hours.lowerBound else { return true }
            for (scope, average) in sums where average.isJudged {
                newest[scope] = hour
                note(scope, hour, average, before[scope])
            }
            return found.count <= HealthAlert.rowsMaximum
        }
        let alerted = Set(found.map(\.scope))
        newest = newest.filter { alerted.contains($0.key) }
        return found.count <= HealthAlert.rowsMaximum
    }

    private mutating func note(
        _ scope: Scope, _ hour: Int64, _ average: HealthAverage, _ before: HealthAverage?
    ) {
        if average.isLow {
            found.append(Found(kind: .lowAverage, scope: scope, hour: hour, average: average, before: nil))
        }
        if let before, before.isJudged, average.hasDropped(from: before) {
            found.append(Found(kind: .suddenDrop, scope: scope, hour: hour, average: average, before: before))
        }
    }

    /// Looks for newer hours with enough samples of the scopes that have alerts, from an hour on.
    mutating func supersede(from start: Int64) throws {
        guard let newestEvent = try site.newestArrival(view, reader).eventTime else { return }
        let end = newestEvent / Microseconds.hour + 1
        var open = Set(newest.keys)
        var (next, length) = (start, Self.hoursAhead)
        while next < end, !open.isEmpty {
            let reached = min(end, next + length)
            try forEachHour(next..<reached) { hour, sums in
                for (scope, average) in sums where average.isJudged && open.contains(scope) {
                    open.remove(scope)
                    newest[scope] = hour
                }
                return !open.isEmpty
            }
            (next, length) = (reached, length * 2)
        }
    }

    /// Calls `body` with the visible samples of every hour that has any, in order, until it returns false.
    func forEachHour(
        _ hours: Range<Int64>, _ body: (_ hour: Int64, _ sums: [Scope: HealthAverage]) -> Bool
    ) throws {
        guard !hours.isEmpty else { return }
        // Every visible sample is in an hour that has a row.
        var rows: Set<Int64> = []
        try site.forEachHealthHour(Hour(hours.lowerBound)..<Hour(hours.upperBound), reader) { _, row in
            rows.insert(row.hour.number)
        }
        let ordered = rows.sorted()
        for start in stride(from: 0, to: ordered.count, by: Self.hoursAtOnce) {
            let some = ordered[start..<min(ordered.count, start + Self.hoursAtOnce)]
            let windows = some.map {
                Window(from: $0 * Microseconds.hour, end: ($0 + 1) * Microseconds.hour)
            }
            let sums: [[UInt32: HealthAverage]] = try site.health(windows: windows, view, reader)
            for (hour, origins) in zip(some, sums) where !origins.isEmpty {
                guard body(hour, scopes(origins)) else { return }
            }
        }
    }

    private func scopes(_ origins: [UInt32: HealthAverage]) -> [Scope: HealthAverage] {
        var scopes: [Scope: HealthAverage] = [:]
        for (number, average) in origins {
            let origin = site.origin(number)
            let scope = origin.camera == 0 ? Scope.workstation(origin.station) : .camera(origin.camera)
            scopes[scope, default: HealthAverage()].add(average)
            scopes[.site, default: HealthAverage()].add(average)
        }
        return scopes
    }

    var newestFirst: [HealthAlert] {
        found.map { alert in
            HealthAlert(
                kind: alert.kind, scope: name(alert.scope), hour: alert.hour * Microseconds.hour,
                average: alert.average, before: alert.before, isCurrent: newest[alert.scope] == alert.hour)
        }
        .sorted { $0.precedes($1) }
    }

    func name(_ scope: Scope) -> HealthAlert.Scope {
        switch scope {
        case .site: .site
        case .camera(let number): .camera(site.names[number - 1])
        case .workstation(let number): .workstation(site.stations[number])
        }
    }
}

extension HealthAlert {
    /// Newest hour first; then the site, cameras and workstations by id bytes; then by kind.
    func precedes(_ other: HealthAlert) -> Bool {
        if hour != other.hour { return hour > other.hour }
        if scope.rank != other.scope.rank { return scope.rank < other.scope.rank }
        if scope.id != other.scope.id { return scope.id.lexicographicallyPrecedes(other.scope.id) }
        return kind == .lowAverage && other.kind == .suddenDrop
    }
}

extension HealthAlert.Scope {
    fileprivate var rank: Int {
        switch self {
        case .site: 0
        case .camera: 1
        case .workstation: 2
        }
    }
}
