internal import EventModel

extension SiteFold {
    /// Samples per origin over a window, exact at its edges (SPEC 6.1–6.2).
    public func health(
        _ window: Window, _ view: KnowledgeView, _ reader: any ProjectionReader
    ) throws -> [UInt32: HealthSums] {
        var sums: [UInt32: HealthSums] = [:]
        let utc = FoldParameters.utc
        let first = max(Hour(0), utc.hour(of: window.from + Microseconds.hour - 1))
        let last = max(Hour(0), utc.hour(of: window.end))
        guard window.from < window.end else { return sums }
        guard first < last else {
            try scanHealth(window.from, window.end, view, reader, &sums)
            return sums
        }
        var unknown: Set<Hour> = []
        if !view.knownAt.isEverything {
            try forEachHealthHour(first..<last, reader) {
                if !view.knownAt.covers($1.changedAt) { unknown.insert($1.hour) }
            }
        }
        try forEachHealthHour(first..<last, reader) { number, row in
            if unknown.isEmpty || !unknown.contains(row.hour) {
                sums[number, default: HealthSums(hour: Hour(0))].add(row)
            }
        }
        try scanHealth(window.from, utc.start(of: first), view, reader, &sums)
        for hour in unknown.sorted() {
            try scanHealth(utc.start(of: hour), utc.start(of: hour.next), view, reader, &sums)
        }
        try scanHealth(utc.start(of: last), window.end, view, reader, &sums)
        return sums.filter { $0.value.samples > 0 }
    }

    private func scanHealth(
        _ from: Int64, _ to: Int64, _ view: KnowledgeView, _ reader: any PageReader,
        _ sums: inout [UInt32: HealthSums]
    ) throws {
        guard from < to else { return }
        for line in lineIndices where line.eventClass != .quarantined && hasEvents(line) {
            let isMarked = line.eventClass == .lowConfidence
            try forEachEntry(
                line, from: EventKey(at: from), to: EventKey(at: to), knownAt: view.knownAt, reader
            ) { entry in
                sums[entry.origin, default: HealthSums(hour: Hour(0))]
                    .add(confidence: entry.confidence, isMarked: isMarked, sign: 1)
            }
        }
    }
}
