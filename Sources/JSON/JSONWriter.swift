/// Writes JSON straight into bytes.
///
/// Commas are put by the writer; balanced nesting and a key before each member are the caller's duty. What it writes is
/// always valid UTF-8: bytes that are none become U+FFFD.
public struct JSONWriter: Sendable {
    /// What has been written so far.
    public private(set) var bytes: [UInt8]
    private var needsComma = false

    /// - Parameter reservedBytes: The size expected, so that large answers do not grow step by step.
    public init(reservedBytes: Int = 256) {
        bytes = []
        bytes.reserveCapacity(reservedBytes)
    }

    // MARK: Structure

    public mutating func beginObject() { begin(UInt8(ascii: "{")) }
    public mutating func endObject() { end(UInt8(ascii: "}")) }
    public mutating func beginArray() { begin(UInt8(ascii: "[")) }
    public mutating func endArray() { end(UInt8(ascii: "]")) }

    /// An object whose members `members` writes.
    public mutating func object(_ members: (inout JSONWriter) throws -> Void) rethrows {
        beginObject()
        try members(&self)
        endObject()
    }

    /// An array whose elements `elements` writes.
    public mutating func array(_ elements: (inout JSONWriter) throws -> Void) rethrows {
        beginArray()
        try elements(&self)
        endArray()
    }

    /// Name of the member that is written next.
    public mutating func key(_ name: String) {
        string(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// Name of the member that is written next, plain ASCII that needs no escaping: the fast way for fixed names.
    public mutating func key(_ name: StaticString) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        name.withUTF8Buffer { bytes.append(contentsOf: $0) }
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    // MARK: Values

    public mutating func string(_ value: String) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        var value = value
        value.withUTF8 { appendEscaped($0) }
        bytes.append(UInt8(ascii: "\""))
        needsComma = true
    }

    /// A string given as UTF-8. Bytes that are not UTF-8 are replaced by U+FFFD.
    public mutating func string(utf8 value: UnsafeRawBufferPointer) {
        string(String(decoding: value, as: UTF8.self))
    }

    /// A string given as UTF-8. Bytes that are not UTF-8 are replaced by U+FFFD.
    public mutating func string(utf8 value: some Collection<UInt8>) {
        string(String(decoding: value, as: UTF8.self))
    }

    /// A string, or null where there is none.
    public mutating func string(orNull value: String?) {
        if let value { string(value) } else { null() }
    }

    public mutating func integer(_ value: Int64) {
        separate()
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        appendDigits(value.magnitude, minimumDigits: 1)
        needsComma = true
    }

    public mutating func integer(_ value: Int) { integer(Int64(value)) }

    /// An integer, or null where there is none.
    public mutating func integer(orNull value: Int64?) {
        if let value { integer(value) } else { null() }
    }

    /// `scaled / 10^decimals` with exactly that many decimals: 7813 and 2 give 78.13.
    ///
    /// Figures are rounded once, in integers (SPEC 5.1); no binary fraction comes near them.
    public mutating func fixed(_ scaled: Int64, decimals: Int) {
        precondition(decimals >= 0 && decimals <= 18, "0 to 18 decimals")
        guard decimals > 0 else { return integer(scaled) }
        separate()
        if scaled < 0 { bytes.append(UInt8(ascii: "-")) }
        var unit: UInt64 = 1
        for _ in 0..<decimals { unit *= 10 }
        let (whole, fraction) = scaled.magnitude.quotientAndRemainder(dividingBy: unit)
        appendDigits(whole, minimumDigits: 1)
        bytes.append(UInt8(ascii: "."))
        appendDigits(fraction, minimumDigits: decimals)
        needsComma = true
    }

    /// A fixed-point number, or null where there is none (SPEC 5.1: a ratio with denominator 0).
    public mutating func fixed(orNull scaled: Int64?, decimals: Int) {
        if let scaled { fixed(scaled, decimals: decimals) } else { null() }
    }

    public mutating func bool(_ value: Bool) { literal(value ? "true" : "false") }

    public mutating func null() { literal("null") }

    /// A value that is JSON already.
    public mutating func raw(_ json: some Sequence<UInt8>) {
        separate()
        bytes.append(contentsOf: json)
        needsComma = true
    }

    /// Line feed between the documents of NDJSON; the next value starts afresh.
    public mutating func endLine() {
        bytes.append(UInt8(ascii: "\n"))
        needsComma = false
    }

    // MARK: Members in one call

    public mutating func member(_ name: StaticString, _ value: String) {
        key(name)
        string(value)
    }

    public mutating func member(_ name: StaticString, _ value: Int64) {
        key(name)
        integer(value)
    }

    public mutating func member(_ name: StaticString, _ value: Int) {
        key(name)
        integer(value)
    }

    public mutating func member(_ name: StaticString, _ value: Bool) {
        key(name)
        bool(value)
    }

    /// `{"items":[…]}`, each item an object whose members `members` writes.
    public static func items<Item>(
        _ items: some Sequence<Item>, _ members: (Item, inout JSONWriter) throws -> Void
    ) rethrows -> [UInt8] {
        var writer = JSONWriter()
        try writer.object { writer in
            writer.key("items")
            try writer.array { writer in
                for item in items { try writer.object { try members(item, &$0) } }
            }
        }
        return writer.bytes
    }

    /// What `write` writes, as text: for lines that a program prints.
    public static func text(_ write: (inout JSONWriter) throws -> Void) rethrows -> String {
        var writer = JSONWriter()
        try write(&writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    // MARK: Private

    private mutating func begin(_ byte: UInt8) {
        separate()
        bytes.append(byte)
        needsComma = false
    }

    private mutating func end(_ byte: UInt8) {
        bytes.append(byte)
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
    }

    private mutating func literal(_ text: StaticString) {
        separate()
        text.withUTF8Buffer { bytes.append(contentsOf: $0) }
        needsComma = true
    }

    private mutating func appendDigits(_ value: UInt64, minimumDigits: Int) {
        // 20 digits hold every UInt64.
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var rest = value
            var start = 20
            while rest > 0 || 20 - start < minimumDigits {
                let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
                start -= 1
                digits[start] = UInt8(ascii: "0") + UInt8(digit)
                rest = quotient
            }
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: digits[start...]))
        }
    }

    /// Copies stretches that need no escape as a whole.
    private mutating func appendEscaped(_ text: UnsafeBufferPointer<UInt8>) {
        var start = 0
        for index in 0..<text.count where Self.needsEscape(text[index]) {
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[start..<index]))
            appendEscape(text[index])
            start = index + 1
        }
        bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[start...]))
    }

    private static func needsEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    private mutating func appendEscape(_ byte: UInt8) {
        bytes.append(UInt8(ascii: "\\"))
        switch byte {
        case 0x08: bytes.append(UInt8(ascii: "b"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        case 0x0A: bytes.append(UInt8(ascii: "n"))
        case 0x0C: bytes.append(UInt8(ascii: "f"))
        case 0x0D: bytes.append(UInt8(ascii: "r"))
        case 0x00..<0x20:
            let digits: StaticString = "0123456789abcdef"
            bytes.append(contentsOf: [UInt8(ascii: "u"), UInt8(ascii: "0"), UInt8(ascii: "0")])
            digits.withUTF8Buffer { hex in
                bytes.append(hex[Int(byte >> 4)])
                bytes.append(hex[Int(byte & 15)])
            }
        default: bytes.append(byte)
        }
    }
}
