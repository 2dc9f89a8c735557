import Foundation
import JSON
import Testing

@Suite("Writing JSON")
struct JSONWriterTests {
    private func written(_ write: (inout JSONWriter) -> Void) -> String {
        var writer = JSONWriter()
        write(&writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    @Test("commas and nesting")
    func structure() {
        let text = written { writer in
            writer.object { writer in
                writer.member("a", 1)
                writer.key("b")
                writer.array { writer in
                    writer.integer(1)
                    writer.null()
                    writer.object { _ in }
                    writer.array { _ in }
                    writer.raw(Array(#"{"r":1}"#.utf8))
                    writer.bool(false)
                }
                writer.member("c", "x")
                writer.member("d", true)
            }
            writer.endLine()
            writer.integer(2)
        }
        #expect(text == #"{"a":1,"b":[1,null,{},[],{"r":1},false],"c":"x","d":true}"# + "\n2")
    }

    @Test("numbers: extremes, and fixed decimals without a binary fraction")
    func numbers() {
        #expect(written { $0.integer(Int64.min) } == "-9223372036854775808")
        #expect(written { $0.integer(Int64.max) } == "9223372036854775807")
        #expect(written { $0.integer(0) } == "0")
        #expect(written { $0.fixed(7813, decimals: 2) } == "78.13")
        #expect(written { $0.fixed(80, decimals: 2) } == "0.80")
        #expect(written { $0.fixed(-5, decimals: 2) } == "-0.05")
        #expect(written { $0.fixed(0, decimals: 4) } == "0.0000")
        #expect(written { $0.fixed(12, decimals: 0) } == "12")
        #expect(written { $0.fixed(Int64.min, decimals: 18) } == "-9.223372036854775808")
        #expect(written { $0.fixed(1, decimals: 18) } == "0.000000000000000001")
        #expect(written { $0.fixed(orNull: nil, decimals: 2) } == "null")
        #expect(written { $0.integer(orNull: nil) } == "null")
    }

    @Test("every character survives the way through Foundation's reader")
    func escapes() throws {
        let scalars =
            (0...0x2FFF).compactMap(Unicode.Scalar.init) + [Unicode.Scalar(0x10FFFF)!, Unicode.Scalar(0x1F3ED)!]
        var text = ""
        text.unicodeScalars.append(contentsOf: scalars)
        var writer = JSONWriter()
        writer.array { $0.string(text) }
        let read = try #require(try JSONSerialization.jsonObject(with: Data(writer.bytes)) as? [String])
        #expect(read[0].unicodeScalars.elementsEqual(text.unicodeScalars))
        #expect(written { $0.string("\u{0}\u{1F}\u{8}\t\n\u{C}\r\"\\/") } == #""\u0000\u001f\b\t\n\f\r\"\\/""#)
    }

    @Test("bytes that are no UTF-8 never reach the output")
    func invalidBytes() {
        let text = written { $0.string(utf8: [0x61, 0xFF, 0xC0, 0x80, 0xED, 0xA0, 0x80, 0x62]) }
        #expect(text.hasPrefix("\"a\u{FFFD}") && text.hasSuffix("\u{FFFD}b\""))
        let raw: [UInt8] = [0x61, 0xFE]
        #expect(raw.withUnsafeBytes { bytes in written { $0.string(utf8: bytes) } } == "\"a\u{FFFD}\"")
    }
}
