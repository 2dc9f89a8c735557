internal import EventLog
internal import EventModel
internal import Figures
internal import ProjectionStore
internal import Projector
internal import Timeline

/// Computes all figures of one hour of a site and decides which records to send.
struct HourSheet {
    let partition: PartitionIndex
    let epoch: String
    let configuration: PublisherConfiguration
    let zones: ZoneCache
    let published: PublishedStore
    let alerts = AlertMemory()

    /// The records of an hour, and whether it is done once they are delivered.
    struct Outcome {
        var records: [MetricRecord] = []
        var isComplete = true
        /// Starts of instances of shifts whose figures depend on the hour.
        var shifts: [Int64] = []
    }

    /// - Parameters:
    ///   - origin: asked only where an hour is due because of other projections.
    ///   - now: the clock, in microseconds.
    func outcome(
        _ hour: DueHour, _ snapshot: ProjectionSnapshot, origin: @autoclosure () -> ProjectionsOrigin, now: Int64
    ) throws -> Outcome {
        let site = snapshot.site
        // While hours are rebuilt, every question derives all of them from events; the feed reports the end.
        guard !site.isRederiving else { return Outcome(isComplete: false) }
        if hour.grid == .shift { return try shifts(hour, snapshot, origin: origin(), now: now) }
        let end = hour.start + Microseconds.hour
        let window = Window(from: hour.start, end: min(end, now))
        guard window.elapsed > 0 else { return Outcome(isComplete: false) }
        var sheet = Sheet(self, hour, snapshot, window, isFinal: now >= end + configuration.grace, now: now)
        sheet.cause = RestatementCause(hour.causes, origin())
        switch hour.grid {
        case .site:
            if site.parameters.isHourStart(hour.start) { try sheet.addTimes() } else { try sheet.addRemovals() }
            sheet.outcome.shifts = rules(of: site).starts(dependingOn: hour.start..<end)
        case .utc:
            try sheet.addHealth()
            try sheet.addAlerts()
        case .shift: break
        }
        return sheet.outcome
    }
}

/// One hour, or the instances of shifts that start at one instant, while it is computed.
struct Sheet {
    let parts: HourSheet
    let hour: DueHour
    let snapshot: ProjectionSnapshot
    let window: Window
    let view: KnowledgeView
    let situation: PublishDecision.Situation
    /// Why figures that were final differ now.
    var cause: RestatementCause?
    /// Whether targets are told of its alerts.
    var isNews = false
    var outcome = HourSheet.Outcome()

    init(
        _ parts: HourSheet, _ hour: DueHour, _ snapshot: ProjectionSnapshot, _ window: Window, isFinal: Bool, now: Int64
    ) {
        self.parts = parts
        self.hour = hour
        self.snapshot = snapshot
        self.window = window
        view = snapshot.site.view(knownAt: nil)
        situation = PublishDecision.Situation(
            epoch: parts.epoch, next: snapshot.progress.nextOffset, fold: ProjectionStore.foldVersion,
            isFinal: isFinal, now: now, pace: parts.configuration.round)
    }

    var site: SiteFold { snapshot.site }

    /// Workers, stations and the factory.
    mutating func addTimes() throws {
        let figures = try site.figures(window, view, [.workers, .stations, .statuses, .factory], snapshot.reader)
        var states = try parts.published.states(hour.site, hour.start, .worker)
        for (number, sums) in figures.workers.enumerated() {
            let content = MetricContent.worker(sums, WorkerPresence(figures.statuses[number], at: site))
            add(.worker, [Array(site.workers[UInt32(number)])], content, &states)
        }
        addVanished(.worker, states)

        states = try parts.published.states(hour.site, hour.start, .workstation)
        let present = site.presentWorkers(figures.statuses)
        for (number, sums) in figures.stations.enumerated() {
            let content = MetricContent.workstation(sums, WorkstationPresence(workers: present[number]))
            add(.workstation, [Array(site.stations[UInt32(number)])], content, &states)
        }
        addVanished(.workstation, states)

        states = try parts.published.states(hour.site, hour.start, .factory)
        let rules = parts.rules(of: site)
        add(.factory, [], .factory(FactoryFigures(figures.factory, over: window, rules.settings, rules.zone)), &states)
    }

    mutating func addHealth() throws {
        var states = try parts.published.states(hour.site, hour.start, .modelHealth)
        for (number, health) in try site.health(window, view, snapshot.reader) {
            let source = site.source(number)
            let entity = [source.workstation, source.camera ?? [], source.modelVersion ?? []].map { Array($0) }
            add(.modelHealth, entity, .modelHealth(health), &states)
        }
        addVanished(.modelHealth, states)
    }

    /// Decides about one entity; removes its state from `states`.
    mutating func add(
        _ kind: MetricKind, _ entity: [[UInt8]], _ content: MetricContent, _ states: inout [[UInt8]: PublishedState]
    ) {
        // Most ids of a large site have nothing in an hour.
        if content.isNothing, states.isEmpty { return }
        let previous = states.removeValue(forKey: MetricKey.entityBytes(entity))
        let decision =
            kind == .alert
            ? PublishDecision(alert: previous, content.figures, isOpen: !content.isNothing, situation)
            : PublishDecision(previous, content.figures, isNothing: content.isNothing, situation)
        switch decision {
        case .leave: break
        case .later, .behind: outcome.isComplete = false
        case .send(let status):
            outcome.records.append(record(kind, entity, content, status, previous))
        }
    }

    /// Entities that were published but no longer have figures.
    private mutating func addVanished(_ kind: MetricKind, _ states: [[UInt8]: PublishedState]) {
        guard let content = MetricContent.nothing(kind) else { return }
        var states = states
        for entity in states.keys.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            add(kind, MetricKey.entity(entity, of: kind), content, &states)
        }
    }

    /// Removes an hour that the site no longer has.
    mutating func addRemovals() throws {
        for kind in HourGrid.site.kinds { remove(kind, try parts.published.states(hour.site, hour.start, kind)) }
    }

    /// Removes what the site no longer has.
    mutating func remove(_ kind: MetricKind, _ states: [[UInt8]: PublishedState]) {
        for (entity, state) in states {
            if state.fold > situation.fold { continue }
            if state.epoch == situation.epoch, state.offset >= situation.next {
                outcome.isComplete = false
                continue
            }
            outcome.records.append(record(kind, MetricKey.entity(entity, of: kind), nil, state.status, state))
        }
    }

    func record(
        _ kind: MetricKind, _ entity: [[UInt8]], _ content: MetricContent?, _ status: MetricStatus,
        _ previous: PublishedState?
    ) -> MetricRecord {
        let offset = LogOffset(situation.next.value - 1)
        return MetricRecord(
            kind: kind, key: MetricKey(site: hour.site, entity: entity, hourStart: hour.start), content: content,
            status: status,
            revision: MetricRevision(epoch: parts.epoch, partition: parts.partition, offset: offset),
            asOf: window.end, definition: view.definition.map { Int64($0) + 1 }, fold: situation.fold,
            cause: status == .restated ? cause : nil, previous: previous, isNews: isNews)
    }
}
