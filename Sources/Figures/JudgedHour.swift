internal import EventModel
package import Timeline

/// One UTC hour of model health as alerts see it: every scope that has samples, beside the hour before (SPEC 6.4).
///
/// For whoever follows the alerts of one hour, open ones and those that are open no longer.
package struct JudgedHour: Sendable {
    /// Its begin, in microseconds.
    package let start: Int64
    fileprivate(set) var averages: [HealthAlert.Scope: HealthAverage] = [:]
    fileprivate(set) var before: [HealthAlert.Scope: HealthAverage] = [:]

    fileprivate init(start: Int64) { self.start = start }

    /// The alerts whose condition holds: the site's, then those of cameras, then those of workstations, by id bytes.
    package var open: [HealthAlert] {
        averages.keys.flatMap { scope in HealthAlert.Kind.allCases.map { alert($0, scope) } }
            .filter(isOpen).sorted { $0.precedes($1) }
    }

    /// What an alert would say, whether or not its condition holds.
    package func alert(_ kind: HealthAlert.Kind, _ scope: HealthAlert.Scope) -> HealthAlert {
        HealthAlert(
            kind: kind, scope: scope, hour: start, average: averages[scope] ?? HealthAverage(),
            before: kind == .suddenDrop ? before[scope] ?? HealthAverage() : nil, isCurrent: false)
    }

    /// Whether the condition of an alert of this hour holds.
    package func isOpen(_ alert: HealthAlert) -> Bool {
        Self.isOpen(alert.kind, alert.average, alert.before ?? HealthAverage())
    }

    /// Whether the condition of an alert holds for an hour and the one before.
    static func isOpen(_ kind: HealthAlert.Kind, _ hour: HealthAverage, _ before: HealthAverage) -> Bool {
        guard hour.isJudged else { return false }
        return switch kind {
        case .lowAverage: hour.isLow
        case .suddenDrop: before.isJudged && hour.hasDropped(from: before)
        }
    }
}

extension SiteFold {
    /// Judges one UTC hour by all of its visible samples.
    /// - Parameter start: the hour's begin, in microseconds.
    package func judgedHour(
        _ start: Int64, _ view: KnowledgeView, _ reader: any ProjectionReader
    ) throws -> JudgedHour {
        let hour = start / Microseconds.hour
        let search = AlertSearch(site: self, view: view, reader: reader)
        var judged = JudgedHour(start: start)
        try search.forEachHour(max(0, hour - 1)..<hour + 1) { found, sums in
            for (scope, average) in sums {
                if found == hour {
                    judged.averages[search.name(scope)] = average
                } else {
                    judged.before[search.name(scope)] = average
                }
            }
            return true
        }
        return judged
    }
}
