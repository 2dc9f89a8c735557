internal import EventModel
internal import Foundation

/// What the commands behind `Deploy/demo` share: the made-up factory's size, seed and calendar.
enum DemoFactory {
    static let workers = Option.integer("workers", "N", "people in the factory", in: 1...10_000, default: 50)
    static let seed = Option.integer("seed", "N", "the same seed makes the same day", in: 0...Int.max, default: 1)
    static let timeZone = "Europe/Berlin"

    /// The factory's wall calendar.
    static func calendar() throws(CommandFailure) -> Calendar {
        var calendar = Calendar(identifier: .gregorian)
        guard let zone = TimeZone(identifier: timeZone) else {
            throw CommandFailure(
                .failure, "the time zone \(timeZone) is not known here", next: "Deploy/setup installs tzdata")
        }
        calendar.timeZone = zone
        return calendar
    }

    static func timestamp(_ date: Date) -> Timestamp {
        Timestamp(microseconds: Int64(date.timeIntervalSince1970) * Microseconds.second)
    }

    static func date(_ time: Timestamp) -> Date {
        Date(timeIntervalSince1970: Double(time.microseconds / Microseconds.second))
    }

    /// The midnight that ends the day of an instant.
    static func midnight(after time: Timestamp, _ calendar: Calendar) -> Timestamp {
        let begin = calendar.startOfDay(for: date(time))
        return timestamp(calendar.date(byAdding: .day, value: 1, to: begin) ?? begin + 86_400)
    }
}
