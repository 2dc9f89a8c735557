internal import EventModel
internal import HTTPServer
internal import Timeline

extension Question {
    /// The items of `GET /api/metrics/workers` (SPEC 5.2).
    func writeWorkers(to writer: inout JSONWriter, _ roster: Roster, names: [WorkerID: String]) throws {
        let figures = try site.figures(window, view, [.workers, .statuses], source)
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
                    write(figures.workers[Int(number)], to: &writer)
                    write(figures.statuses[Int(number)], to: &writer)
                }
            }
        }
    }

    private func write(_ sums: StateSums, to writer: inout JSONWriter) {
        let elapsed = window.elapsed
        let unknown = elapsed - sums.observed
        writer.member("working_us", sums.working)
        writer.member("idle_us", sums.idle)
        writer.member("absent_us", sums.absent)
        writer.member("unknown_us", unknown)
        writer.member("elapsed_us", elapsed)
        writer.member("total_active_time_hours", FixedPoint.hours(Int128(sums.working)))
        writer.member("total_idle_time_hours", FixedPoint.hours(Int128(sums.idle)))
        writer.member("total_absent_time_hours", FixedPoint.hours(Int128(sums.absent)))
        writer.member("utilization_percentage", share(sums.working, elapsed))
        writer.member("availability_percentage", share(elapsed - sums.absent, elapsed))
        writer.member("coverage_percentage", share(elapsed - unknown, elapsed))
        writer.member("total_units_produced", sums.units)
        writer.member("units_per_hour", FixedPoint.rate(Int128(sums.units), inMicroseconds: Int128(sums.working)))
    }

    private func write(_ status: WorkerStatus, to writer: inout JSONWriter) {
        writer.member("last_seen", microseconds: status.lastSeen)
        writer.member("current_state", status.current?.type.text ?? "unknown")
        writer.member("current_workstation_id", id: status.current.map(stationID))
    }

    private func share(_ part: Int64, _ whole: Int64) -> FixedPoint? {
        FixedPoint.percentage(Int128(part), of: Int128(whole))
    }
}
