internal import EventModel
internal import Figures
internal import HTTPServer
internal import Projector
internal import Timeline

/// A question to one snapshot of a site, with every default filled in.
struct Question {
    let kind: QueryKind
    let parameters: QueryParameters
    let snapshot: ProjectionSnapshot
    let view: KnowledgeView
    let settings: SiteDefinition?
    let zone: SiteZone
    /// The server's clock.
    let clock: Timestamp
    let knownAt: Timestamp?
    /// Of a comparison: the earlier state of knowledge.
    let knownAtA: Timestamp?
    /// As given in the question, or the site-local day of `now` (SPEC 5.1); nil if a listing has no bound.
    let from: Timestamp?
    let to: Timestamp?
    let createdFrom: Timestamp?
    let createdTo: Timestamp?
    /// [from, E), or what of it counts. If E lies before `from`, the window is empty and lies at E, where the last states
    /// are read.
    let window: Window
    /// The registry's newest definition: only it has the names of workers (SPEC 3).
    let registered: PlacedDefinition?
    let zones: ZoneCache
    let remembered: RememberedParts?

    var site: SiteFold { snapshot.site }
    var reader: any ProjectionReader { snapshot.reader }

    /// - Throws: ``Problem`` if the window ends before it begins, or nobody can know yet what is asked for.
    init(
        _ kind: QueryKind, _ parameters: QueryParameters, _ snapshot: ProjectionSnapshot, clock: Timestamp,
        zones: ZoneCache, registered: PlacedDefinition?, remembered: RememberedParts?
    ) throws {
        self.kind = kind
        self.parameters = parameters
        self.snapshot = snapshot
        self.clock = clock
        self.registered = registered
        self.zones = zones
        self.remembered = remembered
        let site = snapshot.site
        // Which definition is visible depends on known_at, so a local one is read by the newest definition.
        let newestZone = zones.zone(site.newestSettings?.timeZone ?? "UTC")
        func known(_ name: String, _ asked: AskedTime?) throws -> Timestamp? {
            guard let time = asked?.resolved(in: newestZone) else { return nil }
            guard time - clock <= QueryParameters.knownAtLeadMaximum else {
                throw Problem.query(name, "lies more than 5 s after the server's clock, \(clock)")
            }
            return time
        }
        let knownAt = try known(kind == .compare ? "known_at_b" : "known_at", parameters.knownAt)
        knownAtA = try known("known_at_a", parameters.knownAtA)
        self.knownAt = knownAt
        view = site.view(knownAt: knownAt)
        settings = try site.settings(view, snapshot.reader)
        zone = zones.zone(settings?.timeZone ?? "UTC")
        createdFrom = parameters.createdFrom?.resolved(in: zone)
        createdTo = parameters.createdTo?.resolved(in: zone)
        if let createdFrom, let createdTo, createdTo < createdFrom {
            throw Problem.query("created_to", "lies before created_from")
        }
        let now = knownAt ?? clock
        let shifts = ShiftCalendar(settings, zone)
        (from, to) = try Question.bounds(kind, parameters, now, zone, shifts)
        if let from, let to, to < from { throw Problem.windowEndsEarly(from, to) }
        let end = min(to ?? now, now).microseconds
        window = try Question.window(
            parameters.within, from: min(from?.microseconds ?? end, end), end: end, shifts)
    }

    /// `baseline_from` and `baseline_to`; nil if they are not given. May end before it begins.
    private var askedBaseline: (lowerBound: Int64, upperBound: Int64)? {
        guard let from = parameters.baselineFrom, let to = parameters.baselineTo else { return nil }
        return (from.resolved(in: zone).microseconds, to.resolved(in: zone).microseconds)
    }

    /// What a drift is measured from: as long as the window and just before it, if nothing else is asked for (SPEC 6.6).
    /// - Throws: ``Problem`` if it ends before it begins.
    func baseline() throws -> Window {
        guard let asked = askedBaseline else {
            return Window(from: max(window.from - (window.end - window.from), 0), end: window.from)
        }
        guard asked.lowerBound <= asked.upperBound else {
            throw Problem.query("baseline_to", "lies before baseline_from")
        }
        return Window(from: asked.lowerBound, end: min(asked.upperBound, now.microseconds))
    }

    /// All that the answer knows was known by then; nil where it knows everything (SPEC 5.8).
    var knownWholly: Timestamp? {
        guard kind == .compare else { return knownAt }
        guard let knownAt, let knownAtA else { return nil }
        return max(knownAt, knownAtA)
    }

    /// `now` of SPEC 5.1.
    var now: Timestamp { knownAt ?? clock }

    /// `from` and `to` with their defaults.
    private static func bounds(
        _ kind: QueryKind, _ parameters: QueryParameters, _ now: Timestamp, _ zone: SiteZone, _ shifts: ShiftCalendar
    ) throws -> (from: Timestamp?, to: Timestamp?) {
        if let period = parameters.period {
            guard let range = period.range(at: now, zone, shifts) else {
                throw Problem.query(
                    "period", shifts.isEmpty ? "the site has no shifts" : "the site had no such shift yet")
            }
            return (Timestamp(microseconds: range.lowerBound), Timestamp(microseconds: range.upperBound))
        }
        let from = parameters.from?.resolved(in: zone)
        let to = parameters.to?.resolved(in: zone)
        switch kind {
        case .workers, .workstations, .factory, .shifts, .handover, .trend, .heatMap, .alerts, .explain,
            .history, .compare:
            let day = zone.localDay(of: now)
            return (from ?? zone.instant(day: day), to ?? zone.instant(day: day + 1))
        case .modelHealth, .drift:
            return (from ?? max((to ?? now) - Microseconds.day, .earliest), to ?? now)
        case .healthTrend:
            let end = to ?? now
            return (max(min(end, now) - Int64(parameters.days) * Microseconds.day, .earliest), end)
        case .healthReport:
            let days = (parameters.week ?? .before(zone.localDay(of: now))).days(zone)
            return (
                days.first.map { Timestamp(microseconds: $0.range.lowerBound) },
                days.last.map { Timestamp(microseconds: $0.range.upperBound) }
            )
        case .ledger, .events, .quarantine, .quarantineStats:
            return (from, to)
        }
    }

    /// Maximum number of shift instances that a window is cut to: more than ten years of a shift a day.
    static let shiftInstancesMaximum = 4000

    private static func window(
        _ within: QueryParameters.Within, from: Int64, end: Int64, _ shifts: ShiftCalendar
    ) throws -> Window {
        let counted: ShiftCalendar
        switch within {
        case .all: return Window(from: from, end: end)
        case .shifts: counted = shifts
        case .shift(let name): counted = shifts.named(name)
        }
        guard !counted.isEmpty else {
            let names = shifts.names
            throw Problem.query(
                "within",
                names.isEmpty
                    ? "the site has no shifts"
                    : "the site has no such shift; it has \(names.joined(separator: ", "))")
        }
        guard let instances = counted.instances(overlapping: from..<end, maximum: shiftInstancesMaximum) else {
            throw Problem.query(
                "within", "the time range holds more than \(shiftInstancesMaximum) shifts: ask for less")
        }
        return Window(from: from, end: end, inside: instances.map(\.range))
    }

    /// Whether the answer to the same question changes merely because time passes, its freshness apart.
    var dependsOnClock: Bool {
        if knownAt != nil { return kind == .compare && knownAtA == nil && (to ?? .latest) > clock }
        if parameters.period != nil { return true }
        switch kind {
        case .ledger, .events, .quarantine, .quarantineStats: return false
        case .modelHealth, .healthTrend: return parameters.to == nil || (to ?? .latest) > clock
        case .drift:
            return parameters.to == nil
                || max(to?.microseconds ?? .max, askedBaseline?.upperBound ?? .min) > clock.microseconds
        case .healthReport: return parameters.week == nil || (to ?? .latest) > clock
        // An instance that meets the window may run on after its end.
        case .shifts: return (to ?? .latest) > clock - 2 * Microseconds.day
        default: return (to ?? .latest) > clock
        }
    }

    /// The span that holds `now` and over which the partition's time was set back (SPEC 2.9); nil where it was not.
    var clockDispute: ClockDisputes.Span? { snapshot.clockDisputes.span(holding: now) }

    /// Whether hours are being rebuilt, so that figures are derived from events alone until then (DESIGN 1.7).
    var isRederiving: Bool { site.isRederiving }
}
