internal import EventLog
internal import EventModel
internal import ProjectionStore
internal import Timeline

/// From the changes of commits to the hours that are due.
extension PublishedStore {
    /// Makes due every hour that commits changed since the last call, and every hour that became final.
    /// - Returns: the first record that is in none of these hours.
    func noteChanges(
        _ source: any FigureSource, _ configuration: PublisherConfiguration, now: Int64
    ) throws -> LogOffset {
        let storeID = try meta("store_id")
        // 0: nothing is known of what was published before, so nothing about why it differs either.
        let moved: DueCauses = storeID == 0 ? [] : .projections
        let changes = try source.changes(since: UInt64(try meta("generation")), of: storeID)
        var sites: [UInt32: FeedSite] = [:]
        for site in changes.sites { sites[site.number] = site }
        try transaction {
            let isOther = changes.storeID != storeID
            if isOther {
                try forgetFinished(moved)
                try setMeta("store_id", changes.storeID)
                // Of alerts of hours before, targets were told: from another store, or by another publisher.
                try setMeta("told_until", try publishedUntil() ?? now - configuration.grace)
                try setAlertsTold(to: nil)
            }
            let causes = isOther ? moved : .events
            // What was published may be of hours that this store does not have.
            var onward: [UInt32: Onward] = isOther ? sites.mapValues { _ in .always } : [:]
            var changed: [UInt32: [Range<Hour>]] = [:]
            for change in changes.hours {
                guard let site = sites[change.site] else { continue }
                switch (change.kind, change.hour) {
                case (.hour, let hour?), (.stay, let hour?):
                    changed[change.site, default: []].append(hour..<max(hour, change.end))
                case (.health, let hour?):
                    // An alert of the next hour compares with this one.
                    for hour in [hour, hour.next] {
                        try addDue(site.siteID, .utc, FoldParameters.utc.start(of: hour), causes)
                    }
                case (.open, let hour?): changed[change.site, default: []].append(site.openHours(from: hour, now: now))
                case (.onward, let hour?): onward[change.site] = (onward[change.site] ?? .from(hour)).including(hour)
                case (_, nil): onward[change.site] = .always
                }
            }
            for site in changes.sites { try addChanged(site, changed[site.number] ?? [], causes) }
            for site in changes.sites {
                let rules: DueCauses = isOther ? moved : .rules
                var steps = FinalSteps(self, source, configuration, site, rules: rules, now: now)
                try steps.take(.site, site.parameters, onward: onward[site.number])
                try steps.take(.utc, .utc, onward: nil)
            }
            try setMeta("generation", Int64(changes.generation))
        }
        return changes.nextOffset
    }

    /// Makes hours due, each once: long intervals overlap in thousands of them.
    private func addChanged(_ site: FeedSite, _ ranges: [Range<Hour>], _ causes: DueCauses) throws {
        var next: Hour?
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            let start = max(range.lowerBound, next ?? range.lowerBound)
            guard start < range.upperBound else { continue }
            for hour in start..<range.upperBound {
                try addDue(site.siteID, .site, site.parameters.start(of: hour), causes)
            }
            next = range.upperBound
        }
    }

    /// Whether targets are to be told of what alerts an hour opens and closes: where events changed it, and where it was
    /// never published before. What a rebuild finds in the past is no news.
    func isNews(_ hour: DueHour) throws -> Bool {
        if hour.causes.contains(.events) { return true }
        return hour.start + Microseconds.hour > (try meta("told_until"))
    }

    /// The first record by which alerts may have changed without being told; nil: unknown.
    func alertsToldTo() throws -> LogOffset? {
        // One more than the offset: a number that is not there is 0.
        let count = try meta("alerts_told_to")
        return count > 0 ? LogOffset(count - 1) : nil
    }

    func setAlertsTold(to next: LogOffset?) throws { try setMeta("alerts_told_to", next.map { $0.value + 1 } ?? 0) }

    /// Lets the next ``noteChanges(_:_:now:)`` make everything due.
    func forgetChanges() throws {
        try setMeta("store_id", 0)
        try setMeta("generation", 0)
    }

    /// Binds the file to a log: positions in another one mean nothing.
    func adopt(_ epoch: LogEpoch) throws {
        let number = epoch.bytes.prefix(8).reduce(Int64(0)) { $0 << 8 | Int64($1) }
        guard try meta("log_epoch") != number else { return }
        try transaction {
            try forgetChanges()
            try setQuarantinePlace(LogOffset(-1), 0)
            try setMeta("log_epoch", number)
        }
    }

    /// The last quarantined event that was published.
    func quarantinePlace() throws -> (offset: LogOffset, index: Int) {
        (LogOffset(try meta("quarantine_offset")), Int(try meta("quarantine_index")))
    }

    func setQuarantinePlace(_ offset: LogOffset, _ index: Int) throws {
        try setMeta("quarantine_offset", offset.value)
        try setMeta("quarantine_index", Int64(index))
    }

    /// The next offset to read from a metric topic.
    func nextOffset(_ kind: MetricKind) throws -> Int64 { try meta("next_\(kind.name)") }

    func setNextOffset(_ kind: MetricKind, _ offset: Int64) throws { try setMeta("next_\(kind.name)", offset) }

    /// The offset after everything known to have been in the topic, read or not.
    func end(_ kind: MetricKind) throws -> Int64 { max(try nextOffset(kind), try meta("end_\(kind.name)")) }

    func raiseEnd(_ kind: MetricKind, _ offset: Int64) throws {
        if try end(kind) < offset { try setMeta("end_\(kind.name)", offset) }
    }

    func forgetEnd(_ kind: MetricKind) throws { try setMeta("end_\(kind.name)", 0) }
}

/// The hour of a site from which different rules apply.
private enum Onward: Equatable {
    case from(Hour)
    case always

    func including(_ hour: Hour) -> Onward {
        switch self {
        case .from(let other): .from(min(hour, other))
        case .always: .always
        }
    }
}

/// Makes due, for their final records, the hours of a site whose grace period is over and that were not made due yet.
private struct FinalSteps {
    let published: PublishedStore
    let source: any FigureSource
    let configuration: PublisherConfiguration
    let site: FeedSite
    /// Why hours are due to which other rules apply.
    let rules: DueCauses
    let now: Int64

    init(
        _ published: PublishedStore, _ source: any FigureSource, _ configuration: PublisherConfiguration,
        _ site: FeedSite, rules: DueCauses, now: Int64
    ) {
        self.published = published
        self.source = source
        self.configuration = configuration
        self.site = site
        self.rules = rules
        self.now = now
    }

    /// - Parameters:
    ///   - parameters: where the grid's hours begin.
    ///   - onward: start over from this hour.
    mutating func take(_ grid: HourGrid, _ parameters: FoldParameters, onward: Onward?) throws {
        let earliest = parameters.hour(of: 0).advanced(by: -1)
        var finished = try published.finished(site.siteID, grid)
        var hour = max(earliest, finished.start.map { parameters.hour(of: $0) } ?? earliest)
        switch onward {
        case .from(let first): hour = max(earliest, min(hour, first))
        case .always: hour = earliest
        case nil: break
        }
        let limit = parameters.hour(of: now - configuration.grace)
        if let onward {
            finished.until = max(finished.until, finished.start ?? 0)
            finished.causes.formUnion(rules)
            if onward == .always { try published.addPublished(site.siteID, rules) }
            // Hours that are not final yet.
            for running in max(limit, hour)...max(limit, hour, parameters.hour(of: now)) {
                try published.addDue(site.siteID, grid, parameters.start(of: running))
            }
        }
        let reach = grid == .site ? site.reach : 0
        var row: Hour?
        var count: Int64 = 0
        while hour < limit, count < configuration.hoursPerStepMaximum {
            // If nothing happened for longer than anything can extend, there is nothing to publish.
            let first = hour.advanced(by: -reach)
            if row.map({ $0 < first }) ?? true {
                row = try source.nextHour(grid, of: site.number, from: first)
            }
            guard let row, row < limit else {
                hour = limit
                break
            }
            hour = max(hour, row)
            let start = parameters.start(of: hour)
            try published.addDue(site.siteID, grid, start, finished.causes(at: start))
            hour = hour.next
            count += 1
        }
        let start = parameters.start(of: hour)
        finished.start = start
        if start >= finished.until { finished.causes = [] }
        try published.setFinished(site.siteID, grid, finished)
    }
}

extension FeedSite {
    /// Number of hours after a state event that its state can extend into.
    var reach: Int64 { parameters.ttl / Microseconds.hour + 1 }

    /// The hours of a last interval that starts in `hour`: to the ttl, but not beyond the running hour.
    fileprivate func openHours(from hour: Hour, now: Int64) -> Range<Hour> {
        let last = min(hour.advanced(by: reach), parameters.hour(of: now))
        return hour..<max(hour, last.next)
    }
}
