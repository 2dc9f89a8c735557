internal import EventModel
internal import Figures
internal import JSON
internal import Timeline

/// Encodes answers: ids and names here, each figure by the list that defines it.
extension JSONWriter {
    /// The members of an answer before `meta`.
    mutating func content(_ content: AnswerContent) {
        switch content {
        case .workers(let items): list("items", items) { $0.worker($1) }
        case .workstations(let items): list("items", items) { $0.workstation($1) }
        case .factory(let factory, let from, let end):
            figures(FactoryFigures.figures, of: factory)
            member("time_range_start", from)
            member("time_range_end", end)
        case .shifts(let shifts): list("items", shifts) { $0.shift($1) }
        case .handovers(let handovers): list("items", handovers) { $0.handover($1) }
        case .trend(let trend): self.trend(trend)
        case .heatMap(let map): heatMap(map)
        case .modelHealth(let total, let groups, let grouping):
            health(total)
            self.groups(groups, grouping) { $0.health($1) }
        case .healthTrend(let trend, let grouping):
            hours(trend.hours)
            self.groups(trend.groups, grouping) { $0.hours($1) }
        case .drift(let whole, let baseline, let groups, let grouping):
            figures(DriftFigures.figures, of: whole)
            member("baseline_from", Timestamp(microseconds: baseline.from))
            member("baseline_to", Timestamp(microseconds: baseline.end))
            self.groups(groups, grouping) { $0.figures(DriftFigures.figures, of: $1) }
        case .alerts(let alerts): list("items", alerts) { $0.alert($1) }
        case .healthReport(let report): self.report(report)
        case .explanation(let explanation, let elapsed): self.explanation(explanation, elapsed)
        case .history(let page): history(page)
        case .compared(let answer): compared(answer)
        case .ledger(let ledger, let rejected):
            figures(Ledger.figures, of: ledger)
            key("rejected")
            object { writer in
                for refused in rejected {
                    writer.key(refused.code)
                    writer.integer(Int64(refused.count))
                }
            }
        case .events(let page):
            list("items", page.items) { $0.listed($1) }
        case .quarantine(let page):
            list("items", page.items) { writer, item in
                writer.member("reason", reason: item.reason)
                writer.event(item.event)
            }
        case .quarantineStats(let stats):
            list("items", stats.groups) { $0.quarantined($1) }
            member("truncated", stats.isTruncated)
        }
    }

    mutating func list<Item>(
        _ name: StaticString, _ items: [Item], _ members: (inout JSONWriter, Item) -> Void
    ) {
        key(name)
        array { writer in
            for item in items { writer.object { members(&$0, item) } }
        }
    }

    mutating func worker(_ item: WorkerItem) {
        member("worker_id", id: item.id)
        name("worker_name", item.name, id: item.id)
        figures(WorkerFigures.figures, of: item.figures)
        figures([WorkerPresence.lastSeen], of: item.presence)
        figures(WorkerPresence.current, of: item.presence)
    }

    mutating func workstation(_ item: WorkstationItem) {
        member("workstation_id", id: item.id)
        name("workstation_name", item.name, id: item.id)
        figures(WorkstationItem.figures, of: item.figures)
        figures([WorkstationPresence.workers, WorkstationPresence.lastActivity], of: item.presence)
    }

    /// Falls back to the id if there is no name.
    mutating func name(_ member: StaticString, _ name: String?, id: ArraySlice<UInt8>) {
        key(member)
        if let name { string(name) } else { string(utf8: id) }
    }

    private mutating func groups<Values>(
        _ groups: [HealthGroup<Values>], _ grouping: HealthGrouping?, _ members: (inout JSONWriter, Values) -> Void
    ) {
        list("groups", groups) { writer, group in
            if let grouping { writer.member(grouping.member, id: group.id) }
            members(&writer, group.figures)
        }
    }

    private mutating func health(_ health: HealthFigures) {
        figures([HealthFigures.status], of: health)
        figures(HealthFigures.figures, of: health)
    }

    private mutating func explanation(_ explanation: Explanation, _ elapsed: Int64) {
        list("intervals", explanation.intervals) { writer, interval in
            writer.figures(Explanation.Interval.state, of: interval)
            writer.figures(Explanation.Interval.span + [Explanation.Interval.events], of: interval)
            writer.figures(Explanation.Provenance.figures, of: interval.opener)
        }
        list("counts", explanation.counts) { writer, count in
            writer.figures(Explanation.Count.figures, of: count)
            writer.figures(Explanation.Provenance.figures, of: count.event)
        }
        key("totals")
        object { $0.figures(WorkerFigures.totals, of: WorkerFigures(explanation.totals, elapsed: elapsed)) }
    }

    private mutating func quarantined(_ group: QuarantineGroup) {
        member("reason", reason: group.reason)
        member("worker_id", id: group.worker)
        member("workstation_id", id: group.workstation)
        member("camera_id", id: group.camera)
        member("count", .integer(group.count))
        member("oldest", microseconds: group.oldest)
        member("newest", microseconds: group.newest)
    }

    private mutating func member(_ name: StaticString, reason: Mark?) {
        member(name, reason.map { .text($0.verdict.code) } ?? .null)
    }

    /// An event of the listing.
    mutating func listed(_ event: EventItem) {
        self.event(event)
        member("low_confidence", event.isLowConfidence)
    }

    private mutating func event(_ event: EventItem) {
        member("timestamp", microseconds: event.time)
        member("worker_id", id: event.worker)
        member("workstation_id", id: event.workstation)
        member("event_type", event.type.text)
        member("confidence", .decimal(event.confidence))
        key("count")
        integer(orNull: event.count)
        member("camera_id", id: event.camera)
        member("model_version", id: event.modelVersion)
        member("position", event.position.description)
        member("created_at", microseconds: event.createdAt)
    }
}

extension HealthGrouping {
    /// The member name of a group's id.
    fileprivate var member: StaticString {
        switch self {
        case .camera: "camera_id"
        case .workstation: "workstation_id"
        case .modelVersion: "model_version"
        }
    }
}
