internal import Clocks
internal import EventModel
internal import Figures
internal import HTTPServer
internal import Locks
internal import Observability
internal import Projector
internal import Timeline

/// What is asked about every site at once (SPEC 5.11): a window that each site reads by its own clocks.
struct SitesQuestion: Sendable {
    let parameters: QueryParameters

    /// Query parameters that name the window.
    static let window: [HTTPQueryParameter] = ["from", "to", "period", "known_at", "within"]

    /// - Throws: ``Problem``, 400.
    init(_ query: [(name: String, value: String)]) throws {
        let names = Set(SitesQuestion.window.map(\.name))
        // No partition: the answer comes from several.
        parameters = try QueryParameters(
            query.filter { names.contains($0.name) }, of: .factory, partition: PartitionIndex(0))
    }
}

/// What one site has to say.
enum SiteStanding: Equatable, Sendable {
    case answered(Found)
    /// Why it does not answer. `parameter` is the wrong one where the question makes no sense for this site.
    case refused(SiteID, reason: String, parameter: String? = nil)

    struct Found: Equatable, Sendable {
        var site: SiteID
        var factory: FactoryFigures
        var from: Timestamp?
        var end: Timestamp
        var newest: NewestArrival
        var freshness: FigureValue
        var alerts: Int
        /// The offset after the site's last folded record.
        var nextOffset: LogOffset
        var isSettled: Bool
    }

    var site: SiteID {
        switch self {
        case .answered(let found): found.site
        case .refused(let site, _, _): site
        }
    }
}

extension QueryService {
    /// The partition of a site's records.
    func partition(of site: SiteID) -> PartitionIndex { parts.projections.partition(of: site) }

    /// Time that only goes forward.
    var uptime: MonotonicTime { parts.clock.uptime }

    /// Whether this process holds a partition.
    func holds(_ partition: PartitionIndex) -> Bool { parts.projections.projections(of: partition) != nil }

    /// The sites' figures, in their order; nil where the partition is not held here.
    /// - Parameter deadline: sites that it leaves no time for say so.
    func standings(
        of sites: [SiteID], in partition: PartitionIndex, _ question: SitesQuestion, _ alerts: AlertCounts,
        until deadline: MonotonicTime
    ) -> [SiteStanding]? {
        guard let projections = parts.projections.projections(of: partition) else { return nil }
        return sites.map { site in
            guard parts.clock.uptime < deadline else {
                return .refused(site, reason: "there are more sites than can be answered in time")
            }
            return standing(of: site, projections, question, alerts)
        }
    }

    private func standing(
        of site: SiteID, _ projections: any Projections, _ question: SitesQuestion, _ alerts: AlertCounts
    ) -> SiteStanding {
        do {
            let clock = parts.answerClock()
            guard let snapshot = try projections.snapshot(of: site) else {
                return .refused(site, reason: "the site's definition is not folded yet")
            }
            defer { snapshot.close() }
            let asked = try Question(
                .factory, question.parameters, snapshot, clock: parts.clock.now, zones: zones, registered: nil,
                remembered: remembered(snapshot, projections.partition, clock))
            return .answered(try figures(asked, projections.partition, clock, alerts))
        } catch let problem as Problem {
            let parameter = problem.extensions.first { $0.name == "parameter" }
            guard case .string(let name)? = parameter?.value else {
                return .refused(site, reason: problem.detail ?? problem.title)
            }
            return .refused(site, reason: problem.detail ?? problem.title, parameter: name)
        } catch let error as TimelineError where error.code == .tooLong {
            return .refused(site, reason: error.message)
        } catch let error as ProjectorError where error.isRetriable {
            return .refused(site, reason: error.description)
        } catch {
            parts.journal.record(.questionFailed(SitesService.path, site, error.forOperator))
            return .refused(site, reason: "the projections cannot be read at the moment")
        }
    }

    private func figures(
        _ question: Question, _ partition: PartitionIndex, _ clock: AnswerClock, _ alerts: AlertCounts
    ) throws -> SiteStanding.Found {
        let isSettled = isSettled(question, in: partition, by: clock)
        if isSettled, let knownAt = question.knownWholly { question.snapshot.goesOn(knownAt: knownAt) }
        let newest = try question.site.newestArrival(question.view, question.reader)
        return SiteStanding.Found(
            site: question.site.siteID, factory: try question.factoryFigures(), from: question.from,
            end: Timestamp(microseconds: question.window.end), newest: newest,
            freshness: newest.age(at: question.clock), alerts: try alerts.count(question),
            nextOffset: question.site.nextOffset, isSettled: isSettled)
    }
}

/// The alerts of recently asked sites: they change only when a record of the site comes in.
final class AlertCounts: Sendable {
    private struct Entry: Sendable {
        var nextOffset: LogOffset
        var count: Int
    }

    private let known = Guarded<[SiteID: Entry]>([:])
    /// At this size the cache is emptied and filled again.
    private static let sitesMaximum = SitesService.sitesMaximum

    /// Alerts that are open and current in what the question knows.
    func count(_ question: Question) throws -> Int {
        guard question.knownAt == nil else {
            return try question.site.currentAlertCount(question.view, question.reader)
        }
        let (site, nextOffset) = (question.site.siteID, question.site.nextOffset)
        if let entry = known.withLock({ $0[site] }), entry.nextOffset == nextOffset { return entry.count }
        let count = try question.site.currentAlertCount(question.view, question.reader)
        known.withLock { known in
            if known.count >= AlertCounts.sitesMaximum { known.removeAll() }
            known[site] = Entry(nextOffset: nextOffset, count: count)
        }
        return count
    }
}
