internal import EventModel
package import Timeline

extension SiteFold {
    /// How many alerts are open and current: of the newest hour of each scope that has enough samples, whenever that was
    /// (SPEC 5.11, 6.4).
    package func currentAlertCount(_ view: KnowledgeView, _ reader: any ProjectionReader) throws -> Int {
        guard let newest = try newestArrival(view, reader).eventTime else { return 0 }
        return try AlertSearch(site: self, view: view, reader: reader)
            .currentCount(before: newest / Microseconds.hour + 1)
    }

    /// Every scope that samples may have; some may have none.
    fileprivate var alertScopes: Set<AlertSearch.Scope> {
        var scopes: Set<AlertSearch.Scope> = [.site]
        for number in 0..<UInt32(origins.count) { scopes.insert(AlertSearch.Scope(origin(number))) }
        return scopes
    }
}

extension AlertSearch.Scope {
    init(_ origin: Origin) { self = origin.camera == 0 ? .workstation(origin.station) : .camera(origin.camera) }
}

extension AlertSearch {
    /// Goes back from an hour, in longer and longer steps, until the newest judged hour of every scope is found. A scope
    /// that never had enough samples costs a look at all hours.
    fileprivate func currentCount(before end: Int64) throws -> Int {
        var open = site.alertScopes
        var count = 0
        var (reached, length) = (end, Self.hoursAhead)
        while reached > 0, !open.isEmpty {
            let first = max(0, reached - length)
            for (scope, alerts) in try lastJudged(of: open, in: first..<reached) {
                open.remove(scope)
                count += alerts
            }
            (reached, length) = (first, length * 2)
        }
        return count
    }

    /// The number of alerts of the newest judged hour of each scope that has one in a range of hours.
    private func lastJudged(of scopes: Set<Scope>, in hours: Range<Int64>) throws -> [Scope: Int] {
        var found: [Scope: Int] = [:]
        var last: (hour: Int64, sums: [Scope: HealthAverage])?
        // The hour before the first one is what that one may have dropped from.
        try forEachHour(max(0, hours.lowerBound - 1)..<hours.upperBound) { hour, sums in
            let before = last?.hour == hour - 1 ? last?.sums ?? [:] : [:]
            last = (hour, sums)
            guard hour >= hours.lowerBound else { return true }
            for (scope, average) in sums where average.isJudged && scopes.contains(scope) {
                let hasDropped = before[scope].map { $0.isJudged && average.hasDropped(from: $0) } ?? false
                found[scope] = (average.isLow ? 1 : 0) + (hasDropped ? 1 : 0)
            }
            return true
        }
        return found
    }
}
