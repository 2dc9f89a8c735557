internal import CRdKafka
internal import EventModel

/// A position in a partition as librdkafka takes it: an offset, or a constant for one.
enum KafkaOffset: Hashable, Sendable {
    case beginning
    case end
    /// That many records before the end.
    case tail(Int64)
    case at(LogOffset)
    /// None: not yet known, or the position that the client has.
    case invalid

    init(rawValue: Int64) {
        switch rawValue {
        case Int64(RD_KAFKA_OFFSET_BEGINNING): self = .beginning
        case Int64(RD_KAFKA_OFFSET_END): self = .end
        case Int64(RD_KAFKA_OFFSET_INVALID): self = .invalid
        case ...Int64(RD_KAFKA_OFFSET_TAIL_BASE): self = .tail(Int64(RD_KAFKA_OFFSET_TAIL_BASE) - rawValue)
        case 0...: self = .at(LogOffset(rawValue))
        default: self = .invalid
        }
    }

    var rawValue: Int64 {
        switch self {
        case .beginning: Int64(RD_KAFKA_OFFSET_BEGINNING)
        case .end: Int64(RD_KAFKA_OFFSET_END)
        case .tail(let count): Int64(RD_KAFKA_OFFSET_TAIL_BASE) - count
        case .at(let offset): offset.value
        case .invalid: Int64(RD_KAFKA_OFFSET_INVALID)
        }
    }
}
