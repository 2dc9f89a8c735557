/// Bars and shades of block characters, for a terminal.
enum Plot {
    private static let barWidth = 20

    /// A bar as long as `value` is of `full`, to an eighth of a cell; empty for 0 or less.
    static func bar(_ value: Double, of full: Double, width: Int = barWidth) -> String {
        guard full > 0, value > 0 else { return "" }
        let eighths = Int((min(1, value / full) * Double(width * 8)).rounded())
        let rest = ["", "\u{258F}", "\u{258E}", "\u{258D}", "\u{258C}", "\u{258B}", "\u{258A}", "\u{2589}"][eighths % 8]
        return String(repeating: "\u{2588}", count: eighths / 8) + rest
    }

    /// Darker for more; `·` where there is no value.
    /// - Parameter fraction: 0 to 1.
    static func shade(_ fraction: Double?) -> Character {
        guard let fraction else { return "\u{00B7}" }
        return shades[min(shades.count - 1, max(0, Int(fraction * Double(shades.count))))]
    }

    private static let shades: [Character] = [
        "\u{2581}", "\u{2582}", "\u{2583}", "\u{2584}", "\u{2585}", "\u{2586}", "\u{2587}", "\u{2588}",
    ]
}
