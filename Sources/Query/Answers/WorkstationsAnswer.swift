internal import EventModel
internal import Figures
package import JSON
package import Timeline

extension Question {
    /// The items of `GET /api/metrics/workstations` (SPEC 5.3).
    func writeWorkstations(to writer: inout JSONWriter, _ roster: Roster) throws {
        let figures = try site.figures(window, view, [.stations, .statuses], reader)
        let activities = try site.lastActivities(before: window.end, view, reader)
        let present = site.presentWorkers(figures.statuses)
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
                    writer.workstationFigures(figures.stations[Int(number)], elapsed: window.elapsed)
                    writer.member("current_workers", present[Int(number)])
                    writer.member("last_activity", microseconds: activities[Int(number)])
                }
            }
        }
    }
}

extension JSONWriter {
    /// A station's sums over a window of `elapsed` µs and what follows from them (SPEC 5.3).
    package mutating func workstationFigures(_ sums: StateSums, elapsed: Int64) {
        let present = Int128(sums.present)
        member("present_us", sums.present)
        member("working_us", sums.working)
        member("elapsed_us", elapsed)
        member("occupancy_time_hours", FixedPoint.hours(present))
        member("occupancy_percentage", FixedPoint.percentage(present, of: Int128(elapsed)))
        member("utilization_percentage", FixedPoint.percentage(Int128(sums.working), of: present))
        member("total_units_produced", sums.units)
        member("throughput_rate", FixedPoint.rate(Int128(sums.units), inMicroseconds: present))
    }
}

extension SiteFold {
    /// How many work or idle at each station just before the end of the window that `statuses` are of (SPEC 5.3).
    package func presentWorkers(_ statuses: [WorkerStatus]) -> [Int] {
        var counts = [Int](repeating: 0, count: stations.count)
        for status in statuses {
            guard let current = status.current, current.type != .absent else { continue }
            counts[Int(origin(current.origin).station)] += 1
        }
        return counts
    }
}
