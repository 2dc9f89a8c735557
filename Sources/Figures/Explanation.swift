package import EventModel
package import Timeline

/// The parts of a worker's figures over a window: they add up to ``WorkerFigures`` exactly (SPEC 5.9).
package struct Explanation: Equatable, Sendable {
    /// A period in one state at one station.
    package struct Interval: Equatable, Sendable {
        package var state: EventType
        package var workstation: ArraySlice<UInt8>
        /// Microseconds, clipped to the window.
        package var from: Int64
        package var to: Int64
        /// Number of events whose periods it joins.
        package var events: Int64 = 1
        /// The first of these events.
        package var opener: Provenance

        package static let state: [Figure<Interval>] = [
            Figure("state", .text, "state") { .text($0.state.text) },
            Figure("workstation_id", .text, "station") { .id($0.workstation) },
        ]
        package static let span: [Figure<Interval>] = [
            Figure("from", .time, "from") { .time($0.from) },
            Figure("to", .time, "to") { .time($0.to) },
        ]
        package static let events = Figure<Interval>("events", .count, "events") { .integer($0.events) }

        /// Whether `next` continues this period.
        fileprivate func joins(_ next: Interval) -> Bool {
            to == next.from && state == next.state && workstation == next.workstation
        }
    }

    /// Units counted at one instant.
    package struct Count: Equatable, Sendable {
        /// Microseconds.
        package var time: Int64
        package var workstation: ArraySlice<UInt8>
        package var count: Int64
        package var event: Provenance

        package static let figures: [Figure<Count>] = [
            Figure("timestamp", .time, "units at") { .time($0.time) },
            Figure("workstation_id", .text, "station") { .id($0.workstation) },
            Figure("count", .count, "count") { .integer($0.count) },
        ]
    }

    /// The event that an interval or a count comes from.
    package struct Provenance: Equatable, Sendable {
        package var position: Position
        /// Microseconds.
        package var createdAt: Int64

        package static let figures: [Figure<Provenance>] = [
            Figure("position", .text, "position") { .text($0.position.description) },
            Figure("created_at", .time, "known since") { .time($0.createdAt) },
        ]
    }

    /// In order of time.
    package private(set) var intervals: [Interval] = []
    package private(set) var counts: [Count] = []
    /// Number of intervals and counts in the window. Beyond the limit, rows are omitted but still counted.
    package private(set) var rowCount = 0

    /// What intervals and counts add up to.
    package private(set) var totals = StateSums()

    /// - Parameters:
    ///   - partition: the partition of the site's log; part of every position.
    ///   - merges: whether periods that touch, in one state and at one station, are one interval.
    ///   - rowsMaximum: maximum number of rows to keep.
    package init(
        of worker: UInt32, at site: SiteFold, _ window: Window, _ view: KnowledgeView,
        _ reader: any ProjectionReader, partition: PartitionIndex, merges: Bool, rowsMaximum: Int
    ) throws {
        func provenance(_ entry: TimelineEntry) -> Provenance {
            let record = RecordPosition(partition: partition, offset: entry.offset)
            return Provenance(
                position: Position(record: record, index: entry.index), createdAt: entry.createdAt)
        }
        for part in window.parts {
            try site.derive(
                worker, from: part.lowerBound, to: part.upperBound, view, reader,
                interval: { owner, from, to in
                    totals.add(owner.type, to - from)
                    append(
                        Interval(
                            state: owner.type, workstation: site.stationID(of: owner), from: from, to: to,
                            opener: provenance(owner)), merges: merges, rowsMaximum)
                },
                count: { entry in
                    totals.units += entry.count
                    rowCount += 1
                    guard rowCount <= rowsMaximum else { return }
                    counts.append(
                        Count(
                            time: entry.time, workstation: site.stationID(of: entry), count: entry.count,
                            event: provenance(entry)))
                })
        }
    }

    private mutating func append(_ interval: Interval, merges: Bool, _ rowsMaximum: Int) {
        if merges, let last = intervals.last, last.joins(interval) {
            intervals[intervals.count - 1].to = interval.to
            intervals[intervals.count - 1].events += 1
            return
        }
        rowCount += 1
        guard rowCount <= rowsMaximum else { return }
        intervals.append(interval)
    }
}

extension Ledger {
    /// Counts that must add up (SPEC 7.4).
    package static let figures: [Figure<Ledger>] = [
        Figure("received", .count, "received") { .integer($0.received) },
        Figure("folded", .count, "folded") { .integer($0.folded) },
        Figure("duplicates", .count, "duplicates") { .integer($0.duplicates) },
        Figure("low_confidence", .count, "low confidence") { .integer($0.lowConfidence) },
        Figure("quarantined", .count, "quarantined") { .integer($0.quarantined) },
        Figure("definitions", .count, "definitions") { .integer($0.definitions) },
    ]
}
