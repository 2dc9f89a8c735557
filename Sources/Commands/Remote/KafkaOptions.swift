internal import EventLog
internal import Files
internal import Foundation
internal import KafkaLog

/// The Kafka cluster that a command talks to.
struct KafkaOptions: Sendable {
    /// `HOST:PORT[,HOST:PORT…]`
    var brokers: String
    var names: TopicNames
    /// librdkafka's own settings, for encryption and passwords.
    var properties: [KafkaProperty]
    /// The file that they are from; nil if there is none, or if nobody needs to know.
    var propertyPath: String?

    static let brokers = Option<String>(
        "brokers", "HOST:PORT[,…]", "Kafka brokers to begin with; they name the others"
    ) { text throws(InvalidValue) in
        let names = text.split(separator: ",", omittingEmptySubsequences: false)
        guard names.allSatisfy({ (try? ListenAddress(String($0))) != nil }) else {
            throw InvalidValue("HOST:PORT, or several with commas between them")
        }
        return text
    }
    static let topicPrefix = Option<String>(
        "topic-prefix", "TEXT", "the beginning of all topic names", default: "andon"
    ) { text throws(InvalidValue) in
        let allowed = text.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
                || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".")
        }
        guard allowed, 1...100 ~= text.utf8.count else {
            throw InvalidValue("1 to 100 of the characters A-Z a-z 0-9 . _ -")
        }
        return text
    }
    static let propertyFile = Option.text(
        "kafka-config", "FILE", "librdkafka settings, one name=value a line, e.g. security.protocol; may hold secrets")

    static let specs = [brokers.spec, topicPrefix.spec, propertyFile.spec]

    /// nil if no brokers are named.
    static func given(_ invocation: Invocation) throws(CommandFailure) -> KafkaOptions? {
        guard let brokers = try invocation.optional(brokers) else { return nil }
        let path = try invocation.optional(propertyFile)
        return KafkaOptions(
            brokers: brokers, names: TopicNames(prefix: try invocation.value(topicPrefix)),
            properties: try path.map(readProperties) ?? [], propertyPath: path)
    }

    /// The options that name this cluster and its topics.
    var words: [String] {
        ["--brokers", brokers] + (names.prefix == TopicNames().prefix ? [] : ["--topic-prefix", names.prefix])
            + (propertyPath.map { ["--kafka-config", $0] } ?? [])
    }

    /// - Throws: a usage error if no brokers are named.
    static func required(_ invocation: Invocation) throws(CommandFailure) -> KafkaOptions {
        guard let given = try given(invocation) else {
            throw CommandFailure(
                .usage, "--brokers is missing", why: "this command works on Kafka",
                next: "andon \(invocation.command.name) --help")
        }
        return given
    }

    static func readProperties(_ path: String) throws(CommandFailure) -> [KafkaProperty] {
        let bytes: [UInt8]
        do throws(FileFailure) {
            bytes = try WholeFile.read(path)
        } catch {
            throw CommandFailure(
                .badData, "cannot read '\(path)'", why: error.reason, next: "check the path given with --kafka-config")
        }
        do throws(LogError) {
            return try KafkaProperty.parse(String(decoding: bytes, as: UTF8.self))
        } catch {
            throw CommandFailure(.badData, "'\(path)': \(error.message)", next: error.hint)
        }
    }

    /// The configuration for librdkafka.
    /// - Parameter role: names the process in the brokers' logs.
    func settings(_ role: String) throws(CommandFailure) -> KafkaSettings {
        do throws(LogError) {
            return try KafkaSettings(
                brokers: brokers, clientID: "andon-\(role)", names: names, properties: properties)
        } catch {
            throw CommandFailure(.usage, error.message, next: error.hint)
        }
    }
}
