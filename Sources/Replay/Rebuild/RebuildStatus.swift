internal import EventModel
internal import HTTPServer
internal import JSON

/// How a rebuild is: what is wanted, and what its holders say.
struct RebuildStatus: Sendable {
    let job: RebuildJob
    /// nil where nobody was asked.
    let reports: [RebuildReport]?
    let missing: [MissingPartition]

    init(_ job: RebuildJob, _ gathered: GatheredRebuild<RebuildReport>?) {
        self.job = job
        reports = gathered?.answers
        missing = gathered?.missing ?? []
    }

    var state: RebuildState { .of(job, reports ?? [], isComplete: missing.isEmpty) }

    /// Partitions whose holders answer, and have not done yet what is wanted.
    var waiting: [PartitionIndex] {
        (reports ?? []).filter { !$0.hasActed || $0.revision < job.revision }.map(\.partition)
    }

    /// Whether all holders have done what is wanted.
    var isDone: Bool { waiting.isEmpty && missing.isEmpty }

    /// The partition that will be level last: one that has failed, else the one with the most time left, else the one
    /// with the smallest part done. nil where all are level.
    private var lagging: PartitionIndex? {
        let behind = (reports ?? []).filter { ![.level, .promoted, .cancelled, .rolledBack].contains($0.state) }
        func isAhead(_ one: RebuildReport, _ other: RebuildReport) -> Bool {
            let failed = (one.state == .failed, other.state == .failed)
            if failed.0 != failed.1 { return failed.1 }
            if let left = one.secondsLeft, let otherLeft = other.secondsLeft, left != otherLeft {
                return left < otherLeft
            }
            return one.recordsTotal - one.recordsDone < other.recordsTotal - other.recordsDone
        }
        return behind.max(by: isAhead)?.partition
    }

    /// Refuses to promote before every partition is level.
    func requireLevel() throws(Problem) {
        try Problem.requireNone(missing)
        let behind = (reports ?? []).filter { $0.state != .level && $0.state != .promoted }
        guard let first = behind.first else { return }
        let names = behind.prefix(8).map { "\($0.partition.value)" }.joined(separator: ", ")
        let what = behind.count == 1 ? "partition \(names) is" : "partitions \(names) are"
        let reason = first.failure.map { ": \($0)" } ?? ""
        throw .conflict("rebuild \(job.id): \(what) not level yet\(reason)", job, "not_level")
    }

    // MARK: JSON

    /// The whole answer, with every partition.
    var json: [UInt8] {
        var json = JSONWriter()
        json.object { json in
            writeJob(to: &json)
            json.key("totals")
            writeTotals(to: &json)
            json.key("lagging")
            json.integer(orNull: lagging.map { Int64($0.value) })
            json.key("partitions")
            json.array { json in for report in reports ?? [] { report.write(to: &json) } }
            json.key("waiting")
            json.array { json in for partition in waiting { json.integer(Int64(partition.value)) } }
            MissingPartition.write(missing, to: &json)
            json.key("meta")
            json.object { _ in }
        }
        return json.bytes
    }

    /// An item of the list.
    func writeItem(to json: inout JSONWriter) { json.object { json in writeJob(to: &json) } }

    private func writeJob(to json: inout JSONWriter) {
        json.member("state", state.rawValue)
        RebuildJobRecord.write(job, to: &json)
    }

    private func writeTotals(to json: inout JSONWriter) {
        let reports = reports ?? []
        json.object { json in
            json.member("records_done", reports.reduce(0) { $0 + $1.recordsDone })
            json.member("records_total", reports.reduce(0) { $0 + $1.recordsTotal })
            json.member("events", reports.reduce(0) { $0 + $1.events })
            json.member("events_per_second", reports.reduce(0) { $0 + $1.eventsPerSecond })
            // As long as the last one takes; nobody knows while one does not say.
            let left = reports.map(\.secondsLeft)
            json.key("eta_seconds")
            json.integer(orNull: left.contains(nil) || !missing.isEmpty ? nil : left.compactMap { $0 }.max())
        }
    }
}

extension MissingPartition {
    static func write(_ missing: [MissingPartition], to json: inout JSONWriter) {
        json.key("missing")
        json.array { json in
            for each in missing {
                json.object { json in
                    json.member("partition", Int64(each.partition.value))
                    json.member("reason", each.reason)
                }
            }
        }
    }
}

extension Problem {
    /// 503 that names the partitions of which nobody answered, if there are any.
    static func requireNone(_ missing: [MissingPartition]) throws(Problem) {
        guard let first = missing.first else { return }
        var json = JSONWriter()
        json.array { json in
            for each in missing {
                json.object { json in
                    json.member("partition", Int64(each.partition.value))
                    json.member("reason", each.reason)
                }
            }
        }
        throw Problem(
            503, detail: "partition \(first.partition.value): \(first.reason); nothing was changed",
            extensions: [("missing", .raw(json.bytes))], headers: [("Retry-After", "2")])
    }
}

/// What differs between the generations of all partitions.
struct RebuildDifferences: Sendable {
    /// Differences that a refusal lists.
    static let refusalMaximum = 10

    let job: JobID
    let partitions: [PartitionDifferences]
    let missing: [MissingPartition]
    /// Largest first.
    let largest: [JSONValue]

    init(_ job: JobID, _ gathered: GatheredRebuild<PartitionDifferences>, limit: Int = refusalMaximum) {
        (self.job, partitions, missing) = (job, gathered.answers, gathered.missing)
        let all = partitions.flatMap(\.differences)
        largest = Array(
            all.enumerated().sorted {
                ($0.element.differenceSize, $1.offset) > ($1.element.differenceSize, $0.offset)
            }.prefix(limit).map(\.element))
    }

    var equal: Int64 { partitions.reduce(0) { $0 + $1.equal } }
    var different: Int64 { partitions.reduce(0) { $0 + $1.different } }
    private var notes: [String] { partitions.flatMap(\.notes) }

    func requireComplete() throws(Problem) { try Problem.requireNone(missing) }

    /// Refuses where more differs than is accepted. What could not be compared is not accepted by any number.
    func require(differencesMaximum accepted: Int64) throws(Problem) {
        guard different > accepted || !notes.isEmpty else { return }
        let what = notes.first ?? "\(different) of \(equal + different) differ"
        let limit = accepted > 0 && notes.isEmpty ? ", more than the \(accepted) that are accepted" : ""
        var differences = JSONWriter()
        differences.array { json in for each in largest { json.value(each) } }
        var remarks = JSONWriter()
        remarks.array { json in for note in notes { json.string(note) } }
        throw Problem(
            409, detail: "rebuild \(job) is not promoted: \(what)\(limit)",
            extensions: [
                ("code", .string("generations_differ")), ("rebuild", .string(job.text)), ("equal", .integer(equal)),
                ("different", .integer(different)), ("differences", .raw(differences.bytes)),
                ("notes", .raw(remarks.bytes)),
            ])
    }

    var json: [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.member("id", job.text)
            json.member("is_equal", missing.isEmpty && partitions.allSatisfy(\.isEqual))
            json.member("equal", equal)
            json.member("different", different)
            json.key("partitions")
            json.array { json in
                for each in partitions {
                    json.object { json in
                        json.member("partition", Int64(each.partition.value))
                        json.member("position", each.position)
                        json.member("equal", each.equal)
                        json.member("different", each.different)
                    }
                }
            }
            json.key("differences")
            json.array { json in for each in largest { json.value(each) } }
            json.key("notes")
            json.array { json in for note in notes { json.string(note) } }
            MissingPartition.write(missing, to: &json)
            json.key("meta")
            json.object { _ in }
        }
        return json.bytes
    }
}
