internal import EventModel
internal import Figures
internal import ProjectionStore
internal import Timeline

/// Compares the quarantined winners of a site, which are kept with their ids.
struct QuarantineComparison {
    let pair: SitePair

    func run(_ found: inout DifferenceCollector) throws {
        var live = QuarantineStream(pair.readers.live, site: pair.live.index)
        var new = QuarantineStream(pair.readers.new, site: pair.new.index)
        while true {
            let (one, other) = (try live.next(), try new.next())
            guard one != nil || other != nil else { return }
            let isFirst = one.map { one in other.map { !$0.key.isBefore(one.key) } ?? true } ?? false
            let isSecond = other.map { other in one.map { !$0.key.isBefore(other.key) } ?? true } ?? false
            compare(isFirst ? one : nil, isSecond ? other : nil, &found)
            if isFirst { live.pass() }
            if isSecond { new.pass() }
        }
    }

    private func compare(
        _ before: QuarantinedEvent?, _ after: QuarantinedEvent?, _ found: inout DifferenceCollector
    ) {
        guard let event = before ?? after else { return }
        if let before, let after, before.isSame(as: after) { return found.equal(.quarantinedEvent) }
        found.different(.quarantinedEvent, size: DifferenceSize.second) {
            let (one, other) = (before.map(values) ?? [:], after.map(values) ?? [:])
            let members = Self.members.compactMap { name in
                one[name] == other[name] ? nil : Difference.Member(name, one[name], other[name])
            }
            return .init(
                difference: Difference(
                    kind: .quarantinedEvent, site: pair.siteID,
                    ids: [
                        NamedValue("worker_id", .id(event.worker)),
                        NamedValue("event_type", .text(event.entry.type.text)),
                    ], time: event.entry.time, size: DifferenceSize.second, members: members))
        }
    }

    private static let members = [
        "reason", "workstation_id", "camera_id", "model_version", "confidence", "count", "position", "created_at",
    ]

    private func values(_ event: QuarantinedEvent) -> [String: DifferenceValue] {
        let entry = event.entry
        let position = Position(record: .init(partition: pair.partition, offset: entry.offset), index: entry.index)
        var values: [String: DifferenceValue] = [
            "workstation_id": .id(event.workstation), "confidence": .confidence(entry.confidence),
            "count": .integer(entry.count), "position": .text(position.description),
            "created_at": .time(entry.createdAt),
        ]
        values["reason"] = entry.quarantineReason.map { .text("\($0.verdict.code)") }
        values["camera_id"] = event.camera.map { .id($0) }
        values["model_version"] = event.modelVersion.map { .id($0) }
        return values
    }
}

/// The quarantined winners of a site by worker and key, some at a time.
private struct QuarantineStream {
    private let reader: StoreReader
    private let site: UInt32
    private var portion: ArraySlice<QuarantinedEvent> = []
    private var last: QuarantineKey?
    private var isAtEnd = false
    private static let portionMaximum = 1000

    init(_ reader: StoreReader, site: UInt32) {
        self.reader = reader
        self.site = site
    }

    mutating func next() throws -> QuarantinedEvent? {
        if portion.isEmpty, !isAtEnd {
            let read = try reader.quarantined(site: site, after: last, limit: Self.portionMaximum)
            isAtEnd = read.count < Self.portionMaximum
            last = read.last?.key
            portion = read[...]
        }
        return portion.first
    }

    mutating func pass() { portion.removeFirst() }
}

extension QuarantinedEvent {
    /// Whether they are one event; their origins have no meaning.
    fileprivate func isSame(as other: QuarantinedEvent) -> Bool {
        entry.createdAt == other.entry.createdAt && entry.position == other.entry.position
            && entry.confidence == other.entry.confidence && entry.count == other.entry.count
            && workstation == other.workstation && camera == other.camera && modelVersion == other.modelVersion
    }
}

extension QuarantineKey {
    fileprivate func isBefore(_ other: QuarantineKey) -> Bool {
        worker == other.worker ? key < other.key : worker.lexicographicallyPrecedes(other.worker)
    }
}
