/// Swift source with comments and the insides of strings blanked out, so that words and braces are code.
///
/// Newlines stay, so that lines keep their numbers.
struct SwiftText {
    private let input: [UInt8]
    private var at = 0
    private(set) var output: [UInt8] = []

    /// The code of `text` without comments and strings.
    static func code(_ text: String) -> [UInt8] {
        var scanner = SwiftText(input: Array(text.utf8))
        scanner.scanCode(untilParenthesis: false)
        return scanner.output
    }

    private init(input: [UInt8]) { self.input = input }

    private func has(_ text: StaticString, at place: Int? = nil) -> Bool {
        let start = place ?? at
        return text.withUTF8Buffer {
            start + $0.count <= input.count && $0.elementsEqual(input[start..<start + $0.count])
        }
    }

    private mutating func blank(_ count: Int = 1) {
        for _ in 0..<count where at < input.count {
            output.append(input[at] == UInt8(ascii: "\n") ? input[at] : UInt8(ascii: " "))
            at += 1
        }
    }

    private mutating func scanCode(untilParenthesis: Bool) {
        var depth = 0
        while at < input.count {
            if has("//") {
                while at < input.count, input[at] != UInt8(ascii: "\n") { blank() }
            } else if has("/*") {
                skipComment()
            } else if let hashes = stringStart() {
                skipString(hashes: hashes)
            } else {
                if input[at] == UInt8(ascii: "(") { depth += 1 }
                if input[at] == UInt8(ascii: ")") {
                    if depth == 0, untilParenthesis { return }
                    depth -= 1
                }
                if untilParenthesis {
                    blank()
                } else {
                    output.append(input[at])
                    at += 1
                }
            }
        }
    }

    private mutating func skipComment() {
        var depth = 0
        repeat {
            if has("/*") {
                depth += 1
                blank(2)
            } else if has("*/") {
                depth -= 1
                blank(2)
            } else {
                blank()
            }
        } while depth > 0 && at < input.count
    }

    /// Number of `#` before a string that starts here; nil where none does.
    private func stringStart() -> Int? {
        var place = at
        while place < input.count, input[place] == UInt8(ascii: "#") { place += 1 }
        return place < input.count && input[place] == UInt8(ascii: "\"") ? place - at : nil
    }

    private mutating func skipString(hashes: Int) {
        blank(hashes)
        let quotes = has("\"\"\"") ? 3 : 1
        blank(quotes)
        while at < input.count {
            if input[at] == UInt8(ascii: "\\"), isEscape(hashes: hashes) {
                blank(1 + hashes)
                if at < input.count, input[at] == UInt8(ascii: "(") {
                    blank()
                    scanCode(untilParenthesis: true)
                }
                blank()
            } else if isEnd(quotes: quotes, hashes: hashes) {
                blank(quotes + hashes)
                return
            } else {
                blank()
            }
        }
    }

    private func isEscape(hashes: Int) -> Bool {
        let next = at + 1
        return next + hashes <= input.count && input[next..<next + hashes].allSatisfy { $0 == UInt8(ascii: "#") }
    }

    private func isEnd(quotes: Int, hashes: Int) -> Bool {
        guard at + quotes + hashes <= input.count else { return false }
        return input[at..<at + quotes].allSatisfy { $0 == UInt8(ascii: "\"") }
            && input[at + quotes..<at + quotes + hashes].allSatisfy { $0 == UInt8(ascii: "#") }
    }
}

/// A function with the lines that it takes, braces and all.
struct FunctionSpan: Equatable {
    var firstLine: Int
    var lines: Int

    /// Every `func`, `init`, `deinit` and `subscript` with a body in `text`.
    static func all(in text: String) -> [FunctionSpan] {
        let code = SwiftText.code(text)
        var spans: [FunctionSpan] = []
        var line = 1
        var index = 0
        while index < code.count {
            if code[index] == UInt8(ascii: "\n") { line += 1 }
            let word = isWordStart(code, index) ? self.word(code, index) : ""
            if ["func", "init", "deinit", "subscript"].contains(word),
                let end = bodyEnd(code, after: index + word.utf8.count)
            {
                spans.append(
                    FunctionSpan(firstLine: line, lines: code[index...end].count { $0 == UInt8(ascii: "\n") } + 1))
            }
            index += max(1, word.utf8.count)
        }
        return spans
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "_") || byte >= 0x80 || (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7a)
            || (byte >= 0x30 && byte <= 0x39)
    }

    private static func isWordStart(_ code: [UInt8], _ index: Int) -> Bool {
        guard isLetter(code[index]) else { return false }
        return index == 0 || !(isLetter(code[index - 1]) || code[index - 1] == UInt8(ascii: "."))
    }

    private static func word(_ code: [UInt8], _ start: Int) -> String {
        String(decoding: code[start...].prefix(while: isLetter), as: UTF8.self)
    }

    /// The brace that closes the body; nil for a declaration without one.
    private static func bodyEnd(_ code: [UInt8], after start: Int) -> Int? {
        var depth = 0
        var index = start
        while index < code.count {
            switch code[index] {
            case UInt8(ascii: "("), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: ")"), UInt8(ascii: "]"): depth -= 1
            case UInt8(ascii: "}") where depth <= 0: return nil
            case UInt8(ascii: "{") where depth <= 0: return closingBrace(code, index)
            default:
                let isNext = depth == 0 && isWordStart(code, index)
                if isNext, ["func", "init", "var", "let", "static", "associatedtype"].contains(word(code, index)) {
                    return nil
                }
            }
            index += 1
        }
        return nil
    }

    private static func closingBrace(_ code: [UInt8], _ open: Int) -> Int? {
        var depth = 0
        for index in open..<code.count {
            if code[index] == UInt8(ascii: "{") { depth += 1 }
            if code[index] == UInt8(ascii: "}") { depth -= 1 }
            if depth == 0 { return index }
        }
        return nil
    }
}
