// Layer: the published contract.
import EventModel
import Foundation
import Testing

@testable import Cluster

@Suite("Records of the workers topic and the examples of their JSON Schema")
struct SchemaExampleTests {
    @Test("the examples are read, and written again as they were")
    func holders() throws {
        let top = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let file = top.appending(path: "Schemas/andon/v1/holder.schema.json")
        let schema = try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any]
        let examples = try #require(schema?["examples"] as? [NSDictionary])
        #expect(!examples.isEmpty)
        for example in examples {
            let partition = try #require(example["partition"] as? NSNumber).int32Value
            let worker = try #require(example["worker_id"] as? String)
            let key = HolderKey(partition: PartitionIndex(partition), workerID: worker)
            let value = Array(try JSONSerialization.data(withJSONObject: example))
            let record = try #require(HolderRecord(key: key.bytes, value: value))
            #expect(try JSONSerialization.jsonObject(with: Data(record.json)) as? NSDictionary == example)
        }
    }
}
