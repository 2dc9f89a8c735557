package import EventModel
internal import Foundation
internal import Locks

/// A site's local time: converts local dates and minutes to instants and back (SPEC 5.1, 5.5).
///
/// Caches the zone's offset changes, year by year on demand: a year of shifts needs thousands of instants, and
/// Foundation takes microseconds for each.
package final class SiteZone: Sendable {
    /// From `start` (seconds since 1970) on, local time is `offset` seconds ahead of UTC.
    private struct Stretch {
        var start: Int64
        var offset: Int64
    }

    private let zone: TimeZone
    /// By the number of ``block``s since 1970.
    private let blocks = Guarded<[Int64: [Stretch]]>([:])

    /// Period of one lookup: about a year.
    private static let block: Int64 = 366 * 86_400
    /// No zone changes its offset twice within this time, so sampling at this interval finds every change.
    private static let step: Int64 = 6 * 3600
    /// Local time never differs from UTC by more than this.
    private static let offsetMaximum: Int64 = 26 * 3600

    /// - Parameter identifier: A name of the tz database; others mean UTC.
    package init(identifier: String) {
        zone = Self.zone(identifier) ?? .gmt
    }

    package static let utc = SiteZone(identifier: "UTC")

    /// Whether a name is one of the tz database, so that a site can have that zone (SPEC 3).
    package static func isName(_ name: String) -> Bool { zone(name) != nil }

    /// Foundation also takes abbreviations (`CEST`, `PST`) and offsets (`GMT+2`), which are no names of zones: so those
    /// without a slash have to be known here.
    private static func zone(_ name: String) -> TimeZone? {
        let isPath = name.utf8.contains(UInt8(ascii: "/")) && name.utf8.allSatisfy { $0 < 0x80 }
        return isPath || namesWithoutArea.contains(name) ? TimeZone(identifier: name) : nil
    }

    /// All names of the tz database that name no area; the database adds none of this kind any more.
    private static let namesWithoutArea: Set<String> = [
        "CET", "CST6CDT", "Cuba", "EET", "EST", "EST5EDT", "Egypt", "Eire", "Factory", "GB", "GB-Eire", "GMT", "GMT+0",
        "GMT-0", "GMT0", "Greenwich", "HST", "Hongkong", "Iceland", "Iran", "Israel", "Jamaica", "Japan", "Kwajalein",
        "Libya", "MET", "MST", "MST7MDT", "NZ", "NZ-CHAT", "Navajo", "PRC", "PST8PDT", "Poland", "Portugal", "ROC",
        "ROK", "Singapore", "Turkey", "UCT", "UTC", "Universal", "W-SU", "WET", "Zulu",
    ]

    /// The site-local date of an instant, in days since 1970.
    package func localDay(of time: Timestamp) -> Int64 {
        let second = SiteZone.floor(time.microseconds, Microseconds.second)
        return SiteZone.floor(second + offset(at: second), 86_400)
    }

    /// The instant at which the clock shows `minute` of the local day `day`; see ``instant(local:)``.
    package func instant(day: Int64, minute: Int64 = 0) -> Timestamp {
        instant(local: day * Microseconds.day + minute * Microseconds.minute)
    }

    /// The instant at which the clock shows a local time: the first one if there are two, the end of the gap if there is
    /// none (SPEC 5.1).
    /// - Parameter local: in microseconds since local midnight of 1970-01-01.
    package func instant(local: Int64) -> Timestamp {
        let second = SiteZone.floor(local, Microseconds.second)
        let end = second + SiteZone.offsetMaximum
        var start = second - SiteZone.offsetMaximum
        while start < end {
            let (offset, next) = stretch(at: start)
            if second - offset < start { return Timestamp(microseconds: start * Microseconds.second) }
            if second - offset < next { return Timestamp(microseconds: local - offset * Microseconds.second) }
            start = next
        }
        return Timestamp(microseconds: local)
    }

    /// The instants inside `range` at which the clock shows a full hour, ascending; a clock that is turned on or back to
    /// a full hour shows one at that instant (SPEC 5.7).
    /// - Returns: nil if there are more than `maximum`.
    package func fullHours(in range: Range<Int64>, maximum: Int) -> [Int64]? {
        var found: [Int64] = []
        var second = SiteZone.floor(range.lowerBound + Microseconds.second - 1, Microseconds.second)
        while second * Microseconds.second < range.upperBound {
            let (offset, next) = stretch(at: second)
            let hour = SiteZone.floor(second + offset + 3599, 3600) * 3600 - offset
            guard hour < next else {
                second = next
                continue
            }
            guard hour * Microseconds.second < range.upperBound else { break }
            guard found.count < maximum else { return nil }
            found.append(hour * Microseconds.second)
            second = hour + 1
        }
        return found
    }

    private func offset(at second: Int64) -> Int64 { stretch(at: second).offset }

    /// The offset at `second`, and the end of the period for which it is known.
    private func stretch(at second: Int64) -> (offset: Int64, next: Int64) {
        let number = SiteZone.floor(second, SiteZone.block)
        let stretches = blocks.withLock { blocks in
            if let known = blocks[number] { return known }
            let made = makeBlock(number)
            blocks[number] = made
            return made
        }
        let index = (stretches.firstIndex { $0.start > second } ?? stretches.count) - 1
        let next = index + 1 < stretches.count ? stretches[index + 1].start : (number + 1) * SiteZone.block
        return (stretches[index].offset, next)
    }

    private func makeBlock(_ number: Int64) -> [Stretch] {
        var second = number * SiteZone.block
        let end = second + SiteZone.block
        var stretches = [Stretch(start: second, offset: lookUp(second))]
        while second < end {
            let next = min(second + SiteZone.step, end)
            let offset = lookUp(next)
            if offset != stretches[stretches.count - 1].offset {
                let change = firstSecond(of: offset, after: second, upTo: next)
                if change < end { stretches.append(Stretch(start: change, offset: offset)) }
            }
            second = next
        }
        return stretches
    }

    /// The first second in (low, high] with `offset`, which is the offset at `high` but not at `low`.
    private func firstSecond(of offset: Int64, after low: Int64, upTo high: Int64) -> Int64 {
        var low = low
        var high = high
        while high - low > 1 {
            let middle = low + (high - low) / 2
            if lookUp(middle) == offset { high = middle } else { low = middle }
        }
        return high
    }

    private func lookUp(_ second: Int64) -> Int64 {
        Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: TimeInterval(second))))
    }

    private static func floor(_ number: Int64, _ divisor: Int64) -> Int64 {
        let quotient = number / divisor
        return number % divisor < 0 ? quotient - 1 : quotient
    }
}

/// Cache of the zones that questions have used.
package final class ZoneCache: Sendable {
    private let zones = Guarded<[String: SiteZone]>([:])
    /// Twice the number of names in the IANA list; beyond this, the cache is cleared.
    private static let countMaximum = 1200

    package init() {}

    package func zone(_ identifier: String) -> SiteZone {
        zones.withLock { zones in
            if let known = zones[identifier] { return known }
            if zones.count >= ZoneCache.countMaximum { zones.removeAll() }
            let made = SiteZone(identifier: identifier)
            zones[identifier] = made
            return made
        }
    }
}
