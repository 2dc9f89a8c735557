package import Clocks
internal import EventLog
package import EventModel

// What the sequencer's stamps have to do with the clock (SPEC 2.8, 2.9).
extension Sequencer {
    /// created_at of the prepared group, and the newest one of this sequencer.
    package var stamp: Timestamp { newestStamp }

    /// Whether the prepared records may still be appended: within 30 s of their created_at, including the time that the
    /// log may spend trying (SPEC 2.8).
    /// - Parameter waited: Microseconds since they were stamped, by a clock that nobody can set: the stamp may be ahead of
    ///   the wall clock, and that one may be set meanwhile.
    package func mayAppend(at now: Timestamp, waited: Int64, appendTimeoutMicroseconds: Int64) -> Bool {
        max(now - newestStamp, waited) + appendTimeoutMicroseconds <= Limits.appendDelayMicrosecondsMaximum
    }

    /// Time is to go back in this partition.
    package struct SetBack: Equatable {
        package var cause: SetBackCause
        /// The newest created_at of the partition, whoever stamped it.
        package var newestStamp: Timestamp

        package init(_ cause: SetBackCause, newestStamp: Timestamp) {
            self.cause = cause
            self.newestStamp = newestStamp
        }
    }

    /// The record that says so; the sequencer's stamp is the new time already.
    func record(of setBack: SetBack) -> NewRecord {
        let content = ClockSetBack(
            createdAt: newestStamp, newestCreatedAt: setBack.newestStamp, gatewayID: gatewayID,
            reason: setBack.cause.reason, confirmedBy: setBack.cause.confirmedBy)
        var payload: [UInt8] = []
        RecordCodec.encode(content, into: &payload)
        let key = Partitioner.key(ClockSetBack.keyPrefix, of: partition, partitionCount: partitionCount)
        return NewRecord(key: key, createdAt: newestStamp, payload: payload)
    }
}
