import EventModel
import Testing

@testable import Gateway

@Suite("Bodies that fail as a whole, and lines that fail alone")
struct BodyFaultTests {
    static let malformed = [
        "{", "[", "[1", "[1,", "[1,]", "{\"events\":[1]", "[1]]", "[1][2]", "[1] x", "nul", "[tru]", "[truex]", "[01]",
        "[1.]", "[.5]", "[+1]", "[1e]", "[-]", "[NaN]", "[Infinity]", "['a']", "[\"a]", "[\"\\x\"]", "[\"\\u12\"]",
        "[\"\\u12g4\"]", "[\"\\ud800\"]", "[\"\\udc00\"]", "[\"\\ud800\\u0041\"]", "[\"a\nb\"]", "{1:2}", "{\"a\"}",
        "{\"a\":}", "{\"a\":1,}", "{\"a\":1 \"b\":2}", "{,}", "[\"a\"1]", "[1\"a\"]", "[1 2]", "}", "]", ",", ":",
        "{\"events\":[{\"a\":\"\\q\"}]}", "[nullnull]", "[\"a\"\"b\"]", "/**/[1]", "\\",
    ]

    @Test("a body that is not one JSON document is refused, wherever the fault stands (SPEC 2.5)", arguments: malformed)
    func notJSON(body: String) {
        #expect(throws: BodyFault.malformed) { try parse(body) }
        #expect(throws: BodyFault.malformed) { try parse(#"{"events":[\#(eventJSON())],"other":\#(body)}"#) }
        #expect(throws: BodyFault.malformed) { try parse(#"{"x":\#(body)}"#, .single) }
    }

    @Test("bytes that are no UTF-8, and 0x00 anywhere, are refused (SPEC 2.5)")
    func bytes() {
        for hostile: [UInt8] in [
            [0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82], [0],
        ] {
            let inString = Array("[\"".utf8) + hostile + Array("\"]".utf8)
            #expect(throws: BodyFault.malformed) { try parse(inString) }
            #expect(throws: BodyFault.malformed) { try parse(Array("[1]".utf8) + hostile) }
            #expect(throws: BodyFault.malformed) { try parse(hostile + Array("[1]".utf8)) }
            #expect(throws: BodyFault.malformed) { try parse(Array("[".utf8) + hostile + Array("]".utf8)) }
        }
    }

    @Test(
        "a body without an event is refused (SPEC 2.5)",
        arguments: ["", " \n", "[]", "{}", "{\"events\":[]}", "1", "null", "\u{feff}", "{\"events\":{}}"])
    func noEvents(body: String) {
        #expect(throws: BodyFault.noEvents) { try parse(body) }
    }

    @Test("an array, a number and nothing are no single event (SPEC 2.5)", arguments: ["", "[]", "[{}]", "7", "\"x\""])
    func noSingleEvent(body: String) {
        #expect(throws: BodyFault.noEvents) { try parse(body, .single) }
    }

    @Test("64 levels of nesting are read, 65 are refused (SPEC 2.5)")
    func depth() throws {
        func nested(_ levels: Int) -> String {
            String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
        }
        #expect(try parse(nested(64)).eventCount == 1)
        #expect(throws: BodyFault.tooDeep) { try parse(nested(65)) }
        #expect(throws: BodyFault.tooDeep) { try parse(String(repeating: "[", count: 100_000)) }
        #expect(throws: BodyFault.tooDeep) { try parse(String(repeating: "{\"a\":", count: 70) + "1") }
        #expect(try parse(#"{"events":[\#(eventJSON(["x": nested(61)]))]}"#).batch.count == 1)
        #expect(throws: BodyFault.tooDeep) { try parse(#"{"events":[\#(eventJSON(["x": nested(62)]))]}"#) }
        #expect(try parse(nested(65) + "\n" + eventJSON(), .lines).indexes == [1])
    }

    @Test("1000 events are taken, 1001 are refused, in every layout (SPEC 2.5)")
    func count() throws {
        let thousand = [String](repeating: eventJSON(), count: 1000)
        let more = thousand + [eventJSON()]
        #expect(try parse("[\(thousand.joined(separator: ","))]").batch.count == 1000)
        #expect(throws: BodyFault.tooManyEvents) { try parse("[\(more.joined(separator: ","))]") }
        #expect(try parse(thousand.joined(separator: "\n\n") + "\n \n", .lines).batch.count == 1000)
        #expect(throws: BodyFault.tooManyEvents) { try parse(more.joined(separator: "\n"), .lines) }
    }

    @Test("a byte order mark before the body is ignored, one inside is not")
    func byteOrderMark() throws {
        #expect(try parse("\u{feff}[\(eventJSON())]").batch.count == 1)
        #expect(try parse("\u{feff}\(eventJSON())\n\(eventJSON())", .lines).batch.count == 2)
        #expect(throws: BodyFault.malformed) { try parse("[\u{feff}1]") }
    }

    @Test("NDJSON takes one event a line; blank lines do not count, whatever ends a line (SPEC 2.2)")
    func lines() throws {
        let request = try parse("\r\n\(eventJSON())\r\n\t\n  \(eventJSON()) \n[]\n7\n\(eventJSON())", .lines)
        #expect(request.indexes == [0, 1, 4])
        #expect(request.rejections.map(\.verdict) == [.invalidJSON, .invalidJSON])
    }

    @Test("in NDJSON only the broken line fails, also where quotes or bytes are broken (SPEC 2.5)")
    func brokenLines() throws {
        let broken: [[UInt8]] = malformedLines.map { Array($0.utf8) } + [[0x22, 0xff, 0x22], [0], [0x7b, 0, 0x7d]]
        for line in broken {
            let body =
                Array("\(eventJSON())\n".utf8) + line + Array("\n\(eventJSON(["worker_id": "\"w\\u0032\""]))".utf8)
            let request = try parse(body, .lines)
            #expect(request.indexes == [0, 2], "\(line)")
            #expect(request.rejections == [Rejection(index: 1, verdict: .invalidJSON, field: nil)])
            #expect(request.batch.ids[Int(request.batch.workers[1])] == Array("w2".utf8))
        }
    }

    private var malformedLines: [String] {
        Self.malformed.filter { !$0.contains("\n") } + ["{} {}", "{},", "\"", "{\"a\":\""]
    }

    @Test("a body of 16 MiB of brackets, quotes or backslashes is judged without a fault")
    func large() {
        for filler in ["[", "\"", "\\", "{", ",", "0", "\n"] {
            let body = [UInt8](repeating: filler.utf8.first ?? 0, count: 1 << 20)
            #expect(throws: BodyFault.self) { try parse(body) }
            _ = try? parse(body, .lines)
        }
    }
}
