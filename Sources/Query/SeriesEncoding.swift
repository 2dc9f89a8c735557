internal import Figures
internal import JSON

/// Encodes answers about shifts and about many buckets.
extension JSONWriter {
    mutating func shift(_ shift: ShiftFigures) {
        figures(ShiftFigures.span, of: shift)
        figures(FactoryFigures.figures, of: shift.factory)
        key("handover")
        object { $0.handover(shift.handover) }
    }

    mutating func handover(_ handover: HandoverFigures) {
        member("at", microseconds: handover.at)
        names("started", handover.started)
        names("ended", handover.ended)
        figures(HandoverFigures.figures, of: handover)
    }

    private mutating func names(_ name: StaticString, _ names: [String]) {
        key(name)
        array { writer in for name in names { writer.string(name) } }
    }

    mutating func trend(_ trend: Trend) {
        switch trend {
        case .factory(let buckets):
            list("items", buckets) { writer, bucket in
                writer.range(bucket.range)
                writer.figures(FactoryFigures.figures, of: bucket.values)
            }
        case .worker(let id, let buckets):
            list("items", buckets) { writer, bucket in
                writer.range(bucket.range)
                writer.member("worker_id", id: id)
                writer.figures(WorkerFigures.figures, of: bucket.values)
            }
        case .workstation(let id, let buckets):
            list("items", buckets) { writer, bucket in
                writer.range(bucket.range)
                writer.member("workstation_id", id: id)
                writer.member("capacity", bucket.values.capacity.map { .integer($0) } ?? .null)
                writer.figures(WorkstationFigures.figures + [WorkstationFigures.capacityOccupancy], of: bucket.values)
            }
        }
    }

    private mutating func range(_ range: Range<Int64>) {
        member("from", microseconds: range.lowerBound)
        member("to", microseconds: range.upperBound)
    }

    mutating func heatMap(_ map: HeatMap) {
        list("buckets", map.buckets) { $0.range($1) }
        switch map.rows {
        case .workers(let rows): self.rows(rows, WorkerFigures.heat)
        case .workstations(let rows): self.rows(rows, WorkstationFigures.heat)
        case .cameras(let rows): self.rows(rows, HealthAverage.heat)
        }
    }

    /// One list per figure and row, with a value for each bucket.
    private mutating func rows<Values>(_ rows: [HeatMap.Row<Values>], _ figures: [Figure<Values>]) {
        list("rows", rows) { writer, row in
            writer.member("id", id: row.id)
            writer.key("name")
            if let name = row.name { writer.string(name) } else { writer.figure(row.id.map { .id($0) } ?? .null) }
            for figure in figures {
                writer.key(figure.name)
                writer.array { writer in for value in row.values { writer.figure(figure.value(value)) } }
            }
        }
    }

    mutating func alert(_ alert: HealthAlert) {
        figures(HealthAlert.figures, of: alert)
        member("current", alert.isCurrent)
    }

    mutating func report(_ report: HealthReport) {
        member("week", report.week.description)
        counts(report.whole)
        list("days", report.days) { writer, day in
            writer.member("date", day.date)
            writer.range(day.range)
            writer.counts(day.counts)
        }
        list("cameras", report.cameras) { writer, camera in
            writer.member("camera_id", id: camera.id)
            writer.counts(camera.figures)
        }
        list("model_versions", report.modelVersions) { writer, version in
            writer.member("model_version", id: version.id)
            writer.counts(version.figures)
        }
        list("rows", report.rows) { writer, row in
            writer.member("date", row.date)
            writer.member("camera_id", id: row.camera)
            writer.member("model_version", id: row.modelVersion)
            writer.counts(row.counts)
        }
        list("alerts", report.alerts) { $0.alert($1) }
    }

    private mutating func counts(_ counts: HealthReport.Pair) {
        figures(HealthCount.figures, of: counts.week)
        key("before")
        object { $0.figures(HealthCount.figures, of: counts.before) }
    }

    mutating func hours(_ hours: [HealthTrendHour]) {
        list("hours", hours) { $0.figures(HealthTrendHour.figures, of: $1) }
    }
}
