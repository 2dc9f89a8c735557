package import EventModel
package import Timeline

/// An alert that was otherwise for a while: now it is as it was at first (SPEC 6.4).
package struct BriefAlert: Sendable {
    /// What it was about after the record that changed it.
    package var alert: HealthAlert
    /// Whether that record opened it; else it closed it.
    package var isOpen: Bool
    /// That record.
    package var offset: LogOffset
}

extension JudgedHour {
    /// Samples of two hours that are looked at one by one: some 10 ms. Beyond, nobody asks what was in between.
    package static let walkedMaximum: Int64 = 200_000

    /// Whether any scope has enough samples to be judged.
    package var canHaveAlerts: Bool { averages.values.contains { $0.isJudged } }

    /// How many averages it holds.
    package var scopeCount: Int { averages.count + before.count }

    /// Whether an alert that is as it was in an earlier state of knowledge may have been otherwise in between. It takes
    /// the sums alone, and assumes the worst order of what came since: true may be wrong, false is not.
    package func mayHaveDiffered(since earlier: JudgedHour) -> Bool {
        Set(averages.keys).union(before.keys).contains { scope in
            let hour = Growth(earlier.averages[scope], averages[scope])
            let before = Growth(earlier.before[scope], self.before[scope])
            guard hour.hasChanged || before.hasChanged else { return false }
            guard hour.isGrowth, before.isGrowth else { return true }
            return hour.mayCrossThreshold || hour.mayCross(before)
        }
    }

    /// Between two states of knowledge samples come in some order; the extremes of the average on the way.
    private struct Growth {
        var old, new: HealthAverage

        init(_ old: HealthAverage?, _ new: HealthAverage?) {
            (self.old, self.new) = (old ?? HealthAverage(), new ?? HealthAverage())
        }

        private static let highest = 1_000_000.0
        /// More than the error of the sums below.
        private static let margin = 1e-3

        var hasChanged: Bool { old != new }
        /// Late winners may also take samples away.
        var isGrowth: Bool { new.samples >= old.samples && new.confidenceSum >= old.confidenceSum }

        /// Where all that came since had no confidence at first.
        private var least: Double {
            new.samples == 0 ? 0 : Double(old.confidenceSum) / Double(new.samples) - Self.margin
        }
        private var most: Double {
            guard old.samples > 0 else { return Self.highest }
            return min(Self.highest, Double(new.confidenceSum) / Double(old.samples)) + Self.margin
        }

        var mayCrossThreshold: Bool {
            let bound = Double(HealthAverage.lowBound)
            return new.isJudged && least < bound && most >= bound
        }

        func mayCross(_ before: Growth) -> Bool {
            let share = Double(HealthAverage.dropTenths) / 10
            return new.isJudged && before.new.isJudged && least < share * before.most && most >= share * before.least
        }
    }
}

extension SiteFold {
    /// The alerts of an hour that are as they were told and were otherwise in between, record by record: of each the last
    /// change to what it is not now.
    ///
    /// - Parameters:
    ///   - judged: the hour as it is now.
    ///   - first: records from here on may not have been told.
    ///   - told: what was last told of an alert, and up to which record; nil: nothing.
    /// - Returns: nothing where there are more samples than ``JudgedHour/walkedMaximum``.
    package func briefAlerts(
        _ judged: JudgedHour, since first: LogOffset, _ view: KnowledgeView, _ reader: any ProjectionReader,
        told: (HealthAlert) -> (isOpen: Bool, offset: LogOffset)?
    ) throws -> [BriefAlert] {
        let all = judged.alert(.suddenDrop, .site)
        guard all.average.samples + (all.before?.samples ?? 0) <= JudgedHour.walkedMaximum else { return [] }
        var walk = AlertWalk(AlertSearch(site: self, view: view, reader: reader), judged)
        try walk.read(since: first)
        walk.run()
        return walk.brief(told)
    }
}

/// Goes through the samples of an hour and of the hour before in the order of their records.
private struct AlertWalk {
    private struct Sample {
        var offset: LogOffset
        var scope: AlertSearch.Scope
        var isBefore: Bool
        var confidence: Int64
    }

    private struct Key: Hashable {
        var kind: HealthAlert.Kind
        var scope: AlertSearch.Scope
    }

    /// What one scope has: at first without the samples that are to come.
    private struct Averages {
        var hour = HealthAverage()
        var before = HealthAverage()
    }

    private let search: AlertSearch
    private let judged: JudgedHour
    private var samples: [Sample] = []
    private var averages: [AlertSearch.Scope: Averages] = [:]
    private var isOpen: [Key: Bool] = [:]
    private var changes: [Key: [BriefAlert]] = [:]
    /// Changes of one alert that are kept: the last ones.
    private static let changesMaximum = 4

    init(_ search: AlertSearch, _ judged: JudgedHour) { (self.search, self.judged) = (search, judged) }

    mutating func read(since first: LogOffset) throws {
        let site = search.site
        let hours = judged.start - Microseconds.hour..<judged.start + Microseconds.hour
        for worker in 0..<UInt32(site.workers.count) {
            for eventClass in [EventClass.accepted, .lowConfidence] {
                try site.forEachEntry(of: worker, eventClass, in: hours, search.view, search.reader) { entry in
                    guard entry.offset >= first else { return }
                    let origin = site.origin(entry.origin)
                    samples.append(
                        Sample(
                            offset: entry.offset,
                            scope: origin.camera == 0 ? .workstation(origin.station) : .camera(origin.camera),
                            isBefore: entry.time < judged.start, confidence: entry.confidence))
                }
            }
        }
        samples.sort { $0.offset < $1.offset }
        for scope in Set(samples.map(\.scope)).union([.site]) {
            let now = judged.alert(.suddenDrop, search.name(scope))
            averages[scope] = Averages(hour: now.average, before: now.before ?? HealthAverage())
        }
        for sample in samples { change(sample) { $0.remove($1) } }
        for scope in averages.keys {
            for kind in HealthAlert.Kind.allCases { isOpen[Key(kind: kind, scope: scope)] = isOpen(kind, scope) }
        }
    }

    private mutating func change(_ sample: Sample, _ body: (inout HealthAverage, HealthAverage) -> Void) {
        var one = HealthAverage()
        one.add(confidence: sample.confidence, isBelowThreshold: false)
        for scope in [sample.scope, .site] {
            if sample.isBefore {
                body(&averages[scope, default: Averages()].before, one)
            } else {
                body(&averages[scope, default: Averages()].hour, one)
            }
        }
    }

    private func isOpen(_ kind: HealthAlert.Kind, _ scope: AlertSearch.Scope) -> Bool {
        let averages = averages[scope] ?? Averages()
        return JudgedHour.isOpen(kind, averages.hour, averages.before)
    }

    mutating func run() {
        var rest = samples[...]
        while let offset = rest.first?.offset {
            let record = rest.prefix { $0.offset == offset }
            rest = rest.dropFirst(record.count)
            for sample in record { change(sample) { $0.add($1) } }
            for scope in Set(record.map(\.scope)).union([.site]) { judge(scope, offset) }
        }
    }

    private mutating func judge(_ scope: AlertSearch.Scope, _ offset: LogOffset) {
        for kind in HealthAlert.Kind.allCases {
            let key = Key(kind: kind, scope: scope)
            let isOpen = isOpen(kind, scope)
            guard self.isOpen[key] != isOpen else { continue }
            self.isOpen[key] = isOpen
            let averages = averages[scope] ?? Averages()
            let alert = HealthAlert(
                kind: kind, scope: search.name(scope), hour: judged.start, average: averages.hour,
                before: kind == .suddenDrop ? averages.before : nil, isCurrent: false)
            changes[key, default: []].append(BriefAlert(alert: alert, isOpen: isOpen, offset: offset))
            if changes[key]?.count ?? 0 > Self.changesMaximum { changes[key]?.removeFirst() }
        }
    }

    func brief(_ told: (HealthAlert) -> (isOpen: Bool, offset: LogOffset)?) -> [BriefAlert] {
        changes.values.compactMap { changes in
            guard let last = changes.last else { return nil }
            let known = told(last.alert)
            // Where it is otherwise now, that is told anyway.
            guard last.isOpen == (known?.isOpen ?? false) else { return nil }
            return changes.last { change in
                change.isOpen != last.isOpen && known.map { change.offset > $0.offset } ?? true
            }
        }
        .sorted { $0.offset != $1.offset ? $0.offset < $1.offset : $0.alert.precedes($1.alert) }
    }
}
