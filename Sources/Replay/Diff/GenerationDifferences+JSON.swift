internal import EventModel
public import JSON

extension GenerationDifferences {
    /// Writes them as one object, as `andon rebuild diff -o json` shows them.
    public func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("partition", Int64(partition.value))
            json.member("position", RecordPosition(partition: partition, offset: position).description)
            json.member("is_equal", isEqual)
            json.member("different", differentCount)
            json.key("counts")
            json.array { json in
                for count in counts {
                    json.object { json in
                        json.member("kind", count.kind.name)
                        json.member("equal", count.equal)
                        json.member("different", count.different)
                    }
                }
            }
            json.key("differences")
            json.array { json in for difference in differences { difference.write(to: &json) } }
            json.key("notes")
            json.array { json in for note in notes { json.string(note) } }
        }
    }
}

extension Difference {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("kind", kind.name)
            json.member("site_id", site.text)
            for id in ids {
                json.key(id.name)
                json.value(id.value)
            }
            if let time { json.member("time", Timestamp(microseconds: time).formatted) }
            json.member("size", size)
            json.key("members")
            json.members(members)
            guard let cause else { return }
            json.key("cause")
            cause.write(to: &json)
        }
    }
}

extension HourCause {
    fileprivate func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("hour", Timestamp(microseconds: hour).formatted)
            json.member("finding", finding.rawValue)
            json.member("message", finding.sentence)
            json.key("events")
            json.array { json in
                for event in events {
                    json.object { json in
                        json.member("timestamp", Timestamp(microseconds: event.time).formatted)
                        json.member("event_type", "\(event.type.name)")
                        json.key("members")
                        json.members(event.members)
                    }
                }
            }
            json.member("events_omitted", eventsOmitted)
            for (name, side) in [("live", live), ("new", new)] {
                json.key(name)
                if let side { side.write(to: &json) } else { json.null() }
            }
        }
    }
}

extension HourCause.Side {
    fileprivate func write(to json: inout JSONWriter) {
        json.object { json in
            json.key("stored")
            json.sums(stored)
            json.key("derived")
            json.sums(derived)
            json.key("items")
            json.array { json in
                for item in items {
                    json.object { json in
                        json.member("event_type", "\(item.type.name)")
                        json.key("workstation_id")
                        json.string(utf8: item.workstation)
                        json.member("from", Timestamp(microseconds: item.from).formatted)
                        json.member("to", Timestamp(microseconds: item.to).formatted)
                        if item.type == .productCount { json.member("count", item.count) }
                        json.member("position", item.position.description)
                        json.member("created_at", Timestamp(microseconds: item.createdAt).formatted)
                    }
                }
            }
            json.member("items_omitted", itemsOmitted)
        }
    }
}

extension JSONWriter {
    fileprivate mutating func sums(_ sums: HourCause.Sums) {
        object { json in
            json.member("working_us", sums.working)
            json.member("idle_us", sums.idle)
            json.member("absent_us", sums.absent)
            json.member("units", sums.units)
        }
    }

    fileprivate mutating func members(_ members: [Difference.Member]) {
        array { json in
            for member in members {
                json.object { json in
                    json.member("name", member.name)
                    json.key("before")
                    json.value(member.before)
                    json.key("after")
                    json.value(member.after)
                }
            }
        }
    }

    fileprivate mutating func value(_ value: DifferenceValue?) {
        switch value {
        case nil: null()
        case .integer(let number): integer(number)
        case .time(let time): string(Timestamp(microseconds: time).formatted)
        case .confidence(let ppm): fixed(ppm, decimals: 6)
        case .text(let text): string(text)
        case .id(let id): string(utf8: id)
        }
    }
}
