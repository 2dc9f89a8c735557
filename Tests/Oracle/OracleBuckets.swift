// Layer: oracle. Buckets of trends by the site's wall clock (SPEC 5.7), from an offset function alone: no calendar library.
import EventModel

/// Where a bucket begins.
public enum OracleBucketLength: String, CaseIterable, Sendable {
    case hour, day, week, month
}

public enum OracleBuckets {
    private static let quarter: Int64 = 900

    /// The range cut wherever a bucket begins (SPEC 5.7).
    /// - Parameter zone: seconds east of UTC at an instant given in UTC seconds.
    public static func buckets(
        _ length: OracleBucketLength, of range: Range<Int64>, zone: (Int64) -> Int
    ) -> [Range<Int64>] {
        guard !range.isEmpty else { return [] }
        let starts = seconds(length, from: range.lowerBound / 1_000_000, to: range.upperBound / 1_000_000, zone)
            .map { $0 * 1_000_000 }.filter { range.lowerBound < $0 && $0 < range.upperBound }
        let edges = [range.lowerBound] + starts + [range.upperBound]
        return zip(edges, edges.dropFirst()).map { $0..<$1 }
    }

    /// Looks at every second of a quarter of an hour in which the offset changes, and at the only second of any other one
    /// that can begin a bucket.
    private static func seconds(
        _ length: OracleBucketLength, from first: Int64, to last: Int64, _ zone: (Int64) -> Int
    ) -> [Int64] {
        var found: [Int64] = []
        var newestDate = date(first - 1, zone)
        var start = first
        while start <= last {
            let offset = zone(start - 1)
            let isSteady = zone(start + quarter) == offset && zone(start) == offset
            let candidates: [Int64]
            if isSteady {
                let rest = ((start + Int64(offset)) % 3600 + 3600) % 3600
                let next = rest == 0 ? start : start + 3600 - rest
                candidates = next < start + quarter ? [next] : []
            } else {
                candidates = Array(start..<start + quarter)
            }
            for second in candidates where second <= last {
                let today = date(second, zone)
                switch length {
                case .hour: if (second + Int64(zone(second))) % 3600 == 0 { found.append(second) }
                case .day: if today > newestDate { found.append(second) }
                case .week:
                    // 1970-01-01 was a Thursday, day 3 counted from Monday.
                    if today > newestDate, (newestDate + 1...today).contains(where: { ($0 + 3) % 7 == 0 }) {
                        found.append(second)
                    }
                case .month:
                    if today > newestDate, (newestDate + 1...today).contains(where: isFirstOfMonth) {
                        found.append(second)
                    }
                }
                newestDate = max(newestDate, today)
            }
            start += quarter
        }
        return found
    }

    private static func date(_ second: Int64, _ zone: (Int64) -> Int) -> Int64 {
        let local = second + Int64(zone(second))
        return local >= 0 ? local / 86_400 : (local - 86_399) / 86_400
    }

    /// Counts months from 1970 on.
    private static func isFirstOfMonth(_ day: Int64) -> Bool {
        var rest = day
        var year = 1970
        while true {
            let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
            for length in [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as [Int64] {
                if rest <= 0 { return rest == 0 }
                rest -= length
            }
            year += 1
        }
    }
}
