import JSON
import Testing

@Suite("Where a text is not JSON")
struct JSONFaultTests {
    private func fault(_ text: String, _ dialect: JSONDialect = .strict) -> String? {
        do throws(JSONFault) {
            _ = try JSONValue(reading: text.utf8, dialect)
            return nil
        } catch {
            return "\(error)"
        }
    }

    static let faults: [(text: String, fault: String)] = [
        ("", "line 1, column 1: the text ends too early; a value is expected here"),
        ("{\"a\":1,\n  b: 2}", "line 2, column 3: a member name in \"\" is expected here"),
        ("{\"a\":1,\n  \"b\" 2}", "line 2, column 7: ':' is expected here"),
        ("{\n\"a\": [1 2]}", "line 2, column 9: ',' or ']' is expected here"),
        ("{\n\"a\": 1\n\"b\": 2}", "line 3, column 1: ',' or '}' is expected here"),
        ("{\"Zoë\": tru}", "line 1, column 9: a value is expected here"),
        ("\u{FEFF}[1,]", "line 1, column 4: a value is expected here"),
        ("[\n \"ab\n\"]", "line 2, column 5: the line ends inside a string"),
        ("[\"a\u{1}\"]", "line 1, column 4: a control character in a string has to be escaped"),
        ("[\r\n\"ab", "line 2, column 1: the string does not end"),
        (#"["\x"]"#, "line 1, column 3: an escape that JSON does not know"),
        (#"["\ud83d"]"#, #"line 1, column 3: half of a character: \ud800 to \udfff come in pairs"#),
        (#"["\u12"]"#, #"line 1, column 3: \u and four hexadecimal digits are expected here"#),
        ("[01]", "line 1, column 2: the number is malformed"), ("[-]", "line 1, column 2: the number is malformed"),
        ("[1.]", "line 1, column 2: the number is malformed"),
        ("{} {}", "line 1, column 4: nothing may follow the value"),
        ("{\"a\": 1 // one\n}", "line 1, column 9: ',' or '}' is expected here"),
        (String(repeating: "[", count: 65), "line 1, column 65: nested deeper than 64"),
    ]

    @Test("a fault names line, column and what is wrong there", arguments: faults)
    func strict(text: String, expected: String) { #expect(fault(text) == expected) }

    @Test("bytes that are not UTF-8 are a fault of their string")
    func invalidBytes() {
        #expect(throws: JSONFault(line: 2, column: 1, message: "the string is not UTF-8")) {
            try JSONValue(reading: [0x5b, 0x0a, 0x22, 0xff, 0x22])
        }
    }

    @Test(
        "what people write is read by JSON5",
        arguments: [
            (
                "{ // a\n a: 1, /* b\n */ 'b': [1, 2,], $c_1: +.5, d: -1., \"e\\\n\": '\"\\'', }",
                #"{"$c_1":0.5,"a":1,"b":[1,2],"d":-1,"e":"\"'"}"#
            ),
            ("/**/[\u{A0}\u{B}1e3]//", "[1e3]"), ("{Zoë: 0.70}", #"{"Zoë":0.70}"#), ("\u{FEFF}'a'", #""a""#),
        ])
    func relaxed(text: String, expected: String) throws {
        #expect(try rewritten(JSONValue(reading: text.utf8, .relaxed)) == expected)
    }

    @Test("whatever is strict JSON means the same in a text that people write")
    func both() throws {
        let text = #" {"a":[1,-2.50e3,"b\n\u00e4"],"c":{"d":null},"e":[true,false],"f":{}} "#
        let value = try JSONValue(reading: text.utf8)
        #expect(try JSONValue(reading: text.utf8, .relaxed) == value)
    }

    @Test(
        "what even JSON5 does not allow, or has no meaning here, is a fault with its place",
        arguments: [
            ("{a: 1, /* b", "line 1, column 8: the comment does not end"),
            ("{\n a-b: 1}", "line 2, column 3: ':' is expected here"),
            ("{1a: 1}", "line 1, column 2: a member name is expected here"),
            ("[,]", "line 1, column 2: a value is expected here"), ("[.]", "line 1, column 2: the number is malformed"),
            ("[NaN]", "line 1, column 2: a value is expected here"),
            ("[0x1f]", "line 1, column 3: ',' or ']' is expected here"),
        ])
    func relaxedFaults(text: String, expected: String) { #expect(fault(text, .relaxed) == expected) }

    private func rewritten(_ value: JSONValue) -> String { JSONWriter.text { $0.value(value) } }
}
