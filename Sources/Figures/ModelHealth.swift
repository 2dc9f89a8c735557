internal import EventModel
package import Timeline

/// What a pass over samples adds up.
package protocol HealthAccumulator: Sendable {
    init()
    /// 0: nothing was seen.
    var samples: Int64 { get }
    /// Parts per million.
    var confidenceSum: Int64 { get }
    mutating func add(_ sums: HealthSums)
    mutating func add(confidence: Int64, isBelowThreshold: Bool)
    mutating func add(_ other: Self)
}

extension HealthAccumulator {
    /// 4 decimals; nil without samples.
    package var average: FixedPoint? {
        FixedPoint(Int128(confidenceSum), over: Int128(samples) * 1_000_000, decimals: 4)
    }
}

extension HealthFigures: HealthAccumulator {}

/// Samples and their average alone: a tenth of the memory of ``HealthFigures``, for thousands of hours.
package struct HealthAverage: HealthAccumulator, Equatable {
    package var samples: Int64 = 0
    /// Parts per million.
    package var confidenceSum: Int64 = 0

    package init() {}

    package mutating func add(_ sums: HealthSums) {
        samples += sums.samples
        confidenceSum += sums.confidenceSum
    }

    package mutating func add(confidence: Int64, isBelowThreshold: Bool) {
        samples += 1
        confidenceSum += confidence
    }

    package mutating func add(_ other: HealthAverage) {
        samples += other.samples
        confidenceSum += other.confidenceSum
    }

    mutating func remove(_ other: HealthAverage) {
        samples -= other.samples
        confidenceSum -= other.confidenceSum
    }

    /// What a heat map shows (SPEC 5.10).
    package static let heat: [Figure<HealthAverage>] = [
        Figure("avg_confidence", .confidence, "average confidence") { .decimal(orNone: $0.average) },
        Figure("samples", .count, "samples") { .integer($0.samples) },
    ]
}

extension SiteFold {
    /// Samples per origin over many windows in one pass, exact at the edges of the windows (SPEC 6.1–6.2).
    ///
    /// - Returns: one element per window, in the same order; origins without samples are omitted.
    package func health<Sums: HealthAccumulator>(
        windows: [Window], _ view: KnowledgeView, _ reader: any ProjectionReader
    ) throws -> [[UInt32: Sums]] {
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
            for part in window.parts {
                // No event lies before 1970.
                let first = max(0, (part.lowerBound + Microseconds.hour - 1) / Microseconds.hour)
                let last = max(0, part.upperBound / Microseconds.hour)
                guard first < last else {
                    edges.append((part, number))
                    continue
                }
                whole.append((Hour(first)..<Hour(last), number))
                edges.append((min(part.lowerBound, first * Microseconds.hour)..<first * Microseconds.hour, number))
                edges.append((last * Microseconds.hour..<part.upperBound, number))
            }
        }
        hours = WindowRuns(whole)
        rest = WindowRuns(edges)
    }

    mutating func run<Sums: HealthAccumulator>() throws -> [[UInt32: Sums]] {
        try findGaps()
        var sums = Array(repeating: [UInt32: Sums](), count: windowCount)
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

    private func addHours<Sums: HealthAccumulator>(_ sums: inout [[UInt32: Sums]]) throws {
        for read in hours.reads {
            try site.forEachHealthHour(read, reader) { origin, row in
                hours.forEachWindow(at: row.hour) { sums[$0][origin, default: Sums()].add(row) }
            }
        }
    }

    private func addRest<Sums: HealthAccumulator>(_ sums: inout [[UInt32: Sums]]) throws {
        let stretches = rest.stretches
        guard !stretches.isEmpty else { return }
        for worker in 0..<UInt32(site.workers.count) {
            for eventClass in [EventClass.accepted, .lowConfidence] {
                for stretch in stretches {
                    try site.forEachEntry(of: worker, eventClass, in: stretch, view, reader) { entry in
                        rest.forEachWindow(at: entry.time) { window in
                            sums[window][entry.origin, default: Sums()]
                                .add(confidence: entry.confidence, isBelowThreshold: eventClass == .lowConfidence)
                        }
                    }
                }
            }
        }
    }
}
