import EventModel

// libFuzzer's entry for the ingest parser: simdjson's first stage, the C++ behind it and the judging of events.
// `Deploy/fuzz` compiles it into one module with the sources of Gateway that do this.
//
// The first byte picks the layout. What the parser takes for JSON is compared with the reader of definitions, which
// shares no code with it.

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
        if layout != .lines { precondition(isJSON(body), "taken though it is not JSON") }
        _ = parser.namedSite(layout)
        parser.judge(by: roster, into: request)
        check(body)
    } catch {
        precondition(layout != .lines || (error != .malformed && error != .tooDeep), "a line cost the others")
        let isBroken = error == .malformed || error == .tooDeep
        if layout != .lines, isBroken { precondition(!isJSON(body), "refused though it is JSON") }
    }
    return 0
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
