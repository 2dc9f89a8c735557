internal import EventModel
internal import HTTPServer
internal import JSON
internal import Timeline

extension Question {
    /// Rows of one answer: 100 thousand are about 20 MB of JSON. A week of one worker has some thousands.
    static let explainRowsMaximum = 100_000

    /// The members of `GET /api/explain` (SPEC 5.9).
    /// - Throws: ``Problem`` where the window holds too much for one answer.
    func writeExplanation(to writer: inout JSONWriter, _ partition: PartitionIndex) throws {
        var intervals: [(owner: TimelineEntry, from: Int64, to: Int64)] = []
        var counts: [TimelineEntry] = []
        var rows = 0
        if let worker = parameters.worker, let number = site.workers.number(of: worker.bytes) {
            try site.derive(
                number, from: window.from, to: window.end, view, reader,
                interval: { owner, from, to in
                    rows += 1
                    if rows <= Question.explainRowsMaximum { intervals.append((owner, from, to)) }
                },
                count: { entry in
                    rows += 1
                    if rows <= Question.explainRowsMaximum { counts.append(entry) }
                })
        }
        guard rows <= Question.explainRowsMaximum else {
            throw Problem(
                400, detail: "the time range holds \(rows) rows, more than \(Question.explainRowsMaximum): ask for less"
            )
        }
        writer.key("intervals")
        writer.array { writer in
            for (owner, from, to) in intervals {
                writer.object { writer in
                    writer.member("state", owner.type.text)
                    writer.member("workstation_id", id: stationID(owner))
                    writer.member("from", microseconds: from)
                    writer.member("to", microseconds: to)
                    writeOrigin(owner, partition, to: &writer)
                }
            }
        }
        writer.key("counts")
        writer.array { writer in
            for entry in counts {
                writer.object { writer in
                    writer.member("timestamp", microseconds: entry.time)
                    writer.member("workstation_id", id: stationID(entry))
                    writer.member("count", entry.count)
                    writeOrigin(entry, partition, to: &writer)
                }
            }
        }
    }

    private func writeOrigin(_ entry: TimelineEntry, _ partition: PartitionIndex, to writer: inout JSONWriter) {
        writer.member("position", position(entry, partition))
        writer.member("created_at", microseconds: entry.createdAt)
    }
}
