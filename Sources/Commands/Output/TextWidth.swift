/// How many cells of a terminal a text takes.
///
/// Names of people and stations come in every script: most characters take one cell, those of East Asia and most
/// pictures two, and marks above or below a letter none. Counting characters would leave columns crooked.
func displayWidth(_ text: String) -> Int {
    text.utf8.allSatisfy { $0 < 0x80 } ? text.utf8.count : text.reduce(0) { $0 + displayWidth($1) }
}

/// `text` cut to at most `width` cells; a cut text ends in `…`.
func shortened(_ text: String, to width: Int) -> String {
    guard displayWidth(text) > width else { return text }
    var short = ""
    var used = 1
    for character in text {
        used += displayWidth(character)
        if used > width { break }
        short.append(character)
    }
    return short + "…"
}

/// The widest scalar of a character decides: what follows it only changes its look.
private func displayWidth(_ character: Character) -> Int {
    character.unicodeScalars.reduce(0) { max($0, displayWidth($1)) }
}

private func displayWidth(_ scalar: Unicode.Scalar) -> Int {
    // U+FE0F asks for the coloured picture of the character before it.
    if scalar.value == 0xfe0f { return 2 }
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format, .control: return 0
    default: break
    }
    if scalar.properties.isEmojiPresentation { return 2 }
    return wideScalars.contains { $0.contains(scalar.value) } ? 2 : 1
}

/// The blocks that Unicode calls wide or full width (UAX 11).
private let wideScalars: [ClosedRange<UInt32>] = [
    0x1100...0x115f, 0x2e80...0x303e, 0x3041...0x33ff, 0x3400...0x4dbf, 0x4e00...0x9fff, 0xa000...0xa4cf,
    0xa960...0xa97f, 0xac00...0xd7a3, 0xf900...0xfaff, 0xfe30...0xfe6f, 0xff00...0xff60, 0xffe0...0xffe6,
    0x1b000...0x1b2ff, 0x20000...0x3fffd,
]
