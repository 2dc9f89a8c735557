internal import EventModel
internal import Figures
internal import JSON
internal import Timeline

/// What every answer says about itself (SPEC 5.8).
struct AnswerMeta {
    let question: Question
    let partition: PartitionIndex
    let isSettled: Bool
    /// What the question sees.
    let newest: NewestArrival

    /// The version of SPEC that defines these figures.
    static let spec = 2

    func write(to writer: inout JSONWriter) {
        writer.key("meta")
        writer.object { writer in
            writer.key("site_id")
            writer.string(utf8: question.site.siteID.bytes)
            writer.member("from", question.from)
            writer.member("to", question.to)
            writer.member("known_at", question.knownAt)
            writer.member("time_zone", question.settings?.timeZone ?? "UTC")
            writer.member("spec", AnswerMeta.spec)
            writer.key("definition")
            writer.integer(orNull: question.view.definition.map { Int64($0) + 1 })
            writer.member("settled", isSettled)
            writer.key("positions")
            writer.object { writer in
                writer.key(String(partition.value))
                // The site's own: that of the partition would tell how busy other sites are.
                writer.integer(question.site.nextOffset.value)
            }
            writer.member("newest_event_time", microseconds: newest.eventTime)
            writer.member("newest_created_at", microseconds: newest.createdAt)
            writer.member("freshness_seconds", newest.age(at: question.clock))
            if let span = question.clockDispute {
                writer.key("clock_disputed")
                writer.object { writer in
                    writer.member("from", span.from)
                    writer.member("to", span.to)
                }
            }
            if question.isRederiving { writer.member("rederiving", true) }
            if question.snapshot.progress.isHalted { writer.member("stopped", true) }
            if question.snapshot.progress.isOldGeneration { writer.member("old_generation", true) }
        }
    }
}

extension NewestArrival {
    /// Seconds since the newest event was received; null without events. Events that are stamped ahead of the clock are as
    /// fresh as can be.
    func age(at clock: Timestamp) -> FigureValue {
        let age = createdAt.map { max(0, clock.microseconds - $0) }
        return age.flatMap { FixedPoint.seconds($0) }.map { .decimal($0) } ?? .null
    }
}
