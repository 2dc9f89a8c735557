internal import EventModel
internal import Figures
internal import JSON

/// What a record of the alerts topic says (SPEC 6.4): an alert, and whether its condition holds.
///
/// A closed alert says what is known now of the hour that it was about.
struct AlertContent: Sendable {
    var alert: HealthAlert
    var isOpen: Bool

    /// Kind, scope and id: what tells the alerts of an hour apart.
    var entity: [[UInt8]] {
        switch alert.scope {
        case .site: [Array(alert.kind.rawValue.utf8), Array("site".utf8), []]
        case .camera(let id): [Array(alert.kind.rawValue.utf8), Array("camera".utf8), Array(id)]
        case .workstation(let id): [Array(alert.kind.rawValue.utf8), Array("workstation".utf8), Array(id)]
        }
    }

    /// The alert that an entity names, as an hour knows it; nil if it names none.
    init?(_ entity: [[UInt8]], in hour: JudgedHour) {
        guard entity.count == 3, let kind = HealthAlert.Kind(rawValue: String(decoding: entity[0], as: UTF8.self))
        else { return nil }
        let scope: HealthAlert.Scope
        switch String(decoding: entity[1], as: UTF8.self) {
        case "site": scope = .site
        case "camera": scope = .camera(entity[2][...])
        case "workstation": scope = .workstation(entity[2][...])
        default: return nil
        }
        alert = hour.alert(kind, scope)
        isOpen = hour.isOpen(alert)
    }

    init(_ alert: HealthAlert, isOpen: Bool = true) { (self.alert, self.isOpen) = (alert, isOpen) }

    func write(to writer: inout JSONWriter) {
        writer.member("severity", alert.severity)
        writer.member("message", message)
        writer.key("average_ppm")
        writer.integer(orNull: alert.average.ppm)
        writer.key("reference_ppm")
        writer.integer(orNull: alert.referencePPM)
        writer.member("samples", alert.average.samples)
    }

    private var message: String {
        guard !isOpen else { return alert.message }
        let (average, samples) = (alert.average.average?.text ?? "-", alert.average.samples)
        guard samples >= HealthAlert.samplesMinimum else {
            return "Only \(samples) samples are left of the hour: too few to judge it."
        }
        guard let before = alert.before else { return "Average confidence \(average) is not below 0.75 any more." }
        guard before.samples >= HealthAlert.samplesMinimum else {
            return "Only \(before.samples) samples are left of the hour before: too few to compare with."
        }
        let reference = before.average?.text ?? "-"
        return "Average confidence \(average) is not below 0.9 times that of the hour before, \(reference), any more."
    }
}

extension PublishedFigures {
    /// What the record of an open alert is compared by.
    struct Alert: Equatable, Sendable {
        /// Averages in parts per million.
        var average: Int64 = 0
        var reference: Int64 = 0
        var samples: Int64 = 0
    }
}

extension PublishedFigures.Alert {
    init(_ alert: HealthAlert) {
        self.init(
            average: alert.average.ppm ?? 0, reference: alert.referencePPM ?? 0, samples: alert.average.samples)
    }

    init(_ record: JSONValue) {
        func integer(_ name: String) -> Int64 { record[name]?.text.flatMap { Int64($0) } ?? 0 }
        self.init(average: integer("average_ppm"), reference: integer("reference_ppm"), samples: integer("samples"))
    }

    func write(to writer: inout JSONWriter) {
        writer.member("average_ppm", average)
        writer.member("reference_ppm", reference)
        writer.member("samples", samples)
    }
}

extension HealthAlert {
    /// What the average is compared with, in parts per million: 0.75, or the average of the hour before.
    fileprivate var referencePPM: Int64? { kind == .lowAverage ? 750_000 : before?.ppm }
}

extension HealthAverage {
    /// Rounded half up; nil without samples.
    fileprivate var ppm: Int64? { samples > 0 ? (2 * confidenceSum + samples) / (2 * samples) : nil }
}
