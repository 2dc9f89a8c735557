import EventModel
import Foundation

/// Zones whose clocks change, by Foundation.
enum ChangingZones {
    private static let first = 1_704_067_200.0
    private static let end = 1_830_297_600.0

    /// Those whose clocks change from 2024 to 2027.
    static let names = TimeZone.knownTimeZoneIdentifiers.sorted().filter { name in
        guard let zone = TimeZone(identifier: name) else { return false }
        let months = (0..<48).map { Date(timeIntervalSince1970: first + Double($0) * 2_629_800) }
        return Set(months.map { zone.secondsFromGMT(for: $0) }).count > 1
    }

    /// When its clocks change in these years, in microseconds.
    static func changes(of zone: TimeZone) -> [Int64] {
        var changes: [Int64] = []
        var date = Date(timeIntervalSince1970: first)
        while let change = zone.nextDaylightSavingTimeTransition(after: date), change.timeIntervalSince1970 < end {
            changes.append(Int64(change.timeIntervalSince1970) * Microseconds.second)
            date = change
        }
        return changes
    }

    /// Seconds east of UTC at an instant given in UTC seconds.
    static func offset(_ zone: TimeZone) -> (Int64) -> Int {
        { zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double($0))) }
    }
}
