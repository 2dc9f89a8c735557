internal import EventModel
package import Timeline

extension SiteFold {
    /// Samples per origin over many windows in one pass, exact at the edges of the windows (SPEC 6.1–6.2).
    ///
    /// - Returns: one element per window, in the same order; origins without samples are omitted.
    package func health(
        windows: [Window], _ view: KnowledgeView, _ reader: any ProjectionReader
    ) throws -> [[UInt32: HealthFigures]] {
        var pass = HealthPass(self, view, reader, windows)
        return try pass.run()
    }

    /// Samples per origin over one window.
    package func health(
        _ window: Window, _ view: KnowledgeView, _ reader: any ProjectionReader
    ) throws -> [UInt32: HealthFigures] {
        try health(windows: [window], view, reader)[0]
    }
}

/// One pass over the hours of model health, and over the events of edges and of hours that are not fully known.
private struct HealthPass {
    private let site: SiteFold
    private let view: KnowledgeView
    private let reader: any ProjectionReader
    private var hours: WindowRuns<Hour>
    private var rest: WindowRuns<Int64>
    private let windowCount: Int

    init(_ site: SiteFold, _ view: KnowledgeView, _ reader: any ProjectionReader, _ windows: [Window]) {
        self.site = site
        self.view = view
        self.reader = reader
        windowCount = windows.count
        var whole: [(range: Range<Hour>, window: Int)] = []
        var edges: [(range: Range<Int64>, window: Int)] = []
        for (number, window) in windows.enumerated() {
            // No event lies before 1970.
            let first = max(0, (window.from + Microseconds.hour - 1) / Microseconds.hour)
            let last = max(0, window.end / Microseconds.hour)
            guard first < last else {
                edges.append((window.range, number))
                continue
            }
            whole.append((Hour(first)..<Hour(last), number))
            edges.append((min(window.from, first * Microseconds.hour)..<first * Microseconds.hour, number))
            edges.append((last * Microseconds.hour..<window.end, number))
        }
        hours = WindowRuns(whole)
        rest = WindowRuns(edges)
    }

    mutating func run() throws -> [[UInt32: HealthFigures]] {
        try findGaps()
        var sums = Array(repeating: [UInt32: HealthFigures](), count: windowCount)
        try addHours(&sums)
        try addRest(&sums)
        return sums.map { $0.filter { $0.value.samples > 0 } }
    }

    /// Moves hours that contain more than the question may know from rows to events.
    private mutating func findGaps() throws {
        guard !view.knownAt.isEverything else { return }
        let knownAt = view.knownAt
        var unknown: Set<Hour> = []
        for read in hours.reads {
            try site.forEachHealthHour(read, reader) { _, row in
                if !knownAt.covers(row.changedAt) { unknown.insert(row.hour) }
            }
        }
        let cut = hours.cut(by: unknown.sorted().map { $0..<$0.next })
        hours = cut.outside
        rest = rest.merged(with: cut.inside.mapped { $0.number * Microseconds.hour })
    }

    private func addHours(_ sums: inout [[UInt32: HealthFigures]]) throws {
        for read in hours.reads {
            try site.forEachHealthHour(read, reader) { origin, row in
                hours.forEachWindow(at: row.hour) { sums[$0][origin, default: HealthFigures()].add(row) }
            }
        }
    }

    private func addRest(_ sums: inout [[UInt32: HealthFigures]]) throws {
        let stretches = rest.stretches
        guard !stretches.isEmpty else { return }
        for worker in 0..<UInt32(site.workers.count) {
            for eventClass in [EventClass.accepted, .lowConfidence] {
                for stretch in stretches {
                    try site.forEachEntry(of: worker, eventClass, in: stretch, view, reader) { entry in
                        rest.forEachWindow(at: entry.time) { window in
                            sums[window][entry.origin, default: HealthFigures()]
                                .add(confidence: entry.confidence, isBelowThreshold: eventClass == .lowConfidence)
                        }
                    }
                }
            }
        }
    }
}
