/// Cuts a stream of server-sent events behind events, so that no half of one is passed on when the stream breaks.
struct FrameSplitter: Sendable {
    /// A frame is at most an answer; lists are whole (SPEC 8.5).
    static let frameBytesMaximum = 64 * 1024 * 1024

    private var rest: [UInt8] = []

    /// More than a frame may hold has come without an end.
    var isOverLimit: Bool { rest.count > Self.frameBytesMaximum }

    /// - Returns: Whole events; empty where none has ended.
    mutating func take(_ part: [UInt8]) -> [UInt8] {
        // The end may lie between two parts.
        let start = max(0, rest.count - 1)
        rest += part
        var end = rest.count
        while end - 2 >= start {
            if rest[end - 1] == 10, rest[end - 2] == 10 {
                let whole = Array(rest[..<end])
                rest.removeFirst(end)
                return whole
            }
            end -= 1
        }
        return []
    }
}
