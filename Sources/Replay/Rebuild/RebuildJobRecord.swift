internal import EventModel
internal import JSON

/// A job as it is stored: the value of a record in `andon.jobs.v1` under the job's id, and of a row in `jobs.sqlite`.
///
/// Readers ignore members that they do not know. `accepted_differences` and `forced_reason` are null unless it was
/// promoted with them.
///
///     {"id":"5f0c91aa","created_at":"2026-02-03T03:10:00.000000Z","by":"night shift","reason":"idle time looks wrong",
///      "pace":"auto","follows":null,"wanted":"promoted","accepted_differences":12,"forced_reason":null,
///      "changed_at":"2026-02-03T03:40:00.000000Z","changed_by":"night shift","revision":2}
enum RebuildJobRecord {
    /// Longer ones are not of Andon.
    private static let bytesMaximum = 16 << 10

    static func json(_ job: RebuildJob) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in write(job, to: &json) }
        return json.bytes
    }

    /// The members, for records and answers.
    static func write(_ job: RebuildJob, to json: inout JSONWriter) {
        json.member("id", job.id.text)
        json.member("created_at", job.createdAt.formatted)
        json.member("by", job.by)
        json.member("reason", job.reason)
        json.key("pace")
        switch job.pace {
        case .auto: json.string("auto")
        case .eventsPerSecond(let rate): json.integer(rate)
        }
        json.key("follows")
        json.string(orNull: job.follows?.text)
        json.member("wanted", job.wanted.rawValue)
        json.key("accepted_differences")
        json.integer(orNull: job.acceptedDifferences)
        json.key("forced_reason")
        json.string(orNull: job.forcedReason)
        json.member("changed_at", job.changedAt.formatted)
        json.member("changed_by", job.changedBy)
        json.member("revision", job.revision)
    }

    /// nil if the bytes are not a valid record of this id, or say what this version does not know: then nothing is done
    /// for the job.
    static func job(_ bytes: [UInt8], id: JobID) -> RebuildJob? {
        guard bytes.count <= bytesMaximum, let value = JSONValue(bytes), value["id"] == .string(id.text),
            let createdAt = time(value["created_at"]), let changedAt = time(value["changed_at"]),
            case .string(let by)? = value["by"], case .string(let reason)? = value["reason"],
            case .string(let changedBy)? = value["changed_by"],
            let pace = value["pace"]?.text.flatMap(RebuildPace.init),
            case .string(let word)? = value["wanted"], let wanted = RebuildJob.Wanted(rawValue: word),
            case .number(let revision)? = value["revision"], let revision = Int64(revision), revision > 0,
            let accepted = number(value["accepted_differences"]), let forced = text(value["forced_reason"]),
            let named = text(value["follows"]), let follows = jobID(named)
        else { return nil }
        var job = RebuildJob(id: id, by: by, reason: reason, pace: pace, follows: follows, createdAt: createdAt)
        (job.wanted, job.acceptedDifferences, job.forcedReason) = (wanted, accepted, forced)
        (job.changedAt, job.changedBy, job.revision) = (changedAt, changedBy, revision)
        return job
    }

    private static func time(_ value: JSONValue?) -> Timestamp? {
        guard case .string(let text)? = value else { return nil }
        return Timestamp(rfc3339: text)
    }

    /// nil: neither a number nor null.
    private static func number(_ value: JSONValue?) -> Int64?? {
        switch value {
        case .null?: .some(nil)
        case .number(let text)?: Int64(text).flatMap { $0 >= 0 ? .some($0) : nil }
        default: nil
        }
    }

    /// nil: no id.
    private static func jobID(_ text: String?) -> JobID?? {
        guard let text else { return .some(nil) }
        return JobID(text).map { .some($0) }
    }

    private static func text(_ value: JSONValue?) -> String?? {
        switch value {
        case .null?: .some(nil)
        case .string(let text)?: .some(text)
        default: nil
        }
    }
}
