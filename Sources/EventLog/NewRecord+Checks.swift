public import EventModel

extension NewRecord {
    /// Size of the record's content: key, headers and payload.
    public var byteCount: Int {
        headers.reduce(key.count + payload.count) { $0 + $1.name.utf8.count + $1.value.count }
    }

    /// Every implementation rejects the same records, before it stores any record of the call.
    /// - Throws: ``LogError/Code/invalidRecord`` above `Limits.recordBytesMaximum`.
    public func check() throws(LogError) {
        let count = byteCount
        guard count <= Limits.recordBytesMaximum else {
            throw LogError(
                .invalidRecord, "a record of \(count) bytes; at most \(Limits.recordBytesMaximum) are allowed",
                hint: "send fewer events in one request, or a smaller definition")
        }
    }

    /// Calls `body` with the record as readers see it. The pointers are valid only inside `body`.
    public func withLogRecord(at offset: LogOffset, _ body: (LogRecord) throws -> Void) rethrows {
        try key.withUnsafeBytes { key in
            try payload.withUnsafeBytes { payload in
                let headers = self.headers
                try body(
                    LogRecord(offset: offset, createdAt: createdAt, key: key, payload: payload, headers: { headers }))
            }
        }
    }
}

extension LogError {
    /// For a partition that the log does not have.
    public static func noPartition(_ partition: PartitionIndex, of count: Int32) -> LogError {
        LogError(.outOfRange, "the log has no partition \(partition.value); it has \(count)")
    }

    /// For an offset outside of the log.
    public static func noOffset(_ offset: LogOffset, start: LogOffset, end: LogOffset) -> LogError {
        LogError(
            .outOfRange, "offset \(offset.value) is not in the log, which reaches from \(start.value) to \(end.value)",
            hint: "a store that is ahead of its log belongs to another log, or the log was restored from an older copy")
    }
}
