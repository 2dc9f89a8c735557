import Synchronization

/// Names requests, so that an answer, a line of the log and what a client or another process has written down can be
/// brought together. Not a secret.
enum RequestID {
    static let bytesMaximum = 64

    /// Different in every process, and after every start.
    private static let start = UInt64.random(in: .min ... .max)
    private static let count = Atomic<UInt64>(0)

    /// The client's own name for its request, if it is short and of letters, digits and `. _ - : / + =`; else a new one.
    static func of(_ sent: UnsafePointer<CChar>?) -> String {
        guard let sent else { return make() }
        let bytes = UnsafeRawBufferPointer(start: sent, count: bytesMaximum + 1).prefix { $0 != 0 }
        return accepted(bytes) ?? make()
    }

    static func accepted(_ bytes: some Collection<UInt8>) -> String? {
        guard 1...bytesMaximum ~= bytes.count, bytes.allSatisfy(isAllowed) else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"),
            UInt8(ascii: ":"), UInt8(ascii: "/"), UInt8(ascii: "+"), UInt8(ascii: "="):
            true
        default: false
        }
    }

    /// 16 hexadecimal digits, none twice in a process: a counter, mixed by the last steps of SplitMix64.
    static func make() -> String {
        var value = start &+ count.add(1, ordering: .relaxed).newValue &* 0x9e37_79b9_7f4a_7c15
        value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
        value ^= value >> 31
        return String(unsafeUninitializedCapacity: 16) { digits in
            for place in 0..<16 {
                let digit = UInt8(truncatingIfNeeded: value >> UInt64(60 - 4 * place)) & 15
                digits[place] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
            }
            return 16
        }
    }
}
