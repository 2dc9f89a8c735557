internal import EventModel
internal import Figures
internal import HTTPServer
internal import JSON

/// What the sites of one partition have to say, on its way from the process that holds it.
struct PartitionStandings {
    /// Items of the answer, with where each site stands.
    private(set) var items: [(site: SiteID, item: JSONValue)] = []
    private(set) var refused: [(site: SiteID, reason: String, parameter: String?)] = []

    static func encode(_ standings: [SiteStanding]) -> [UInt8] {
        var writer = JSONWriter(reservedBytes: 64 + 700 * standings.count)
        writer.object { writer in writer.list("items", standings) { $0.standing($1) } }
        return writer.bytes
    }

    /// nil for what another version of Andon may have written.
    init?(_ body: [UInt8]) {
        guard case .array(let items)? = JSONValue(body)?["items"] else { return nil }
        for item in items {
            guard let text = item["site_id"]?.text else { return nil }
            if let reason = item["reason"]?.text {
                refused.append((SiteID(text), reason, item["parameter"]?.text))
            } else {
                self.items.append((SiteID(text), item))
            }
        }
    }

    /// Members of an item, in the order of the answer.
    static let members =
        ["site_id"] + FactoryFigures.figures.map { "\($0.name)" }
        + ["time_range_start", "time_range_end", "newest_event_time", "freshness_seconds", "alerts"]
}

extension JSONWriter {
    fileprivate mutating func standing(_ standing: SiteStanding) {
        member("site_id", id: standing.site.bytes[...])
        switch standing {
        case .refused(_, let reason, let parameter):
            member("reason", reason)
            key("parameter")
            string(orNull: parameter)
        case .answered(let site):
            figures(FactoryFigures.figures, of: site.factory)
            member("time_range_start", site.from)
            member("time_range_end", site.end)
            member("newest_event_time", microseconds: site.newest.eventTime)
            member("freshness_seconds", site.freshness)
            member("alerts", site.alerts)
            member("next_offset", site.nextOffset.value)
            member("settled", site.isSettled)
        }
    }
}

/// The answer about every site that a key may see, put together from those of their partitions (SPEC 5.11).
struct SitesAnswer {
    private var items: [(site: SiteID, item: JSONValue)] = []
    private var missing: [Missing] = []
    private var positions: [PartitionIndex: Int64] = [:]
    private var isSettled = true

    /// Sites of one partition that do not answer, for the same reason.
    private struct Missing {
        var sites: [SiteID]
        var partition: PartitionIndex
        var reason: String
        /// The parameter that makes no sense for them.
        var parameter: String?
    }

    /// - Parameter asked: the sites of each partition that the key may see.
    init(_ asked: [PartitionIndex: [SiteID]], _ answers: [PartitionIndex: PartitionAnswer]) {
        for (partition, sites) in asked.sorted(by: { $0.key < $1.key }) {
            switch answers[partition] {
            case .body(let body):
                guard let standings = PartitionStandings(body) else {
                    lack(sites, partition, "its holder is of another version")
                    continue
                }
                take(standings, sites, partition)
            case .missing(let reason): lack(sites, partition, reason)
            case nil: lack(sites, partition, "the holder of the partition does not answer in time")
            }
        }
        items.sort { $0.site < $1.site }
    }

    private mutating func take(_ standings: PartitionStandings, _ sites: [SiteID], _ partition: PartitionIndex) {
        // A holder may answer for sites that the key must not see.
        var open = Set(sites)
        for (site, item) in standings.items where open.remove(site) != nil {
            items.append((site, item))
            isSettled = isSettled && item["settled"] == .bool(true)
            // The sites' own: that of the partition would tell how busy others are.
            let next = item["next_offset"]?.text.flatMap { Int64($0) } ?? 0
            positions[partition] = max(positions[partition] ?? 0, next)
        }
        for (site, reason, parameter) in standings.refused where open.remove(site) != nil {
            lack([site], partition, reason, parameter)
        }
        if !open.isEmpty { lack(open.sorted(), partition, "its holder does not know the site yet") }
    }

    private mutating func lack(
        _ sites: [SiteID], _ partition: PartitionIndex, _ reason: String, _ parameter: String? = nil
    ) {
        isSettled = false
        if let place = missing.firstIndex(where: { $0.partition == partition && $0.reason == reason }) {
            missing[place].sites += sites
        } else {
            missing.append(Missing(sites: sites, partition: partition, reason: reason, parameter: parameter))
        }
    }

    /// - Throws: ``Problem``, 400, where the question makes no sense for any of the sites.
    func json(_ question: SitesQuestion, nextCursor: String?) throws -> [UInt8] {
        if items.isEmpty, let first = missing.first, let parameter = first.parameter,
            missing.allSatisfy({ $0.parameter != nil })
        {
            throw Problem(400, detail: first.reason, extensions: [("parameter", .string(parameter))])
        }
        var writer = JSONWriter(reservedBytes: 512 + 700 * items.count)
        writer.object { writer in
            writer.list("items", items) { writer, item in
                for name in PartitionStandings.members {
                    writer.key(name)
                    writer.value(item.item[name] ?? .null)
                }
            }
            writer.list("missing", missing) { writer, missing in
                writer.key("sites")
                writer.array { writer in for site in missing.sites { writer.string(utf8: site.bytes) } }
                writer.member("partition", Int64(missing.partition.value))
                writer.member("reason", missing.reason)
            }
            writer.key("meta")
            writer.object { meta(&$0, question) }
            if let nextCursor { writer.member("next_cursor", nextCursor) }
        }
        return writer.bytes
    }

    private func meta(_ writer: inout JSONWriter, _ question: SitesQuestion) {
        writer.key("known_at")
        switch question.parameters.knownAt {
        case .instant(let time)?: writer.figure(.time(time.microseconds))
        // A local time is another instant at each site.
        case .local?: writer.string(orNull: question.parameters.pairs.first { $0.name == "known_at" }?.value)
        case nil: writer.null()
        }
        writer.member("spec", AnswerMeta.spec)
        writer.member("settled", isSettled && !items.isEmpty)
        writer.key("positions")
        writer.object { writer in
            for (partition, next) in positions.sorted(by: { $0.key < $1.key }) {
                writer.key(String(partition.value))
                writer.integer(next)
            }
        }
    }
}
