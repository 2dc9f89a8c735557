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
    /// As given in the question, or the site-local day of `now` (SPEC 5.1); nil if a listing has no bound.
    let from: Timestamp?
    let to: Timestamp?
    /// The registry's newest definition: only it has the names of workers (SPEC 3).
    let registered: SiteDefinition?

    var site: SiteFold { snapshot.site }
    var reader: any ProjectionReader { snapshot.reader }

    /// - Throws: ``Problem`` if the window ends before it begins.
    init(
        _ kind: QueryKind, _ parameters: QueryParameters, _ snapshot: ProjectionSnapshot, clock: Timestamp,
        zones: ZoneCache,
        registered: SiteDefinition?
    ) throws {
        self.kind = kind
        self.parameters = parameters
        self.snapshot = snapshot
        self.clock = clock
        self.registered = registered
        view = snapshot.site.view(knownAt: parameters.knownAt)
        settings = snapshot.site.settings(view)
        zone = zones.zone(settings?.timeZone ?? "UTC")
        let now = parameters.knownAt ?? clock
        switch kind {
        case .workers, .workstations, .factory, .explain:
            let day = zone.localDay(of: now)
            from = parameters.from ?? zone.instant(day: day)
            to = parameters.to ?? zone.instant(day: day + 1)
        case .modelHealth:
            to = parameters.to ?? now
            from = parameters.from ?? max((to ?? now) - Microseconds.day, .earliest)
        case .ledger, .events:
            (from, to) = (parameters.from, parameters.to)
        }
        if let from, let to, to < from { throw Problem.windowEndsEarly(from, to) }
    }

    /// `now` of SPEC 5.1.
    var now: Timestamp { parameters.knownAt ?? clock }

    /// [from, E). If E lies before `from`, the window is empty and lies at E, where the last states are read.
    var window: Window {
        let end = min(to ?? now, now).microseconds
        return Window(from: min(from?.microseconds ?? end, end), end: end)
    }

    /// Whether the answer to the same question changes merely because time passes.
    var dependsOnClock: Bool {
        if parameters.knownAt != nil { return false }
        switch kind {
        case .ledger, .events: return false
        case .modelHealth: return (parameters.to ?? .latest) > clock
        default: return (to ?? .latest) > clock
        }
    }

    /// Whether hours are being rebuilt, so that figures are derived from events alone until then (DESIGN 1.7).
    var isRederiving: Bool { site.isRederiving }
}
