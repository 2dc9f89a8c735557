// Layer: the published contract.
import EventModel
import Foundation
import Testing

@testable import Cluster

@Suite("Records of the workers topic and the examples of their JSON Schema")
struct SchemaExampleTests {
    private func examples(_ name: String) throws -> [NSDictionary] {
        let top = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let file = top.appending(path: "Schemas/andon/v1/\(name).schema.json")
        let schema = try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any]
        let examples = try #require(schema?["examples"] as? [NSDictionary])
        #expect(!examples.isEmpty)
        return examples
    }

    @Test("the example of a gateway's clock is read, and written again as it was (SPEC 2.9)")
    func clocks() throws {
        for example in try examples("clock") {
            let gateway = try #require(example["gateway_id"] as? String)
            let key = ClockBeacon(gatewayID: gateway, stamps: [:]).key
            let value = Array(try JSONSerialization.data(withJSONObject: example))
            let record = try #require(ClockBeacon(key: key, value: value))
            #expect(try JSONSerialization.jsonObject(with: Data(record.json)) as? NSDictionary == example)
        }
    }

    @Test("the examples of holders are read, and written again as they were")
    func holders() throws {
        for example in try examples("holder") {
            let partition = try #require(example["partition"] as? NSNumber).int32Value
            let worker = try #require(example["worker_id"] as? String)
            let key = HolderKey(partition: PartitionIndex(partition), workerID: worker)
            let value = Array(try JSONSerialization.data(withJSONObject: example))
            let record = try #require(HolderRecord(key: key.bytes, value: value))
            #expect(try JSONSerialization.jsonObject(with: Data(record.json)) as? NSDictionary == example)
        }
    }
}
