// Layer: the published contract.
import EventModel
import Foundation
import Testing

@testable import Access
@testable import Gateway
@testable import Sites

@Suite("Records of registry and keys and the examples of their JSON Schemas")
struct SchemaExampleTests {
    /// The examples of `Schemas/andon/v1/NAME.schema.json`.
    private func examples(_ name: String) throws -> [NSDictionary] {
        let top = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let file = top.appending(path: "Schemas/andon/v1/\(name).schema.json")
        let schema = try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any]
        let examples = try #require(schema?["examples"] as? [NSDictionary])
        try #require(!examples.isEmpty)
        return examples
    }

    private func bytes(_ example: NSDictionary) throws -> [UInt8] {
        Array(try JSONSerialization.data(withJSONObject: example))
    }

    private func object(_ bytes: [UInt8]) throws -> NSDictionary? {
        try JSONSerialization.jsonObject(with: Data(bytes)) as? NSDictionary
    }

    @Test("the registry's examples are read, and written again as they were")
    func registry() throws {
        for example in try examples("registry") {
            let id = try #require((example["site"] as? NSDictionary)?["site_id"] as? String)
            let record = try #require(RegistryRecord(try bytes(example), site: SiteID(id)))
            #expect(try object(record.json) == example)
        }
    }

    @Test("the keys' examples are read, and written again as they were")
    func keys() throws {
        for example in try examples("key") {
            let id = try #require(example["id"] as? String)
            let key = try #require(KeyRecord.key(try bytes(example), id: id))
            #expect(try object(KeyRecord.json(key)) == example)
        }
    }
}
