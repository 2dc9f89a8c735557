internal import Crypto
internal import EventModel
internal import JSON

/// What was published about an alert, and when it was known.
struct AlertNotice: Sendable, Equatable {
    /// Of the record.
    var key: [UInt8]
    var value: [UInt8]
    /// Microseconds.
    var knownAt: Int64
    var isOpen = true
    /// Whether targets are to be told of it: an opening or a closing that is no old story.
    var isNews = true
    /// Whether the change before it is to be told as well, if it still waits.
    var followsAnother = false
}

/// A request that tells of alerts of one site: the JSON of Alertmanager's webhooks, version 4, so that its receivers work.
struct AlertMessage {
    let body: [UInt8]

    private static let receiver = "andon"
    /// What Alertmanager says of an alert that has not ended.
    private static let noEnd = "0001-01-01T00:00:00Z"

    /// - Parameter notices: of one site, at least one.
    init(_ notices: [AlertNotice], externalURL: String) {
        let alerts = notices.compactMap { Alert($0) }
        let site = alerts.first?.site ?? ""
        var writer = JSONWriter(reservedBytes: 1024 * (1 + alerts.count))
        writer.object { writer in
            writer.member("version", "4")
            writer.member("groupKey", "{}:{site_id=\"\(site)\"}")
            writer.member("truncatedAlerts", 0)
            writer.member("status", alerts.contains(where: \.isOpen) ? "firing" : "resolved")
            writer.member("receiver", Self.receiver)
            for name: StaticString in ["groupLabels", "commonLabels"] {
                writer.key(name)
                writer.object { $0.member("site_id", site) }
            }
            writer.key("commonAnnotations")
            writer.object { _ in }
            writer.member("externalURL", externalURL)
            writer.key("alerts")
            writer.array { writer in for alert in alerts { alert.write(externalURL, to: &writer) } }
        }
        body = writer.bytes
    }

    private struct Alert {
        let notice: AlertNotice
        let record: JSONValue
        let site: String
        var isOpen: Bool { text("status") == MetricStatus.opened.rawValue }

        /// nil if it is not the record of an alert.
        init?(_ notice: AlertNotice) {
            guard let record = JSONValue(notice.value), let site = record["site_id"]?.text else { return nil }
            (self.notice, self.record, self.site) = (notice, record, site)
        }

        func text(_ name: String) -> String { record[name]?.text ?? "" }

        func write(_ externalURL: String, to writer: inout JSONWriter) {
            writer.object { writer in
                writer.member("status", isOpen ? "firing" : "resolved")
                writer.key("labels")
                writer.object { writer in
                    writer.member("alertname", text("kind"))
                    writer.member("site_id", site)
                    writer.member("scope", text("scope"))
                    if let camera = record["camera_id"]?.text { writer.member("camera_id", camera) }
                    if let station = record["workstation_id"]?.text { writer.member("workstation_id", station) }
                    writer.member("hour", text("hour_start"))
                    writer.member("severity", text("severity"))
                }
                writer.key("annotations")
                writer.object { writer in
                    writer.member("summary", text("message"))
                    writer.member("average_ppm", text("average_ppm"))
                    writer.member("reference_ppm", text("reference_ppm"))
                    writer.member("samples", text("samples"))
                }
                writer.member("startsAt", text("hour_start"))
                if isOpen {
                    writer.member("endsAt", AlertMessage.noEnd)
                } else {
                    var end: [UInt8] = []
                    Timestamp(microseconds: notice.knownAt).appendFormatted(to: &end)
                    writer.key("endsAt")
                    writer.string(utf8: end)
                }
                writer.member("generatorURL", link(externalURL))
                // The same for every change of the alert: what Alertmanager's receivers tell alerts apart by.
                writer.member("fingerprint", String(SHA256Digest.of(notice.key).hex.prefix(16)))
            }
        }

        /// The question that lists the alerts from that hour on.
        private func link(_ externalURL: String) -> String {
            guard !externalURL.isEmpty else { return "" }
            return "\(externalURL)/api/alerts?site_id=\(site)&from=\(text("hour_start"))"
        }
    }
}
