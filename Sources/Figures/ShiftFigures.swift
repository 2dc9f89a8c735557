package import EventModel
package import Timeline

/// One instance of a shift inside a window (SPEC 5.5).
package struct ShiftFigures: Equatable, Sendable {
    package var instance: ShiftInstance
    /// The part of it that lies in the window, in microseconds.
    package var range: Range<Int64>
    package var isRunning: Bool
    package var factory: FactoryFigures
    /// What the change to this shift did.
    package var handover: HandoverFigures

    /// The local date on which it opens.
    package var date: String { CivilDate(daysSince1970: Int(instance.day)).text }

    /// What tells instances apart, in the order of the answer's members.
    package static let span: [Figure<ShiftFigures>] = [
        Figure("shift", .text, "shift") { .text($0.instance.name) },
        Figure("date", .text, "date") { .text($0.date) },
        Figure("start", .time) { .time($0.instance.range.lowerBound) },
        Figure("end", .time) { .time($0.instance.range.upperBound) },
        Figure("from", .time, "from") { .time($0.range.lowerBound) },
        Figure("to", .time, "to") { .time($0.range.upperBound) },
        Figure("status", .text, "status") { .text($0.isRunning ? "running" : "over") },
    ]
}

extension CivilDate {
    /// `2026-01-12`.
    var text: String {
        func padded(_ number: Int, _ digits: Int) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, digits - text.count)) + text
        }
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
    }
}

/// What a change of shifts did to the factory (SPEC 5.6).
package struct HandoverFigures: Equatable, Sendable {
    /// When shifts start, in microseconds.
    package var at: Int64
    /// Names of the shifts that start then, and of those that end.
    package var started: [String]
    package var ended: [String]
    /// The minutes after it.
    package var during: FactoryFigures
    /// The hour before it, and the hour after those minutes.
    package var baseline: FactoryFigures

    /// Length of the baseline before the handover, and of that after it.
    static let baselinePart = Microseconds.hour

    package static let figures: [Figure<HandoverFigures>] = [
        Figure("units", .count, "units") { .large($0.during.totals.units) },
        Figure("baseline_units", .count, "baseline units") { .large($0.baseline.totals.units) },
        Figure("units_rate", .perHour, "units / h") { .rate($0.during.totals.units, in: Int128($0.during.elapsed)) },
        Figure("baseline_rate", .perHour, "baseline units / h") {
            .rate($0.baseline.totals.units, in: Int128($0.baseline.elapsed))
        },
        Figure("dip_percentage", .percent, "dip % of baseline") { $0.dip },
        Figure("utilization_percentage", .percent, "utilization % of worker time") { $0.during.averageUtilization },
        Figure("baseline_utilization_percentage", .percent, "baseline utilization %") {
            $0.baseline.averageUtilization
        },
    ]

    /// 1 − rate / baseline rate, without rounding either rate.
    private var dip: FigureValue {
        guard during.elapsed > 0 else { return .null }
        let usual = baseline.totals.units * Int128(during.elapsed)
        return .percentage(usual - during.totals.units * Int128(baseline.elapsed), of: usual)
    }
}

extension ShiftCalendar {
    /// Most instances that one answer shows: more than a year of two shifts a day.
    package static let instancesShownMaximum = 1000
}

extension SiteFold {
    /// The instances that overlap [from, end) of `window`, by start, then name (SPEC 5.5).
    ///
    /// - Parameters:
    ///   - settings: the newest visible definition.
    ///   - now: instances that end after it are running.
    /// - Returns: nil if there are more than ``ShiftCalendar/instancesShownMaximum``.
    package func shifts(
        _ window: Window, at now: Timestamp, _ view: KnowledgeView, _ settings: SiteDefinition?, _ zone: SiteZone,
        _ reader: any ProjectionReader, _ remembered: RememberedParts? = nil
    ) throws -> [ShiftFigures]? {
        let calendar = ShiftCalendar(settings, zone)
        guard
            let instances = calendar.instances(
                overlapping: window.range, maximum: ShiftCalendar.instancesShownMaximum)
        else { return nil }
        let ranges = instances.map { $0.range.clamped(to: window.range) }
        let handovers = HandoverWindows(
            at: instances.map(\.range.lowerBound), settings, calendar, end: window.end)
        let windows = ranges.map { Window(from: $0.lowerBound, end: $0.upperBound) } + handovers.windows
        let found = try figures(windows: windows, view, .factory, reader, remembered)
        let changes = handovers.figures(Array(found[instances.count...]), settings, zone)
        return instances.indices.map { number in
            ShiftFigures(
                instance: instances[number], range: ranges[number],
                isRunning: instances[number].range.upperBound > now.microseconds,
                factory: FactoryFigures(found[number].factory, over: windows[number], settings, zone),
                handover: changes[instances[number].range.lowerBound]!)
        }
    }

    /// One item for every distinct start of a shift in [from, end) of `window` (SPEC 5.6).
    /// - Returns: nil if there are more than ``ShiftCalendar/instancesShownMaximum``.
    package func handovers(
        _ window: Window, _ view: KnowledgeView, _ settings: SiteDefinition?, _ zone: SiteZone,
        _ reader: any ProjectionReader, _ remembered: RememberedParts? = nil
    ) throws -> [HandoverFigures]? {
        let calendar = ShiftCalendar(settings, zone)
        guard
            let instances = calendar.instances(
                overlapping: window.range, maximum: ShiftCalendar.instancesShownMaximum)
        else { return nil }
        let starts = instances.map(\.range.lowerBound).filter { $0 >= window.from }
        let handovers = HandoverWindows(at: starts, settings, calendar, end: window.end)
        let found = try figures(windows: handovers.windows, view, .factory, reader, remembered)
        return handovers.figures(found, settings, zone).values.sorted { $0.at < $1.at }
    }
}

/// The windows of handovers: two for each.
private struct HandoverWindows {
    /// Distinct, ascending.
    private let starts: [Int64]
    private let started: [Int64: [String]]
    private let ended: [Int64: [String]]
    let windows: [Window]

    init(at starts: [Int64], _ settings: SiteDefinition?, _ calendar: ShiftCalendar, end: Int64) {
        let starts = Set(starts).sorted()
        self.starts = starts
        let length = (settings?.handoverMinutes ?? 0) * Microseconds.minute
        windows = starts.flatMap { start in
            let before = max(start - HandoverFigures.baselinePart, Timestamp.earliest.microseconds)
            let after = start + length
            return [
                Window(from: start, end: min(after, end)),
                Window(
                    from: before, end: min(after + HandoverFigures.baselinePart, end),
                    inside: [before..<start, after..<after + HandoverFigures.baselinePart]),
            ]
        }
        let wanted = Set(starts)
        var names: (started: [Int64: [String]], ended: [Int64: [String]]) = ([:], [:])
        if let first = starts.first, let last = starts.last {
            // One that ends at the first start overlaps the microsecond before.
            for instance in calendar.instances(overlapping: first - 1..<last + 1) ?? [] {
                let (start, end) = (instance.range.lowerBound, instance.range.upperBound)
                if wanted.contains(start) { names.started[start, default: []].append(instance.name) }
                if wanted.contains(end) { names.ended[end, default: []].append(instance.name) }
            }
        }
        (started, ended) = names
    }

    /// - Parameter found: figures of ``windows``.
    func figures(
        _ found: [SiteFigures], _ settings: SiteDefinition?, _ zone: SiteZone
    ) -> [Int64: HandoverFigures] {
        var figures: [Int64: HandoverFigures] = [:]
        for (number, start) in starts.enumerated() {
            func factory(_ place: Int) -> FactoryFigures {
                FactoryFigures(found[place].factory, over: windows[place], settings, zone)
            }
            figures[start] = HandoverFigures(
                at: start, started: (started[start] ?? []).sorted(by: HandoverWindows.precedes),
                ended: (ended[start] ?? []).sorted(by: HandoverWindows.precedes), during: factory(2 * number),
                baseline: factory(2 * number + 1))
        }
        return figures
    }

    private static func precedes(_ left: String, _ right: String) -> Bool {
        left.utf8.lexicographicallyPrecedes(right.utf8)
    }
}
