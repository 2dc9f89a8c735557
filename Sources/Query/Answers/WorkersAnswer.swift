internal import EventModel
internal import Figures
package import JSON
package import Timeline

extension Question {
    /// The items of `GET /api/metrics/workers` (SPEC 5.2).
    func writeWorkers(to writer: inout JSONWriter, _ roster: Roster, names: [WorkerID: String]) throws {
        let figures = try site.figures(window, view, [.workers, .statuses], reader)
        writer.key("items")
        writer.array { writer in
            for number in roster.workers {
                let id = workerID(number)
                writer.object { writer in
                    writer.member("worker_id", id: id)
                    writer.key("worker_name")
                    if let name = names[WorkerID(bytes: Array(id))] {
                        writer.string(name)
                    } else {
                        writer.string(utf8: id)
                    }
                    writer.workerFigures(figures.workers[Int(number)], elapsed: window.elapsed)
                    write(figures.statuses[Int(number)], to: &writer)
                }
            }
        }
    }

    private func write(_ status: WorkerStatus, to writer: inout JSONWriter) {
        writer.member("last_seen", microseconds: status.lastSeen)
        writer.member("current_state", status.current?.type.text ?? "unknown")
        writer.member("current_workstation_id", id: status.current.map(stationID))
    }
}

extension JSONWriter {
    /// A worker's sums over a window of `elapsed` µs and what follows from them (SPEC 5.2).
    package mutating func workerFigures(_ sums: StateSums, elapsed: Int64) {
        func share(_ part: Int64) -> FixedPoint? { FixedPoint.percentage(Int128(part), of: Int128(elapsed)) }
        member("working_us", sums.working)
        member("idle_us", sums.idle)
        member("absent_us", sums.absent)
        member("unknown_us", elapsed - sums.observed)
        member("elapsed_us", elapsed)
        member("total_active_time_hours", FixedPoint.hours(Int128(sums.working)))
        member("total_idle_time_hours", FixedPoint.hours(Int128(sums.idle)))
        member("total_absent_time_hours", FixedPoint.hours(Int128(sums.absent)))
        member("utilization_percentage", share(sums.working))
        member("availability_percentage", share(elapsed - sums.absent))
        member("coverage_percentage", share(sums.observed))
        member("total_units_produced", sums.units)
        member("units_per_hour", FixedPoint.rate(Int128(sums.units), inMicroseconds: Int128(sums.working)))
    }
}
