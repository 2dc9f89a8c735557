internal import EventModel
internal import Figures

extension Sheet {
    /// The alerts of a UTC hour: those that are open, and those that were published as open and are not (SPEC 6.4).
    mutating func addAlerts() throws {
        var states = try parts.published.states(hour.site, hour.start, .alert)
        isNews = try parts.published.isNews(hour)
        let judged = try site.judgedHour(hour.start, view, snapshot.reader)
        for alert in judged.open {
            let content = AlertContent(open: alert)
            add(.alert, content.entity, .alert(content), &states)
        }
        for entity in states.keys.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            guard let content = AlertContent(MetricKey.entity(entity, of: .alert), in: judged) else { continue }
            add(.alert, content.entity, .alert(content), &states)
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
