internal import EventModel
internal import HTTPServer
internal import Timeline

extension Question {
    /// The items of `GET /api/metrics/workstations` (SPEC 5.3).
    func writeWorkstations(to writer: inout JSONWriter, _ roster: Roster) throws {
        let figures = try site.figures(window, view, [.stations, .statuses], source)
        let activities = try site.lastActivities(before: window.end, view, source)
        let present = presentWorkers(figures.statuses)
        writer.key("items")
        writer.array { writer in
            for workstation in roster.workstations {
                guard let number = site.stations.number(of: workstation.workstationID.bytes) else { continue }
                writer.object { writer in
                    let id = workstation.workstationID.bytes[...]
                    writer.member("workstation_id", id: id)
                    writer.key("workstation_name")
                    if let name = workstation.name { writer.string(name) } else { writer.string(utf8: id) }
                    writer.member("capacity", workstation.capacity)
                    write(figures.stations[Int(number)], to: &writer)
                    writer.member("current_workers", present[Int(number)])
                    writer.member("last_activity", microseconds: activities[Int(number)])
                }
            }
        }
    }

    private func write(_ sums: StateSums, to writer: inout JSONWriter) {
        let present = Int128(sums.present)
        let elapsed = window.elapsed
        writer.member("present_us", sums.present)
        writer.member("working_us", sums.working)
        writer.member("elapsed_us", elapsed)
        writer.member("occupancy_time_hours", FixedPoint.hours(present))
        writer.member("occupancy_percentage", FixedPoint.percentage(present, of: Int128(elapsed)))
        writer.member("utilization_percentage", FixedPoint.percentage(Int128(sums.working), of: present))
        writer.member("total_units_produced", sums.units)
        writer.member("throughput_rate", FixedPoint.rate(Int128(sums.units), inMicroseconds: present))
    }

    /// How many work or idle at each station just before E.
    private func presentWorkers(_ statuses: [WorkerStatus]) -> [Int] {
        var counts = [Int](repeating: 0, count: site.stations.count)
        for status in statuses {
            guard let current = status.current, current.type != .absent else { continue }
            counts[Int(site.source(current.source).station)] += 1
        }
        return counts
    }
}
