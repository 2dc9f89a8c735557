public import EventModel
internal import JSON

extension SiteDefinition {
    /// The body of `PUT /api/sites/{site_id}` that gives this definition (SPEC 3), names included.
    public var putBody: [UInt8] {
        var writer = JSONWriter(reservedBytes: 4096)
        writer.object { writer in
            writer.key("site")
            writer.object { writeSite(to: &$0) }
            writer.key("workers")
            writer.array { writer in for worker in workers { worker.write(to: &writer) } }
            writer.key("workstations")
            writer.array { writer in for workstation in workstations { workstation.write(to: &writer) } }
        }
        return writer.bytes
    }

    private func writeSite(to writer: inout JSONWriter) {
        writer.member("site_id", siteID.text)
        writer.member("name", name)
        writer.member("time_zone", timeZone)
        writer.member("observation_ttl_seconds", observationTTLSeconds)
        writer.key("confidence_threshold")
        writer.fixed(Int64(confidenceThreshold.partsPerMillion), decimals: 6)
        writer.member("max_future_seconds", maxFutureSeconds)
        writer.member("handover_minutes", handoverMinutes)
        if !shifts.isEmpty {
            writer.key("shifts")
            writer.array { writer in for shift in shifts { shift.write(to: &writer) } }
        }
        if let target = targetMicrounitsPerHour {
            writer.key("target_units_per_hour")
            writer.fixed(target, decimals: 6)
        }
    }
}

extension SiteDefinition.Worker {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("worker_id", workerID.text)
            writer.member("active_since", ifPresent: activeSince)
            writer.member("location", ifPresent: location)
            writer.member("name", ifPresent: name)
        }
    }
}

extension SiteDefinition.Workstation {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("workstation_id", workstationID.text)
            writer.member("capacity", capacity)
            writer.member("line", ifPresent: line)
            writer.member("location", ifPresent: location)
            writer.member("name", ifPresent: name)
        }
    }
}

extension SiteDefinition.Shift {
    fileprivate func write(to writer: inout JSONWriter) {
        let names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
        writer.object { writer in
            writer.member("name", name)
            writer.member("start", clock(startMinute))
            writer.member("end", clock(endMinute))
            writer.key("days")
            writer.array { writer in
                for day in names.indices where days & (1 << UInt8(day)) != 0 { writer.string(names[day]) }
            }
        }
    }

    private func clock(_ minutes: Int) -> String {
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return two(minutes / 60) + ":" + two(minutes % 60)
    }
}

extension JSONWriter {
    fileprivate mutating func member(_ name: StaticString, ifPresent value: String?) {
        if let value { member(name, value) }
    }
}
