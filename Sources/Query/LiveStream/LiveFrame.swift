/// Server-sent events as bytes, and the JSON in them.
enum LiveFrame {
    /// The first bytes of a stream: how long a client waits before it connects again.
    static let start = Array("retry: 2000\n\n".utf8)
    /// Says that the stream is alive; no client shows it.
    static let comment = Array(": alive\n\n".utf8)

    enum Kind: String { case snapshot, change }

    /// - Parameters:
    ///   - id: The positions, for `Last-Event-ID`.
    ///   - members: JSON members, each with a comma behind it.
    ///   - meta: The member `meta`.
    static func event(
        _ topic: LiveTopic, id: [UInt8], _ kind: Kind, _ members: [UInt8], meta: [UInt8]
    ) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(members.count + meta.count + 128)
        bytes += "event: \(topic.rawValue)\nid: ".utf8
        bytes += id
        bytes += "\ndata: {\"kind\":\"\(kind.rawValue)\",".utf8
        bytes += members
        bytes += meta
        bytes += "}\n\n".utf8
        return bytes
    }

    /// The last event of a stream that cannot go on.
    /// - Parameter json: The problem.
    static func problem(_ json: [UInt8]) -> [UInt8] { Array("event: problem\ndata: ".utf8) + json + Array("\n\n".utf8) }

    /// A member that is a list of finished values, with a comma behind it.
    static func list(_ name: String, _ values: [[UInt8]]) -> [UInt8] {
        var bytes = Array("\"\(name)\":[".utf8)
        bytes.reserveCapacity(values.reduce(16) { $0 + $1.count + 1 })
        for (index, value) in values.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes += value
        }
        bytes += "],".utf8
        return bytes
    }
}
