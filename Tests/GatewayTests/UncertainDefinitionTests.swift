import EventLog
import EventModel
import HTTPServer
import Testing

@testable import Gateway
@testable import Sites

@Suite("A definition whose append has an unknown outcome (SPEC 3)")
struct UncertainDefinitionTests {
    let harness: GatewayHarness

    init() throws {
        harness = try GatewayHarness()
        try harness.define()
    }

    private static let lost = LogError(.uncertain, "the acknowledgement was lost")

    private func put(_ worker: WorkerID) -> HTTPResponse {
        var changed = makeDefinition()
        changed.workers.append(.init(workerID: worker))
        return harness.send(.put, "/api/sites/plant", body: DefinitionJSON.bytes(changed))
    }

    private func knows(_ worker: String) -> Bool {
        harness.batch([eventJSON(["worker_id": "\"\(worker)\""])]).errors.isEmpty
    }

    @Test("what the log has after all is in force, and the answer says so")
    func stored() throws {
        harness.log.onAppend { (moment, _) throws(LogError) in if case .after = moment { throw Self.lost } }
        let answer = put("w4")
        harness.log.onAppend(nil)
        #expect(answer.status == 200 && answer["version"] == "2" && answer["position"] == "0:1")
        #expect(knows("w4") && harness.gateway.site("plant")?.version == 2)
    }

    @Test("what the log does not have is not in force, and the answer is 503")
    func lost() throws {
        harness.log.failNextAppends(1, with: Self.lost)
        #expect(put("w4").status == 503)
        #expect(!knows("w4") && harness.gateway.site("plant")?.version == 1)
        #expect(put("w4")["version"] == "2")
    }

    @Test(
        "while the log does not say whether it has it, nothing is admitted; then it is in force, or not",
        arguments: [true, false])
    func unknown(isStored: Bool) throws {
        harness.log.onAppend { [log = harness.log] (moment, _) throws(LogError) in
            // From here on nothing can be read.
            if case .before = moment, isStored { return }
            log.failReads(with: LogError(.unavailable, "no broker"))
            throw Self.lost
        }
        #expect(put("w4").status == 503)
        harness.log.onAppend(nil)
        #expect(harness.batch([eventJSON()]).status == 503 && harness.gateway.site("plant")?.version == 1)
        harness.log.failReads(with: nil)
        #expect(harness.batch([eventJSON()]).status == 200)
        #expect(harness.gateway.site("plant")?.version == (isStored ? 2 : 1) && knows("w4") == isStored)
    }
}
