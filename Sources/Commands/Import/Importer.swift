internal import EventModel
internal import Foundation
internal import JSON

/// Sends the events of an input through a gateway, batch by batch, and stores its progress after each one.
///
/// One batch is in flight at a time, so events of one key reach the log in input order (SPEC 2.6). A batch whose outcome
/// is unknown is sent again: by SPEC 2.6 that changes no figure.
struct Importer {
    /// What the importer needs from its environment.
    struct Environment {
        var client: APIClient
        var isStopping: () -> Bool
        /// Blocks for this many milliseconds, or until a stop is requested.
        var pause: (Int) -> Void
        var milliseconds: () -> Int64
        /// For people, on stderr.
        var note: (String) -> Void
        var progress: (String) -> Void
        var errorIsTerminal: Bool

        /// A note that does not run into the bar.
        func say(_ text: String) { note(errorIsTerminal ? "\r\u{1B}[K" + text : text) }
    }

    struct Outcome {
        var state: ImportState
        /// The first few rejections of this run.
        var rejections: [Rejection] = []
        /// How many there were in this run.
        var rejectionCount: Int64 = 0
        /// False when a signal stopped it.
        var isComplete = false
        /// Why the input could not be read to its end.
        var fault: CommandFailure?
    }

    /// Maximum number of rejected events shown individually; the rest are only counted.
    static let rejectionsShownMaximum = 10

    let input: ImportInput
    let batchEvents: Int
    let server: PatientServer
    /// nil for stdin.
    let stateFile: ImportStateFile?
    let rejects: RejectsFile?
    let environment: Environment

    /// Continues from `start` to the end of the input, or until a stop is requested.
    /// - Throws: ``CommandFailure`` if the server stays unavailable or refuses a whole batch; the progress acknowledged
    ///   so far is stored.
    func run(from start: ImportState) throws -> Outcome {
        var outcome = Outcome(state: start)
        var source = try input.source(from: start, note: environment.say)
        var meter = ProgressMeter(
            label: "import", total: input.file?.byteCount,
            done: input.stream.isCompressed ? 0 : start.offset, isTerminal: environment.errorIsTerminal,
            milliseconds: environment.milliseconds())
        defer { meter.end().map(environment.progress) }
        var pending: SourceEvent?
        while !environment.isStopping() {
            let batch = Batch(
                from: &source, pending: &pending, after: outcome.state, eventsMaximum: batchEvents,
                bytesMaximum: ImportInput.eventBytesMaximum)
            var rejections = batch.unreadable.map(Self.rejection)
            for rejection in rejections { outcome.state.verdicts.rejected[rejection.code, default: 0] += 1 }
            guard try send(batch.events[...], &outcome.state, &rejections, tick: { show(&meter, $0, since: start) })
            else { break }
            outcome.add(rejections.sorted { $0.line < $1.line })
            try rejects?.append(rejections)
            outcome.state.rejectsBytes = rejects?.byteCount ?? 0
            outcome.state.offset = batch.end
            outcome.state.lines = batch.endLine
            outcome.isComplete = batch.isLast
            outcome.fault = batch.fault
            try stateFile?.save(outcome.state)
            show(&meter, outcome.state, since: start)
            if batch.isLast { break }
        }
        return outcome
    }

    private func show(_ meter: inout ProgressMeter, _ state: ImportState, since start: ImportState) {
        meter.status(
            done: input.stream.isCompressed ? input.stream.fileOffset : state.offset,
            events: state.verdicts.total - start.verdicts.total, milliseconds: environment.milliseconds()
        ).map(environment.progress)
    }

    /// Sends events as one request, in halves where they are too large together, and adds their verdicts.
    ///
    /// A proxy may accept less than the gateway. Split like this, no good event shares the fate of its neighbours.
    /// - Returns: false if a stop was requested.
    private func send(
        _ events: ArraySlice<SourceEvent>, _ state: inout ImportState, _ rejections: inout [Rejection],
        tick: (ImportState) -> Void
    ) throws -> Bool {
        guard let first = events.first else { return true }
        let query = state.target.site.map { [(name: "site_id", value: $0)] } ?? []
        let request = APIRequest(
            method: "POST", target: APIRequest.target("/api/events/batch", query),
            headers: [("Content-Type", "application/x-ndjson")], body: Batch.body(events))
        let sent = state
        let answer = try server.answer(
            { client throws(TransportFailure) in try client.send(request) }, next: howToGoOn(sent), tick: { tick(sent) }
        )
        guard let answer else { return false }
        if answer.status == 413 {
            guard events.count > 1 else {
                state.verdicts.rejected["too_large", default: 0] += 1
                rejections.append(Self.rejection(first, "too_large", "the server refuses it: too large"))
                return true
            }
            let middle = events.startIndex + events.count / 2
            return try send(events[..<middle], &state, &rejections, tick: tick)
                && send(events[middle...], &state, &rejections, tick: tick)
        }
        guard answer.isSuccess else { throw environment.client.failure(answer) }
        try count(answer, of: events, &state, &rejections)
        return true
    }

    private func howToGoOn(_ state: ImportState) -> String {
        stateFile == nil
            ? "run it again from the beginning: sending an event again changes no figure"
            : "run the same command again: it goes on at byte \(state.offset)"
    }

    /// Adds the verdicts of one answer (SPEC 2.4).
    private func count(
        _ answer: APIAnswer, of events: ArraySlice<SourceEvent>, _ state: inout ImportState,
        _ rejections: inout [Rejection]
    ) throws {
        guard let verdicts = BatchAnswer(answer.body) else {
            throw CommandFailure(
                .failure, "the server answered \(answer.status) with something that is not a batch's answer",
                next: "check that --url names an Andon server")
        }
        state.verdicts.accepted += verdicts.accepted
        state.verdicts.duplicates += verdicts.duplicates
        state.position = verdicts.position ?? state.position
        for fault in verdicts.faults where fault.code != "duplicate" {
            state.verdicts.rejected[fault.code, default: 0] += 1
            guard fault.code != "low_confidence" else { continue }
            guard events.count > fault.index, fault.index >= 0 else { continue }
            var rejection = Self.rejection(events[events.startIndex + fault.index], fault.code, fault.message)
            rejection.field = fault.field
            rejection.value = fault.field.flatMap { JSONValue(rejection.event)?[$0] } ?? fault.value
            rejections.append(rejection)
        }
    }

    private static func rejection(_ event: SourceEvent) -> Rejection {
        guard case .unreadable(let code, let reason, _) = event.content else { return rejection(event, "", "") }
        return rejection(event, code, reason)
    }

    private static func rejection(_ event: SourceEvent, _ code: String, _ message: String) -> Rejection {
        Rejection(line: event.line, code: code, message: message, event: event.text)
    }
}

extension Importer.Outcome {
    fileprivate mutating func add(_ new: [Rejection]) {
        rejectionCount += Int64(new.count)
        rejections += new.prefix(Importer.rejectionsShownMaximum - rejections.count)
    }
}

/// The parts of a batch's answer (SPEC 2.4) that an import reads.
private struct BatchAnswer {
    struct Fault {
        var index: Int
        var code: String
        var field: String?
        var message: String
        var value: JSONValue?
    }

    var accepted: Int64
    var duplicates: Int64
    var position: String?
    var faults: [Fault] = []

    /// nil if the body is something else.
    init?(_ body: [UInt8]) {
        guard let answer = JSONValue(body), let accepted = answer["success_count"]?.text.flatMap({ Int64($0) }),
            let duplicates = answer["duplicate_count"]?.text.flatMap({ Int64($0) })
        else { return nil }
        self.accepted = accepted
        self.duplicates = duplicates
        position = answer["position"]?.text
        for error in answer["errors"]?.items ?? [] {
            guard let index = error["index"]?.text.flatMap({ Int($0) }), let code = error["code"]?.text else {
                return nil
            }
            faults.append(
                Fault(
                    index: index, code: code, field: error["field"]?.text, message: error["message"]?.text ?? "",
                    value: error["value"].flatMap { $0 == .null ? nil : $0 }))
        }
    }
}
