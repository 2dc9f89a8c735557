internal import CRdKafka
internal import EventLog

/// Properties of a client to be made; freed unless a client takes them over.
struct KafkaConfiguration: ~Copyable {
    let pointer: OpaquePointer

    init() { pointer = rd_kafka_conf_new() }

    deinit { rd_kafka_conf_destroy(pointer) }

    /// - Throws: ``LogError`` `.unavailable` when librdkafka does not know the property or refuses the value.
    func set(_ name: String, _ value: String) throws(LogError) {
        var text = [CChar](repeating: 0, count: 512)
        guard rd_kafka_conf_set(pointer, name, value, &text, text.count) == RD_KAFKA_CONF_OK else {
            throw LogError(
                .unavailable, "Kafka property \(name): \(text.cText)",
                hint: "see librdkafka's list of configuration properties")
        }
    }

    /// Which happenings come as events on a queue, as a set of `RD_KAFKA_EVENT_…` bits.
    func setEvents(_ events: Int32) { rd_kafka_conf_set_events(pointer, events) }

    /// What every callback of the client is handed.
    func setOpaque(_ opaque: UnsafeMutableRawPointer?) { rd_kafka_conf_set_opaque(pointer, opaque) }

    /// A copy, because a client takes its configuration over.
    func duplicate() -> KafkaConfiguration { KafkaConfiguration(owning: rd_kafka_conf_dup(pointer)) }

    private init(owning pointer: OpaquePointer) { self.pointer = pointer }

    /// Gives the properties away to a client; they are freed by it.
    consuming func take() -> OpaquePointer {
        let pointer = pointer
        discard self
        return pointer
    }
}

extension [CChar] {
    /// The text before the first NUL.
    var cText: String {
        String(decoding: prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
