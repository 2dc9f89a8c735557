public import EventLog
public import EventModel
internal import Figures
internal import JSON

/// An alert as a record of the alerts topic: opened or closed (DESIGN 3, SPEC 6.4).
///
/// Only the record format: nothing raises alerts yet.
public struct AlertRecord: Sendable, Equatable {
    public enum Kind: String, Sendable {
        case lowAverage = "low_average"
        case suddenDrop = "sudden_drop"
    }

    /// The subject of the alert.
    public enum Scope: Hashable, Sendable {
        case site
        case camera(CameraID)
        /// Samples without a camera.
        case workstation(WorkstationID)
    }

    public var kind: Kind
    public var site: SiteID
    public var scope: Scope
    /// UTC hour, in microseconds.
    public var hourStart: Int64
    public var isOpen: Bool
    /// One sentence for people.
    public var cause: String
    /// Average confidence of the hour and its reference value, in parts per million.
    public var average: Int64
    public var reference: Int64
    public var samples: Int64
    public var revision: MetricRevision

    static let eventType = "andon.alerts.v1"

    public init(
        kind: Kind, site: SiteID, scope: Scope, hourStart: Int64, isOpen: Bool, cause: String, average: Int64,
        reference: Int64, samples: Int64, revision: MetricRevision
    ) {
        self.kind = kind
        self.site = site
        self.scope = scope
        self.hourStart = hourStart
        self.isOpen = isOpen
        self.cause = cause
        self.average = average
        self.reference = reference
        self.samples = samples
        self.revision = revision
    }

    /// - Parameter now: for the topic's own timestamp.
    public func topicRecord(_ names: TopicNames, now: Timestamp) -> TopicRecord {
        let key = MetricKey(site: site, entity: [Array(kind.rawValue.utf8)] + scope.parts, hourStart: hourStart).bytes
        let status = isOpen ? "opened" : "closed"
        let text = String(decoding: key, as: UTF8.self)
        return TopicRecord(
            topic: names.alerts, partition: revision.partition, key: key, value: value(status),
            headers: CloudEvent.headers(
                id: "alert/\(text);\(revision.epoch):\(revision.offset.value);\(status)", site: site,
                type: AlertRecord.eventType, time: Timestamp(microseconds: hourStart + Microseconds.hour)),
            timestamp: now)
    }

    private func value(_ status: String) -> [UInt8] {
        var writer = JSONWriter(reservedBytes: 512)
        writer.object { writer in
            writer.key("site_id")
            writer.string(utf8: site.bytes)
            writer.member("kind", kind.rawValue)
            switch scope {
            case .site: writer.member("scope", "site")
            case .camera(let camera):
                writer.member("scope", "camera")
                writer.member("camera_id", id: camera.bytes[...])
            case .workstation(let workstation):
                writer.member("scope", "workstation")
                writer.member("workstation_id", id: workstation.bytes[...])
            }
            writer.member("hour_start", microseconds: hourStart)
            writer.member("status", status)
            writer.member("cause", cause)
            writer.member("average_ppm", average)
            writer.member("reference_ppm", reference)
            writer.member("samples", samples)
            writer.key("revision")
            writer.object { writer in
                writer.member("epoch", revision.epoch)
                writer.member("partition", Int64(revision.partition.value))
                writer.member("offset", revision.offset.value)
            }
            writer.member("spec", MetricRecord.spec)
        }
        return writer.bytes
    }
}

extension AlertRecord.Scope {
    fileprivate var parts: [[UInt8]] {
        switch self {
        case .site: [Array("site".utf8), []]
        case .camera(let camera): [Array("camera".utf8), camera.bytes]
        case .workstation(let workstation): [Array("workstation".utf8), workstation.bytes]
        }
    }
}
