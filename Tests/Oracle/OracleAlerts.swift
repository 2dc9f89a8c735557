// Layer: oracle. Alerts (SPEC 6.4): every hour of every scope, judged from the winners alone.
internal import EventModel

/// An alert of SPEC 6.4.
public struct OracleAlert: Equatable, Sendable {
    public var kind: String
    /// `site`, `camera:ID` or `workstation:ID`.
    public var scope: String
    /// Begin of the hour, in microseconds.
    public var hour: Int64
    public var average: ExactDecimal?
    public var reference: ExactDecimal?
    public var samples: Int64
    public var isCritical: Bool
    public var isCurrent: Bool
}

extension OracleView {
    /// All that are open, newest hour first; of one hour the site's, cameras', workstations', by id bytes.
    public var alerts: [OracleAlert] {
        var scopes: [String: [Int64: OracleHealth]] = [:]
        for (key, health) in healthHours {
            let own = key.camera.map { "camera:\($0.text)" } ?? "workstation:\(key.workstation.text)"
            for scope in ["site", own] {
                scopes[scope, default: [:]][key.hour, default: OracleHealth()].add(health)
            }
        }
        let all = scopes.flatMap { scope, hours in
            hours.keys.flatMap { Self.alerts(scope, hours, at: $0) }
        }
        let ranks = ["site": 0, "camera": 1, "workstation": 2]
        func rank(_ alert: OracleAlert) -> Int { ranks[String(alert.scope.prefix { $0 != ":" })] ?? 3 }
        return all.sorted { one, other in
            if one.hour != other.hour { return one.hour > other.hour }
            if rank(one) != rank(other) { return rank(one) < rank(other) }
            if one.scope != other.scope { return Array(one.scope.utf8).lexicographicallyPrecedes(other.scope.utf8) }
            return one.kind < other.kind
        }
    }

    private static func alerts(_ scope: String, _ hours: [Int64: OracleHealth], at hour: Int64) -> [OracleAlert] {
        guard let health = hours[hour], health.samples >= 30 else { return [] }
        let newest = hours.filter { $0.value.samples >= 30 }.keys.max()
        let isLow = Int128(health.sum) * 100 < Int128(health.samples) * 75_000_000
        func alert(_ kind: String, _ reference: ExactDecimal?) -> OracleAlert {
            OracleAlert(
                kind: kind, scope: scope, hour: hour * 3_600_000_000, average: health.average, reference: reference,
                samples: health.samples, isCritical: isLow, isCurrent: hour == newest)
        }
        var alerts = isLow ? [alert("low_average", ExactDecimal(scaled: 7500, places: 4))] : []
        if let before = hours[hour - 1], before.samples >= 30 {
            // A(h) / A(h − 1) < 9 / 10
            let (now, then) = (Int128(health.sum) * Int128(before.samples), Int128(before.sum) * Int128(health.samples))
            if now * 10 < then * 9 { alerts.append(alert("sudden_drop", before.average)) }
        }
        return alerts
    }
}
