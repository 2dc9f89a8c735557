internal import EventModel
internal import Figures

extension Sheet {
    /// The alerts of a UTC hour: those that are open, and those that were published as open and are not (SPEC 6.4).
    mutating func addAlerts() throws {
        var states = try parts.published.states(hour.site, hour.start, .alert)
        isNews = try parts.published.isNews(hour)
        let judged = try site.judgedHour(hour.start, view, snapshot.reader)
        let brief = try addBrief(judged, &states)
        for alert in judged.open {
            let content = AlertContent(alert)
            add(.alert, content.entity, .alert(content), &states)
        }
        for entity in states.keys.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            guard let content = AlertContent(MetricKey.entity(entity, of: .alert), in: judged) else { continue }
            add(.alert, content.entity, .alert(content), &states)
        }
        outcome.noteFollowers(of: brief)
        parts.alerts.note(hour, judged, next: situation.next, now: situation.now)
    }

    /// Alerts that were otherwise for less than a round: first what they were, so that what they are is a change again.
    private mutating func addBrief(
        _ judged: JudgedHour, _ states: inout [[UInt8]: PublishedState]
    ) throws -> Set<MetricKey> {
        // What other projections know otherwise has no order in which it happened.
        guard hour.causes.contains(.events), let start = parts.alerts.start(hour, judged, now: situation.now),
            start < situation.next
        else {
            return []
        }
        let known = states.filter { $0.value.epoch == situation.epoch && $0.value.fold <= situation.fold }
        let brief = try site.briefAlerts(judged, since: start, view, snapshot.reader) { alert in
            known[MetricKey.entityBytes(AlertContent(alert).entity)].map { ($0.status == .opened, $0.offset) }
        }
        var keys: Set<MetricKey> = []
        for change in brief {
            let content = AlertContent(change.alert, isOpen: change.isOpen)
            let entity = MetricKey.entityBytes(content.entity)
            // What another log or a newer program has said stays as it is.
            guard states[entity] == nil || known[entity] != nil else { continue }
            var record = self.record(
                .alert, content.entity, .alert(content), change.isOpen ? .opened : .closed, states[entity])
            record.revision.offset = change.offset
            outcome.records.append(record)
            states[entity] = record.state
            keys.insert(record.key)
        }
        return keys
    }
}

extension HourSheet.Outcome {
    /// Marks the second of two records of one alert: targets are told of the first one, too.
    fileprivate mutating func noteFollowers(of keys: Set<MetricKey>) {
        var seen: Set<MetricKey> = []
        for index in records.indices where records[index].kind == .alert && keys.contains(records[index].key) {
            records[index].followsAnother = !seen.insert(records[index].key).inserted
        }
    }
}

extension PublishDecision {
    /// What to do about an alert: it opens and closes, and what an open one says is kept up to date.
    init(alert published: PublishedState?, _ figures: PublishedFigures, isOpen: Bool, _ situation: Situation) {
        guard let published else {
            self = isOpen ? .send(.opened) : .leave
            return
        }
        let isSameLog = published.epoch == situation.epoch
        if published.fold > situation.fold {
            self = .leave
        } else if isSameLog, published.offset >= situation.next {
            self = .behind
        } else if isSameLog, published.figures == figures {
            self = .leave
        } else if isOpen, isSameLog, published.status == .opened,
            abs(situation.now - published.asOf) < situation.pace
        {
            self = .later
        } else {
            // From another log, also where nothing differs: so that its revision refers to this log.
            self = .send(isOpen ? .opened : .closed)
        }
    }
}
