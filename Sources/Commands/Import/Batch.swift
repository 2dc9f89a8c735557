/// The events of one request, and what was read on the way and cannot be sent.
struct Batch {
    private(set) var events: [SourceEvent] = []
    /// Refused here, see ``SourceEvent/Content/unreadable(code:reason:text:)``.
    private(set) var unreadable: [SourceEvent] = []
    /// Offset in the input after the last event.
    private(set) var end: Int64
    /// Number of the last line.
    private(set) var endLine: Int64
    /// Whether the input ends here.
    private(set) var isLast = false
    /// Why the input cannot be read on; what was read before it counts.
    private(set) var fault: CommandFailure?

    private var byteCount = 0

    /// How many events that cannot be sent a batch collects at most.
    private static let unreadableMaximum = 1_000

    /// Adds events until the batch is full or the input ends.
    /// - Parameters:
    ///   - pending: the event that did not fit into the previous batch; set to the one that does not fit into this one.
    ///   - state: where the batch begins.
    init(
        from source: inout any EventSource, pending: inout SourceEvent?, after state: ImportState, eventsMaximum: Int,
        bytesMaximum: Int
    ) {
        end = state.offset
        endLine = state.lines
        do throws(CommandFailure) {
            while events.count < eventsMaximum, unreadable.count < Self.unreadableMaximum {
                var event = pending
                pending = nil
                if event == nil { event = try source.next() }
                guard let event else {
                    isLast = true
                    return
                }
                guard take(event, bytesMaximum: bytesMaximum) else {
                    pending = event
                    return
                }
            }
        } catch {
            fault = error
            isLast = true
        }
    }

    /// False if the event does not fit.
    private mutating func take(_ event: SourceEvent, bytesMaximum: Int) -> Bool {
        switch event.content {
        case .unreadable:
            unreadable.append(event)
        case .json(let text):
            guard byteCount + text.count + 1 <= bytesMaximum || events.isEmpty else { return false }
            byteCount += text.count + 1
            events.append(event)
        }
        end = event.end
        endLine = event.endLine
        return true
    }

    /// NDJSON.
    static func body(_ events: ArraySlice<SourceEvent>) -> [UInt8] {
        var body: [UInt8] = []
        body.reserveCapacity(events.reduce(0) { $0 + $1.text.count + 1 })
        for event in events {
            body += event.text
            body.append(UInt8(ascii: "\n"))
        }
        return body
    }
}
