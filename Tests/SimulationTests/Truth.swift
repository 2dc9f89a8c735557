import EventLog
import EventModel
import Foundation
import Oracle
import SimulationKit
import Timeline

@testable import Publisher

/// What must be so, computed from scratch from what the simulated log holds; shares no code with the fold.
struct Truth {
    private let world: World
    private let log: OracleLog

    /// - Parameter end: how far the log is looked at; nil: all of it.
    init(_ world: World, upTo end: LogOffset? = nil) throws {
        self.world = world
        var log = OracleLog()
        for (offset, record) in world.log.records.prefix(Int(end?.value ?? .max)).enumerated() {
            log.append(try Self.content(record), offset: Int64(offset))
        }
        self.log = log
    }

    private static func content(_ record: NewRecord) throws -> RecordContent {
        var batch = EventBatch(siteID: SiteID(bytes: []))
        let kind = try record.payload.withUnsafeBytes { try RecordCodec.decode($0, into: &batch) }
        return switch kind {
        case .events: .events(batch)
        case .definition(let definition): .definition(definition)
        case .clockSetBack(let record): .clockSetBack(record)
        }
    }

    func view(of site: SiteID, knownAt: Int64? = nil) -> OracleView { log.view(of: site, knownAt: knownAt) }

    // MARK: Acknowledged ⇔ counted once

    private struct Key: Hashable {
        var site: SiteID
        var time: Int64
        var worker: String
        var type: EventType
        var eventClass: EventClass
    }

    private func key(_ event: LoggedEvent) -> Key {
        Key(
            site: event.site, time: event.time, worker: event.worker.text, type: event.type,
            eventClass: event.mark.eventClass)
    }

    private func key(_ event: Plan.Event, of site: SiteID, _ verdict: String?) -> Key {
        let eventClass: EventClass =
            switch verdict {
            case nil: .accepted
            case "low_confidence": .lowConfidence
            default: .quarantined
            }
        return Key(site: site, time: event.time, worker: event.worker, type: event.type, eventClass: eventClass)
    }

    /// Each event of an acknowledged batch is in the log, in its class: accepted, repeated, marked or quarantined.
    func checkAcknowledged(_ answer: ClientAnswer, _ request: Plan.Request) throws {
        let stored = Set(log.events.map(key))
        for (index, event) in request.events.enumerated()
        where !stored.contains(key(event, of: request.site, answer.errors[index])) {
            let verdict = answer.errors[index] ?? "accepted"
            throw Broken(what: "acknowledged as \(verdict) and not in the log: \(event.json) of \(request.site)")
        }
    }

    /// The log holds no event that nobody has sent.
    func checkNothingInvented() throws {
        var sent: Set<Key> = []
        for request in world.plan.requests {
            for event in request.events {
                for verdict in [nil, "low_confidence", "unknown_worker"] {
                    sent.insert(key(event, of: request.site, verdict))
                }
            }
        }
        for event in log.events where !sent.contains(key(event)) {
            throw Broken(what: "in the log and never sent: \(event)")
        }
    }

    // MARK: The fold

    /// Figures, ledger and digest of a worker that has folded everything.
    func checkFold(of worker: SimulatedWorker) throws {
        guard let open = worker.open else { throw Broken(what: "worker \(worker.number) holds nothing") }
        let fresh = try Replay(world.log)
        for site in world.plan.sites {
            let view = view(of: site)
            let found = try SiteAnswers(site, open, world.clock)
            let wanted = view.ledger
            let ledger = found.ledger
            try expect(
                [ledger.received, ledger.folded, ledger.duplicates, ledger.lowConfidence, ledger.quarantined],
                [wanted.received, wanted.folded, wanted.duplicates, wanted.lowConfidence, wanted.quarantined].map {
                    Int64($0)
                }, "received, folded, duplicates, low confidence and quarantined of \(site)")
            try expect(
                ledger.folded + ledger.duplicates + ledger.lowConfidence + ledger.quarantined, ledger.received,
                "the sum of the ledger of \(site)")
            try expect(found.digest(), fresh.digest(of: site), "the digest of \(site)")
            for window in windows(view) {
                try expect(
                    found.figures(window, knownAt: nil), FigureSheet(view, window), "figures of \(site) in \(window)")
            }
            try checkKnown(site, found)
        }
    }

    /// Figures as they were known when some of the records were admitted (SPEC 7.2).
    private func checkKnown(_ site: SiteID, _ found: SiteAnswers) throws {
        let stamps = world.log.records.filter { $0.key == site.bytes }.map(\.createdAt.microseconds)
        for stamp in stride(from: 0, to: stamps.count, by: max(1, stamps.count / 4)).map({ stamps[$0] }) {
            let window = OracleWindow(from: stamp - 48 * Microseconds.hour, to: stamp)
            try expect(
                found.figures(window, knownAt: stamp), FigureSheet(view(of: site, knownAt: stamp), window),
                "figures of \(site) known at \(stamp)")
        }
    }

    /// Windows at the edges of what happened.
    private func windows(_ view: OracleView) -> [OracleWindow] {
        let times = view.winners.map(\.time)
        guard let first = times.min(), let last = times.max() else {
            return [OracleWindow(from: world.plan.start, to: world.clock.now)]
        }
        let middle = times.sorted()[times.count / 2]
        let hour = middle / Microseconds.hour * Microseconds.hour
        return [
            OracleWindow(from: first, to: last + 12 * Microseconds.hour), OracleWindow(from: middle, to: middle + 1),
            OracleWindow(from: hour, to: hour + Microseconds.hour),
        ]
    }

    // MARK: Metric topics

    /// The newest record of each hour that is final says so, and what the oracle says of it.
    func checkTopics() throws {
        let newest = try NewestMetrics(world.topics, world.names)
        for site in world.plan.sites {
            let view = view(of: site)
            for start in newest.hours(of: site, and: view, until: world.clock.now - PublisherConfiguration().grace) {
                let window = OracleWindow(from: start, to: start + Microseconds.hour)
                try newest.check(site, start, FigureSheet(view, window))
            }
        }
    }
}

/// Fails the run unless both are the same.
func expect<Value: Equatable>(_ found: Value, _ wanted: Value, _ what: @autoclosure () -> String) throws {
    if found != wanted { throw Broken(what: "\(what()): found \(found), wanted \(wanted)") }
}
