import EventModel

// libFuzzer's entry for the ingest parser: simdjson's first stage, the C++ behind it and the judging of events.
// `Deploy/fuzz` compiles it into one module with the sources of Gateway that do this.
//
// The first byte picks the layout. What the parser takes for JSON is compared with the reader of definitions, which
// shares no code with it; a list is read again with one more element that is not JSON, which must change nothing else.

private let parser = IngestParser()
// libFuzzer has one thread.
nonisolated(unsafe) private let request = ParsedRequest()
private let roster: SiteRoster = {
    var definition = SiteDefinition(siteID: "p")
    definition.workers = [SiteDefinition.Worker(workerID: "w")]
    definition.workstations = [SiteDefinition.Workstation(workstationID: "s")]
    return SiteRoster(
        PlacedDefinition(
            definition: definition, version: 1, createdAt: .earliest,
            position: RecordPosition(partition: PartitionIndex(0), offset: .zero)))
}()

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzIngest(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    guard let start, count > 0, let parser else { return 0 }
    guard let layout = BodyLayout(rawValue: UInt32(start[0]) % 3) else { return 0 }
    let body = UnsafeRawBufferPointer(start: start + 1, count: count - 1)
    do {
        try parser.read(body, layout)
        _ = parser.namedSite(layout)
        parser.judge(by: roster, into: request)
        if layout != .lines, !isJSON(body) {
            precondition(layout == .batch, "taken though it is not JSON")
            precondition(request.rejections.contains { $0.verdict == .invalidJSON }, "no element is broken")
        }
        check(body)
        if layout == .batch { checkPoisoned(body) }
    } catch {
        precondition(layout != .lines || !isBroken(error), "a line cost the others")
        if layout != .lines, isBroken(error) { precondition(!isJSON(body), "refused though it is JSON") }
        if case .malformed(let place) = error {
            precondition(0...body.count ~= place.offset && place.line > 0 && place.column > 0)
        }
    }
    return 0
}

private func isBroken(_ fault: BodyFault) -> Bool {
    switch fault {
    case .malformed, .utf16, .tooDeep: true
    case .noEvents, .notOneEvent, .noList, .tooManyEvents, .noMemory: false
    }
}

private let poison = Array(#"["\ud83d","#.utf8)

/// Puts an element that is not JSON before those of a list: all others keep their verdicts.
private func checkPoisoned(_ body: UnsafeRawBufferPointer) {
    guard body.first == UInt8(ascii: "["), request.eventCount < Limits.batchEventsMaximum, let parser else { return }
    let (indexes, rejections, batch) = (request.indexes, request.rejections, request.batch)
    let poisoned = poison + body.dropFirst()
    poisoned.withUnsafeBytes { poisoned in
        do {
            try parser.read(poisoned, .batch)
        } catch {
            preconditionFailure("one element cost the others")
        }
        parser.judge(by: roster, into: request)
    }
    precondition(request.indexes == indexes.map { $0 + 1 } && request.batch == batch)
    precondition(request.rejections.first?.verdict == .invalidJSON)
    precondition(request.rejections.dropFirst().map(\.verdict) == rejections.map(\.verdict))
}

private func isJSON(_ body: UnsafeRawBufferPointer) -> Bool {
    JSONValue(body, depthMaximum: Limits.jsonDepthMaximum) != nil
}

/// Every event has one verdict, and what is kept can be written to the log and read back.
private func check(_ body: UnsafeRawBufferPointer) {
    let rejected = request.rejections.map { Int($0.index) }
    let kept = request.indexes.map { Int($0) }
    precondition((rejected + kept).sorted() == Array(0..<request.eventCount))
    precondition(kept == kept.sorted() && rejected == rejected.sorted())
    precondition(kept.count == request.batch.count && request.hashes.count == request.batch.ids.count)
    for id in 0..<request.batch.ids.count {
        precondition(IdentifierRules.isIdentifier(request.batch.ids[id].span))
    }
    let marks = request.batch.marks
    request.judgeAgain(by: roster)
    precondition(marks == request.batch.marks, "judged again by the same definition, another verdict")
    var written: [UInt8] = []
    RecordCodec.encode(request.batch, into: &written)
    var again = EventBatch(siteID: "again")
    let kind = try? RecordCodec.decode(written, into: &again)
    precondition(kind == .events && again == request.batch)
}
