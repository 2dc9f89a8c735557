internal import EventModel

extension SiteFold {
    /// Samples per source over a window, exact at its edges (SPEC 6.1–6.2).
    public func health(
        _ window: Window, _ view: KnowledgeView, _ source: any ProjectionSource
    ) throws -> [UInt32: HealthSums] {
        var sums: [UInt32: HealthSums] = [:]
        let first = max(0, (window.from + Microseconds.hour - 1) / Microseconds.hour)
        let last = max(0, window.end / Microseconds.hour)
        guard window.from < window.end else { return sums }
        guard first < last else {
            try scanHealth(window.from, window.end, view, source, &sums)
            return sums
        }
        var unknown: Set<Int64> = []
        if view.knownAt != Int64.max {
            try forEachHealthHour(first..<last, source) { if $1.changed > view.knownAt { unknown.insert($1.hour) } }
        }
        try forEachHealthHour(first..<last, source) { number, row in
            if unknown.isEmpty || !unknown.contains(row.hour) {
                sums[number, default: HealthSums(hour: 0)].add(row)
            }
        }
        try scanHealth(window.from, first * Microseconds.hour, view, source, &sums)
        for hour in unknown.sorted() {
            try scanHealth(hour * Microseconds.hour, (hour + 1) * Microseconds.hour, view, source, &sums)
        }
        try scanHealth(last * Microseconds.hour, window.end, view, source, &sums)
        return sums.filter { $0.value.samples > 0 }
    }

    private func scanHealth(
        _ from: Int64, _ to: Int64, _ view: KnowledgeView, _ source: any PageSource,
        _ sums: inout [UInt32: HealthSums]
    ) throws {
        guard from < to else { return }
        for line in 0..<lines.count where line % 3 != Int(EventClass.quarantined.rawValue) {
            guard !lines[line].pages.isEmpty || lines[line].isStored else { continue }
            let isMarked = line % 3 == Int(EventClass.lowConfidence.rawValue)
            try forEachEntry(
                line, from: TimelineEntry.key(at: from), to: TimelineEntry.key(at: to), knownAt: view.knownAt, source
            ) { entry in
                sums[entry.source, default: HealthSums(hour: 0)]
                    .add(confidence: entry.confidence, isMarked: isMarked, sign: 1)
            }
        }
    }
}
