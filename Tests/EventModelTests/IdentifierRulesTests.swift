import EventModel
import Testing

struct IdentifierRulesTests {
    private func isIdentifier(_ bytes: [UInt8]) -> Bool { IdentifierRules.isIdentifier(bytes.span) }

    @Test("an id has 1 to 128 bytes, not characters (SPEC 2.1)")
    func lengths() {
        #expect(!isIdentifier([]))
        #expect(isIdentifier([0x41]))
        #expect(isIdentifier(Array(repeating: 0x41, count: 128)))
        #expect(!isIdentifier(Array(repeating: 0x41, count: 129)))
        #expect(isIdentifier(Array(String(repeating: "é", count: 64).utf8)))
        #expect(!isIdentifier(Array(String(repeating: "é", count: 65).utf8)))
    }

    @Test("U+0000–1F and U+007F–9F are in no id, every other scalar may be (SPEC 2.1)")
    func scalars() {
        for value in 0...UInt32(0x10ffff) {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let isControl = value < 0x20 || 0x7f...0x9f ~= value
            guard isIdentifier(Array("a\(scalar)z".utf8)) == isControl else { continue }
            Issue.record("U+\(String(value, radix: 16))")
        }
    }

    @Test(
        "bytes that are not UTF-8 are no id: stray, cut, overlong, surrogate, beyond U+10FFFF (SPEC 2.1)",
        arguments: [
            [0x80], [0xbf], [0xc3], [0xc3, 0x41], [0xc0, 0x80], [0xc1, 0xbf], [0xe0, 0x9f, 0xbf], [0xe2, 0x82],
            [0xed, 0xa0, 0x80], [0xed, 0xbf, 0xbf], [0xf0, 0x8f, 0xbf, 0xbf], [0xf4, 0x90, 0x80, 0x80],
            [0xf5, 0x80, 0x80, 0x80], [0xff], [0xfe], [0xf0, 0x9f, 0x98],
        ] as [[UInt8]])
    func notUTF8(bytes: [UInt8]) {
        #expect(!isIdentifier(bytes))
        #expect(!isIdentifier([0x41] + bytes))
        #expect(!isIdentifier(bytes + [0x41]))
    }

    @Test("a site id is [A-Za-z0-9._-]{1,64}, neither . nor .. (SPEC 1)")
    func siteIDs() {
        for text in ["a", "Z9", "plant-1", "a.b_c-d", "...", ".a", "..a", "a..", "-", "_"] {
            #expect(SiteID(text).isValid, "\(text)")
        }
        for text in ["", ".", "..", "a b", "a/b", "é", "a\u{0}", "a\n", "@", "[", "`", "{", ":"] {
            #expect(!SiteID(text).isValid, "\(text)")
        }
        #expect(SiteID(String(repeating: "a", count: 64)).isValid)
        #expect(!SiteID(String(repeating: "a", count: 65)).isValid)
        #expect(!WorkerID("").isValid)
        #expect(WorkerID("W 1/é").isValid)
    }
}
