// Layer: the published contract, as text.
import EventLog
import Foundation
import KafkaLog
import Testing

@Suite("The topics that are created and those of Schemas/asyncapi.yaml (DESIGN 3)")
struct AsyncAPITests {
    /// The channels of the document: the text between one address and the next, up to the operations.
    private func channels() throws -> [String: String] {
        let top = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(contentsOf: top.appending(path: "Schemas/asyncapi.yaml"), encoding: .utf8)
        let part = try #require(text.components(separatedBy: "\noperations:\n").first)
        var channels: [String: String] = [:]
        for channel in part.components(separatedBy: "    address: ").dropFirst() {
            let name = try #require(channel.split(separator: "\n").first)
            channels[String(name)] = channel
        }
        return channels
    }

    @Test("each topic has the partitions, copies and properties that the document says")
    func plan() throws {
        let channels = try channels()
        let plan = TopicPlan()
        #expect(Set(plan.topics.map(\.name)) == Set(channels.keys))
        for topic in plan.topics {
            let channel = try #require(channels[topic.name])
            let lines = Set(channel.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) })
            #expect(lines.contains("partitions: \(topic.partitions)"), "\(topic.name)")
            #expect(lines.contains("replicas: \(topic.replication)"), "\(topic.name)")
            #expect(lines.contains("cleanup.policy: [\(topic.cleanup.rawValue)]"), "\(topic.name)")
            for property in ["retention.ms", "retention.bytes", "max.message.bytes"] {
                let said = lines.first { $0.hasPrefix("\(property): ") }
                #expect(said == topic.configuration[property].map { "\(property): \($0)" }, "\(topic.name)")
            }
        }
    }
}
