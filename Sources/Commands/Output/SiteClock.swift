internal import EventModel
internal import Foundation

/// Shows instants as the clocks of a site do.
///
/// The zone and its offset stand once, in the title of a table. A time at which the offset is another one, after a
/// change to summer time, carries its own, so that no time is ambiguous.
struct SiteClock {
    /// As titles name the zone: `Europe/Berlin, UTC+01:00`, or `UTC`.
    let title: String
    private let zone: TimeZone
    /// Seconds ahead of UTC, as the title says.
    private let offset: Int

    /// - Parameters:
    ///   - name: the site's zone; nil, or one that is not known here, means UTC.
    ///   - reference: the instant whose offset the title names.
    init(zone name: String?, near reference: Timestamp?) {
        let known = name.flatMap { TimeZone(identifier: $0) }
        zone = known ?? .gmt
        offset = reference.map { [zone] in SiteClock.offset(of: zone, at: $0) } ?? zone.secondsFromGMT()
        let isUTC = known == nil || name == "UTC" || name == "GMT"
        title = isUTC ? "UTC" : "\(printable(name ?? "")), UTC\(SiteClock.text(ofOffset: offset))"
    }

    /// `2026-01-12 08:15:00`, the second that has begun.
    func text(_ time: Timestamp) -> String {
        let parts = parts(time)
        return parts.minute + ":" + parts.second + parts.suffix
    }

    /// Like ``text(_:)``, with the milliseconds that have begun: for intervals, which may be shorter than a second.
    func exact(_ time: Timestamp) -> String {
        let parts = parts(time)
        let milliseconds = time.microseconds % Microseconds.second / 1000
        return parts.minute + ":" + parts.second + "." + String(String(milliseconds + 1000).dropFirst()) + parts.suffix
    }

    /// Like ``text(_:)``, without seconds where they are zero.
    func brief(_ time: Timestamp) -> String {
        let parts = parts(time)
        return parts.minute + (parts.second == "00" ? "" : ":" + parts.second) + parts.suffix
    }

    private func parts(_ time: Timestamp) -> (minute: String, second: String, suffix: String) {
        let own = SiteClock.offset(of: zone, at: time)
        let local = time.microseconds + Int64(own) * Microseconds.second
        let days = Microseconds.wholeDays(in: local)
        let date = CivilDate(daysSince1970: Int(days))
        let rest = local - days * Microseconds.day
        let seconds = rest / Microseconds.second
        let minute =
            "\(date.year)-\(two(date.month))-\(two(date.day)) \(two(seconds / 3600)):\(two(seconds / 60 % 60))"
        return (
            minute, two(seconds % 60),
            own == offset ? "" : SiteClock.text(ofOffset: own)
        )
    }

    private static func offset(of zone: TimeZone, at time: Timestamp) -> Int {
        zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(time.microseconds / Microseconds.second)))
    }

    private static func text(ofOffset seconds: Int) -> String {
        let minutes = seconds.magnitude / 60
        return (seconds < 0 ? "-" : "+") + two(minutes / 60) + ":" + two(minutes % 60)
    }
}

private func two(_ number: some BinaryInteger) -> String { number < 10 ? "0\(number)" : "\(number)" }
