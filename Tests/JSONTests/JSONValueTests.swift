import Foundation
import JSON
import Testing

@Suite("Reading JSON")
struct JSONValueTests {
    private func rewritten(_ value: JSONValue?) -> String? {
        value.map { value in JSONWriter.text { $0.value(value) } }
    }

    @Test("numbers keep their text, the last of equal keys wins, members are written by name (SPEC 2.1)")
    func values() {
        let text = #"{"z":1.50e+3,"a":[true,false,null,"x\u00e4\ud83c\udfed"],"z":-0.0,"e":{},"f":[]}"#
        #expect(rewritten(JSONValue(text.utf8)) == #"{"a":[true,false,null,"xä🏭"],"e":{},"f":[],"z":-0.0}"#)
    }

    @Test(
        "what RFC 8259 does not allow is no document",
        arguments: [
            "", " ", "{", "[1,]", #"{"a":1,}"#, "{a:1}", "01", "1.", ".5", "+1", "1e", "nul", "\"\u{1}\"", #""\x""#,
            #""\ud83d""#, #""\udfed""#, "1 2", "[1] //", "'a'", "NaN", "\u{A0}1",
        ])
    func refused(text: String) {
        #expect(JSONValue(text.utf8) == nil)
    }

    @Test("bytes that are not UTF-8 are no document")
    func invalidBytes() {
        #expect(JSONValue([0x22, 0xFF, 0x22]) == nil)
        #expect(JSONValue([0x22, 0xED, 0xA0, 0x80, 0x22]) == nil)
    }

    @Test("nesting has a limit (SPEC 2.5)")
    func depth() {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(JSONValue(nested(64).utf8) != nil)
        #expect(JSONValue(nested(65).utf8) == nil)
        #expect(JSONValue(nested(100_000).utf8) == nil)
    }

    @Test("reader and Foundation agree on every truncation of a document")
    func truncations() {
        let document = Array(#" {"a":[1,-2.5e3,"b\n"],"c":{"d":null},"e":true} "#.utf8)
        for count in 0...document.count {
            let bytes = document.prefix(count)
            let isJSON = (try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)) != nil
            #expect((JSONValue(bytes) != nil) == isJSON, "\(count) bytes")
        }
    }

    @Test("a value that is asked for what it is not has no members, items or text")
    func access() throws {
        let value = try #require(JSONValue(#"{"a":[1,"x"],"b":true}"#.utf8))
        #expect(value["a"]?.items.map(\.text) == ["1", "x"])
        #expect(value["b"]?.text == nil)
        #expect(value["c"] == nil)
        #expect(value.items.isEmpty)
        #expect(value["a"]?["b"] == nil)
    }
}
