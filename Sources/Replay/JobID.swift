/// Names a job: what operators write, and the name of a key in the log of jobs.
public struct JobID: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let text: String

    /// - Returns: nil unless it is 1 to 64 of the characters `a-z 0-9 -`.
    public init?(_ text: String) {
        let allowed = text.utf8.allSatisfy { byte in
            UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
                || byte == UInt8(ascii: "-")
        }
        guard allowed, 1...64 ~= text.utf8.count else { return nil }
        self.text = text
    }

    public static func < (one: JobID, other: JobID) -> Bool { one.text < other.text }

    public var description: String { text }
}
