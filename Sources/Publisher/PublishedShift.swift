internal import EventModel
internal import Figures
internal import JSON

extension PublishedFigures {
    /// What a shift's record is compared by: the factory's sums, and from the handover what is no function of the others.
    struct Shift: Equatable, Sendable {
        var factory = Factory()
        /// The instance's end, in microseconds: a definition may move it.
        var end: Int64 = 0
        var handoverUnits: Int64 = 0
        var baselineUnits: Int64 = 0
        /// Hundredths of a percent; nil where nobody was seen.
        var handoverUtilization: Int64?
        var baselineUtilization: Int64?
    }
}

extension PublishedFigures.Shift {
    init(_ shift: ShiftFigures) {
        factory = PublishedFigures.Factory(shift.factory)
        end = shift.instance.range.upperBound
        handoverUnits = Int64(clamping: shift.handover.during.totals.units)
        baselineUnits = Int64(clamping: shift.handover.baseline.totals.units)
        handoverUtilization = shift.handover.during.averageUtilization.hundredths
        baselineUtilization = shift.handover.baseline.averageUtilization.hundredths
    }

    func write(to writer: inout JSONWriter) {
        writer.member("end", microseconds: end)
        factory.write(to: &writer)
        writer.key("handover")
        writer.object { writer in
            writer.member("units", handoverUnits)
            writer.member("baseline_units", baselineUnits)
            writer.member("utilization_percentage", hundredths: handoverUtilization)
            writer.member("baseline_utilization_percentage", hundredths: baselineUtilization)
        }
    }

    init(_ record: JSONValue) {
        let handover = record["handover"]
        func integer(_ name: String) -> Int64 { handover?[name]?.text.flatMap { Int64($0) } ?? 0 }
        func hundredths(_ name: String) -> Int64? { handover?[name]?.text.flatMap { FixedPoint.hundredths($0) } }
        factory = PublishedFigures.Factory(record)
        end = record["end"]?.text.flatMap { Timestamp(rfc3339: $0) }?.microseconds ?? 0
        handoverUnits = integer("units")
        baselineUnits = integer("baseline_units")
        handoverUtilization = hundredths("utilization_percentage")
        baselineUtilization = hundredths("baseline_utilization_percentage")
    }
}

extension FigureValue {
    /// A percentage in hundredths; nil where there is none.
    fileprivate var hundredths: Int64? {
        guard case .decimal(let number) = self else { return nil }
        return Int64(clamping: number.scaled)
    }
}
