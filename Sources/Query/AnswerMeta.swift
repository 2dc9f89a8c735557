internal import EventModel
internal import Figures
internal import JSON

/// What every answer says about itself (SPEC 5.8).
struct AnswerMeta {
    let question: Question
    let partition: PartitionIndex
    let isSettled: Bool

    /// The version of SPEC that defines these figures.
    static let spec = 2

    func write(to writer: inout JSONWriter) {
        let progress = question.snapshot.progress
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
                writer.integer(progress.nextOffset.value)
            }
            let freshness = progress.newestCreatedAt.flatMap {
                FixedPoint.seconds(question.clock.microseconds - $0)
            }
            writer.member("freshness_seconds", freshness.map { .decimal($0) } ?? .null)
            if question.isRederiving { writer.member("rederiving", true) }
        }
    }
}
