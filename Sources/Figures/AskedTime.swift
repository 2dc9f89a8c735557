package import EventModel

/// A time in a question: an instant, or what the site's own clocks show (SPEC 5.1).
package enum AskedTime: Equatable, Sendable {
    case instant(Timestamp)
    /// Microseconds since local midnight of 1970-01-01.
    case local(Int64)

    /// What a time has to be, for messages.
    package static let expectation =
        "must be a time like 2026-01-12T06:00:00+05:30 (RFC 3339, 1970 to 9999), or a date or time of the site "
        + "like 2026-01-12 or 2026-01-12T06:00"

    /// Reads RFC 3339, or a local date or time without offset: `2026-01-12`, `2026-01-12T06:00`, seconds optional. nil
    /// for anything else.
    ///
    /// A `+` that was not percent-encoded arrives as a space. No time contains a space, so it can be restored.
    package init?(_ value: String) {
        let text = String(value.map { $0 == " " ? "+" : $0 })
        if let instant = Timestamp(rfc3339: text) {
            self = .instant(instant)
            return
        }
        let rest: String? =
            switch text.utf8.count {
            case 10: "T00:00:00Z"
            case 16: ":00Z"
            case 19...: "Z"
            default: nil
            }
        guard let rest, let local = Timestamp(rfc3339: text + rest) else { return nil }
        self = .local(local.microseconds)
    }

    /// The instant: the first after a gap in local time, the first of two (SPEC 5.1).
    package func resolved(in zone: SiteZone) -> Timestamp {
        switch self {
        case .instant(let instant): instant
        case .local(let local): min(max(zone.instant(local: local), .earliest), .latest)
        }
    }
}
