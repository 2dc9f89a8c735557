import EventModel
import Testing

@testable import Gateway

@Suite("Bodies that fail as a whole, and lines that fail alone")
struct BodyFaultTests {
    /// Bodies whose elements cannot be told apart.
    static let unclear = [
        "{", "[", "[1", "[1,", "[1,]", "[,1]", "{\"events\":[1]", "[1]]", "[1][2]", "[1] x", "nul", "[\"a]", "{1:2}",
        "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{\"a\":1 \"b\":2}", "{,}", "[\"a\"1]", "[1\"a\"]", "[1 2]", "}", "]",
        ",", ":", "[\"a\"\"b\"]", "/**/[1]", "\\", "[{\"a\":1]}", "[{\"n\":\"a\"b\"},{\"n\":\"c\"d\"}]", "[{} {}]",
    ]
    /// Elements that are not JSON, though it is clear where they end.
    static let poison = [
        "tru", "truex", "nullnull", "01", "1.", ".5", "+1", "1e", "-", "NaN", "Infinity", "'a'", "\"\\x\"",
        "\"\\u12\"", "\"\\u12g4\"", "\"\\ud83d\"", "\"\\udc00\"", "\"\\ud83d\\u0041\"", "\"a\tb\"", "{1:2}", "{\"a\"}",
        "{\"a\":}", "{\"a\":1,}", "{\"a\":1 \"b\":2}", "{,}", "[1,]", "[1 2]", "{\"a\":\"\\q\"}", "[:]", "\\",
    ]

    /// Where a body is found to be malformed; nil if it is not.
    private func fault(_ body: [UInt8], _ layout: BodyLayout = .batch) -> BodyPlace? {
        do {
            _ = try parse(body, layout)
        } catch BodyFault.malformed(let place) {
            return place
        } catch {}
        return nil
    }

    private func fault(_ body: String, _ layout: BodyLayout = .batch) -> BodyPlace? { fault(Array(body.utf8), layout) }

    @Test(
        "a body whose events cannot be told apart is refused, wherever the fault is (SPEC 2.5)", arguments: unclear)
    func notJSON(body: String) {
        #expect(fault(body) != nil)
        #expect(fault(#"{"events":[\#(eventJSON())],"other":\#(body)}"#) != nil)
        #expect(fault(#"{"x":\#(body)}"#, .single) != nil)
    }

    @Test("an element that is not JSON costs nothing but itself (SPEC 2.3, 2.4)", arguments: poison)
    func poisonedElement(poison: String) throws {
        let spoiled = eventJSON(["note": poison])
        for element in [poison, spoiled, " \n\(poison) "] {
            let list = "[\(eventJSON()),\(element),\(eventJSON(["worker_id": "\"w\\u0032\""]))]"
            let bodies = [
                list, #"{"events":\#(list),"site_id":"plant"}"#, #"{"\u0065vents":\#(list)}"#,
                #"{"events":[\#(poison)],"x":{"events":[1]},"events":\#(list)}"#,
            ]
            for body in bodies {
                let request = try parse(body)
                #expect(request.indexes == [0, 2] && request.eventCount == 3, "\(body)")
                #expect(request.rejections == [Rejection(index: 1, verdict: .invalidJSON, field: nil)])
                #expect(request.batch.ids[Int(request.batch.workers[1])] == Array("w2".utf8))
            }
        }
        // Alone, or beside the events, there is no event that it could cost.
        #expect(fault(spoiled, .single) != nil)
        #expect(fault(#"{"events":[\#(eventJSON())],"note":\#(poison)}"#) != nil)
    }

    @Test("bytes that are no UTF-8 cost the element they stand in, and the body where they stand in none (SPEC 2.4)")
    func bytes() throws {
        for hostile: [UInt8] in [
            [0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82], [0],
        ] {
            let inString = Array("[7,\"".utf8) + hostile + Array("\",\(eventJSON())]".utf8)
            #expect(try parse(inString).indexes == [2])
            #expect(try parse(Array("[7,".utf8) + hostile + Array(",\(eventJSON())]".utf8)).indexes == [2])
            #expect(fault(Array("[1]".utf8) + hostile) != nil)
            #expect(throws: BodyFault.self) { try parse(hostile + Array("[1]".utf8)) }
            #expect(fault(Array("{\"x\":\"".utf8) + hostile + Array("\",\"events\":[1]}".utf8)) != nil)
        }
    }

    @Test("a refused body is told where it stops being JSON (SPEC 2.5)")
    func place() {
        #expect(fault("[1 2]") == BodyPlace(offset: 3, line: 1, column: 4))
        #expect(fault("[1,\n é 7]") == BodyPlace(offset: 8, line: 2, column: 4))
        #expect(fault("{\"events\":[1],\n \"x\":\"\\ud83d\"}") == BodyPlace(offset: 21, line: 2, column: 7))
        #expect(fault("[{\"a\":1}") == BodyPlace(offset: 8, line: 1, column: 9))
        #expect(fault("[1]\n\n]") == BodyPlace(offset: 5, line: 3, column: 1))
        #expect(fault("[\"a") == BodyPlace(offset: 1, line: 1, column: 2))
        #expect(fault("{\"a\":tru}", .single) == BodyPlace(offset: 5, line: 1, column: 6))
        #expect(fault("{\"a\":\"\u{1}\"}", .single) == BodyPlace(offset: 6, line: 1, column: 7))
        #expect(fault("{} {}", .single) == BodyPlace(offset: 3, line: 1, column: 4))
        #expect(fault("\u{feff}[1 2]") == BodyPlace(offset: 6, line: 1, column: 4))
        #expect(throws: BodyFault.utf16) { try parse([0xff, 0xfe, 0x5b, 0, 0x31, 0, 0x5d, 0]) }
        #expect(throws: BodyFault.utf16) { try parse([0, 0x5b, 0, 0x31, 0, 0x5d]) }
    }

    @Test("the limits hold for bodies with broken elements, too (SPEC 2.5)")
    func limits() throws {
        let poison = "\"\\ud83d\""
        let thousand = [String](repeating: poison, count: 999) + [eventJSON()]
        #expect(try parse("[\(thousand.joined(separator: ","))]").indexes == [999])
        #expect(throws: BodyFault.tooManyEvents) { try parse("[\((thousand + ["1"]).joined(separator: ","))]") }
        let deep = String(repeating: "[", count: 63) + poison + String(repeating: "]", count: 63)
        #expect(try parse("[\(deep),\(eventJSON())]").indexes == [1])
        #expect(throws: BodyFault.tooDeep) { try parse("[\(poison),[\(deep)]]") }
        #expect(try parse("{\"events\":[\(deep.dropFirst().dropLast())]}").rejections.count == 1)
        #expect(throws: BodyFault.tooDeep) { try parse("{\"events\":[\(poison),\(deep)]}") }
        let members = (0..<1000).map { "\"m\($0)\":1," }.joined()
        #expect(try parse("{\(members)\"events\":[1]}").eventCount == 1)
        #expect(fault("{\(members)\"events\":[\(poison)]}") != nil)
    }

    @Test(
        "a body without an event is refused (SPEC 2.5)",
        arguments: ["", " \n", "[]", "{\"events\":[]}", "\u{feff}"])
    func noEvents(body: String) {
        #expect(throws: BodyFault.noEvents) { try parse(body) }
    }

    @Test(
        "a batch without a list is refused as such, be it an event (SPEC 2.2, 2.5)",
        arguments: ["{}", "1", "null", "{\"events\":{}}", "{\"events\":[1],\"events\":null}", eventJSON()])
    func noList(body: String) {
        #expect(throws: BodyFault.noList) { try parse(body) }
    }

    @Test(
        "an array and a number are no single event, nor is nothing (SPEC 2.5)", arguments: ["[]", "[{}]", "7", "\"x\""])
    func noSingleEvent(body: String) {
        #expect(throws: BodyFault.notOneEvent) { try parse(body, .single) }
        #expect(throws: BodyFault.noEvents) { try parse(" ", .single) }
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
        #expect(fault("\u{feff}\u{feff}[1]") != nil)
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
        Self.unclear.filter { !$0.contains("\n") } + Self.poison + ["{} {}", "{},", "\"", "{\"a\":\""]
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
