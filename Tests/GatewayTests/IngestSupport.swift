import EventModel
import Foundation

@testable import Gateway

/// A site with three workers and two stations.
func makeDefinition(_ site: SiteID = "plant") -> SiteDefinition {
    var definition = SiteDefinition(siteID: site, name: "Plant", timeZone: "Europe/Berlin")
    definition.workers = ["w1", "w2", "w3"].map { SiteDefinition.Worker(workerID: WorkerID($0), name: "N \($0)") }
    definition.workstations = ["s1", "s2"].map { SiteDefinition.Workstation(workstationID: WorkstationID($0)) }
    return definition
}

func makeRoster(_ definition: SiteDefinition = makeDefinition(), version: UInt64 = 1) -> SiteRoster {
    SiteRoster(
        PlacedDefinition(
            definition: definition, version: version, createdAt: Timestamp(microseconds: 0),
            position: RecordPosition(partition: PartitionIndex(0), offset: LogOffset(0))))
}

extension AdmissionRequest {
    static func definition(_ definition: SiteDefinition, bodyBytes: Int) -> AdmissionRequest {
        .definition(DefinitionPut(definition, bodyBytes: bodyBytes))
    }
}

/// An event as JSON; `changes` replaces fields by raw JSON, nil drops one.
func eventJSON(_ changes: [String: String?] = [:]) -> String {
    var fields: [(String, String)] = [
        ("timestamp", #""2026-01-12T06:00:00Z""#), ("worker_id", #""w1""#), ("workstation_id", #""s1""#),
        ("event_type", #""working""#), ("confidence", "0.9"),
    ]
    for (name, value) in changes.sorted(by: { $0.key < $1.key }) {
        fields.removeAll { $0.0 == name }
        if let value { fields.append((name, value)) }
    }
    return "{" + fields.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",") + "}"
}

/// Parses and judges a body as the ingest routes do.
func parse(
    _ body: [UInt8], _ layout: BodyLayout = .batch, by roster: SiteRoster = makeRoster()
) throws -> ParsedRequest {
    guard let parser = IngestParser() else { throw BodyFault.noMemory }
    let request = ParsedRequest()
    // Exactly as long as the body, so that the address sanitizer sees a byte too far.
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: body.count, alignment: 1)
    defer { copy.deallocate() }
    copy.copyBytes(from: body)
    try parser.read(UnsafeRawBufferPointer(copy), layout)
    parser.judge(by: roster, into: request)
    return request
}

func parse(
    _ body: String, _ layout: BodyLayout = .batch, by roster: SiteRoster = makeRoster()
) throws -> ParsedRequest {
    try parse(Array(body.utf8), layout, by: roster)
}

/// The verdict and field of a lone event, before the log thread has its say.
func verdict(_ event: String, by roster: SiteRoster = makeRoster()) throws -> (Verdict, EventField?) {
    let request = try parse("[\(event)]", by: roster)
    if let rejection = request.rejections.first { return (rejection.verdict, rejection.field) }
    return (request.batch.marks[0].verdict, nil)
}

/// A request of a batch of events, read and judged as ``Admission`` does it.
func request(
    _ events: [String], by roster: SiteRoster = makeRoster(), claim: IdempotencyClaim? = nil
) throws -> AdmissionRequest {
    let parsed = try parse("[\(events.joined(separator: ","))]", by: roster)
    return .events(IngestRequest(parsed: parsed, isSingle: false, claim: claim))
}

/// A sequencer as a gateway has one for each partition.
func makeSequencer(
    partition: PartitionIndex = PartitionIndex(0), definitions: [SiteRoster] = [makeRoster()],
    newestStamp: Timestamp = .earliest
) -> Sequencer {
    Sequencer(
        partition: partition, definitions: definitions, newestStamp: newestStamp)
}
