internal import EventModel
internal import Foundation

/// Sends a file of events through a gateway, batch by batch, and stores its progress after each one.
///
/// One batch is in flight at a time, so events of one key reach the log in file order (SPEC 2.6). A batch whose outcome
/// is unknown is sent again: by SPEC 2.6 that changes no figure.
struct Importer {
    /// What the importer needs from its environment.
    struct Surroundings {
        var client: APIClient
        var isStopping: () -> Bool
        /// Blocks for this many milliseconds, or until a stop is requested.
        var pause: (Int) -> Void
        var milliseconds: () -> Int64
        /// For people, on stderr.
        var note: (String) -> Void
        var progress: (String) -> Void
        var errorIsTerminal: Bool
    }

    /// A rejected event shown to the user.
    struct Rejection: Equatable {
        var line: Int64
        var code: String
        var message: String
    }

    struct Outcome {
        var state: ImportState
        /// The first few rejections of this run.
        var rejections: [Rejection]
        /// False when a signal stopped it.
        var isComplete: Bool
    }

    /// Maximum number of rejected events shown individually; the rest are only counted.
    static let rejectionsShownMaximum = 10
    /// Reserve for the newlines between the events of a batch.
    private static let batchBytesMaximum = Limits.bodyBytesMaximum - 64

    let path: String
    let batchEvents: Int
    let patienceMilliseconds: Int
    let stateFile: ImportStateFile
    let surroundings: Surroundings

    /// Continues from `start` to the end of the file, or until a stop is requested.
    /// - Throws: ``CommandFailure`` if the server stays unavailable or refuses a whole batch; the progress acknowledged
    ///   so far is stored.
    func run(from start: ImportState) throws -> Outcome {
        var outcome = Outcome(state: start, rejections: [], isComplete: false)
        var reader = try LineReader(
            path: path, offset: start.offset, lineBytesMaximum: Self.batchBytesMaximum)
        var meter = ProgressMeter(
            label: "import", total: start.file.byteCount, done: start.offset, isTerminal: surroundings.errorIsTerminal,
            milliseconds: surroundings.milliseconds())
        defer { meter.end().map(surroundings.progress) }
        var pending: Batch.Event?
        while !surroundings.isStopping() {
            let batch = try Batch(
                from: &reader, pending: &pending, line: outcome.state.lines, eventsMaximum: batchEvents,
                bytesMaximum: Self.batchBytesMaximum)
            if !batch.lines.isEmpty {
                guard let answer = try sendUntilAnswered(batch.body, outcome.state, &meter, since: start) else { break }
                try count(answer, of: batch, in: &outcome)
            }
            note(batch.tooLong, in: &outcome)
            outcome.state.offset = batch.end
            outcome.state.lines = batch.endLine
            outcome.isComplete = batch.isLast
            try stateFile.save(outcome.state)
            show(&meter, outcome.state, since: start)
            if batch.isLast { break }
        }
        return outcome
    }

    private func show(_ meter: inout ProgressMeter, _ state: ImportState, since start: ImportState) {
        meter.status(
            done: state.offset, events: state.verdicts.total - start.verdicts.total,
            milliseconds: surroundings.milliseconds()
        ).map(surroundings.progress)
    }

    /// The answer to one batch, retried while patience lasts; nil if a stop was requested.
    private func sendUntilAnswered(
        _ body: [UInt8], _ state: ImportState, _ meter: inout ProgressMeter, since start: ImportState
    ) throws -> APIAnswer? {
        var backoff = Backoff(patienceMilliseconds: patienceMilliseconds)
        let query = state.site.map { [(name: "site_id", value: $0)] } ?? []
        let request = APIRequest(
            method: "POST", target: APIRequest.target("/api/events/batch", query),
            headers: [("Content-Type", "application/x-ndjson")], body: body)
        while true {
            let failure: CommandFailure
            var retryAfter: Int?
            switch Result(catching: { () throws(TransportFailure) in try surroundings.client.send(request) }) {
            case .success(let answer):
                if answer.isSuccess { return answer }
                failure = surroundings.client.failure(answer)
                guard answer.isRetriable else { throw failure }
                retryAfter = answer.retryAfterSeconds
            case .failure(let error):
                failure = surroundings.client.unreachable(error)
                guard error.isRetriable else { throw failure }
            }
            guard var left = backoff.next(retryAfterSeconds: retryAfter) else {
                var last = failure
                last.next = "run the same command again: it goes on at byte \(state.offset)"
                throw last
            }
            while left > 0, !surroundings.isStopping() {
                let step = min(left, Int(ProgressMeter.barMillisecondsInterval))
                surroundings.pause(step)
                left -= step
                show(&meter, state, since: start)
            }
            if surroundings.isStopping() { return nil }
        }
    }

    /// Adds the verdicts of one answer (SPEC 2.4).
    private func count(_ answer: APIAnswer, of batch: Batch, in outcome: inout Outcome) throws {
        guard let verdicts = try? JSONDecoder().decode(BatchAnswer.self, from: Data(answer.body)) else {
            throw CommandFailure(
                .failure, "the server answered \(answer.status) with something that is not a batch's answer",
                next: "check that --url names an Andon server")
        }
        outcome.state.verdicts.accepted += verdicts.successCount
        outcome.state.verdicts.duplicates += verdicts.duplicateCount
        for error in verdicts.errors where error.code != "duplicate" {
            outcome.state.verdicts.rejected[error.code, default: 0] += 1
            guard error.code != "low_confidence", outcome.rejections.count < Self.rejectionsShownMaximum else {
                continue
            }
            let line = batch.lines.indices.contains(error.index) ? batch.lines[error.index] : 0
            outcome.rejections.append(Rejection(line: line, code: error.code, message: error.message ?? ""))
        }
    }

    private func note(_ tooLong: [Int64], in outcome: inout Outcome) {
        for line in tooLong {
            outcome.state.verdicts.rejected["too_large", default: 0] += 1
            guard outcome.rejections.count < Self.rejectionsShownMaximum else { continue }
            outcome.rejections.append(
                Rejection(line: line, code: "too_large", message: "longer than a request may be; not sent"))
        }
    }
}

/// The parts of a batch's answer (SPEC 2.4) that an import reads.
private struct BatchAnswer: Decodable {
    struct Fault: Decodable {
        var index: Int
        var code: String
        var message: String?
    }

    var successCount: Int64
    var duplicateCount: Int64
    var errors: [Fault]

    enum CodingKeys: String, CodingKey {
        case successCount = "success_count"
        case duplicateCount = "duplicate_count"
        case errors
    }
}
