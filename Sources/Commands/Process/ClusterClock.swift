internal import Clocks
internal import Cluster
internal import EventLog
internal import EventModel
internal import Gateway
internal import HTTPServer
internal import Observability
internal import Query

/// The clocks of a cluster as one of its processes sees them: its own, and those of the gateways (SPEC 2.9, 5.8).
final class ClusterClock: Sendable {
    private let own: WatchedClock
    private let gateways: GatewayClocks
    /// nil in a worker, which appends nothing.
    private let sender: ClockBeaconSender?
    private let cluster: ClusterParts
    private let ticker = Ticker(milliseconds: 1000)

    /// A beacon takes this long at most before a gateway whose clock seems to be behind is named.
    private static let travelMicroseconds = 3 * Microseconds.second

    /// For a worker.
    init(_ cluster: ClusterParts, _ journal: Journal) {
        self.cluster = cluster
        own = WatchedClock(.system, journal: journal)
        gateways = GatewayClocks()
        sender = nil
    }

    /// For a gateway.
    init(_ cluster: ClusterParts, _ gateway: Gateway, _ journal: Journal) {
        self.cluster = cluster
        let own = gateway.watchedClock
        self.own = own
        let sender = ClockBeaconSender(
            topics: cluster.topics, topic: cluster.names.workers, journal: journal, stamps: { own.ownStamps })
        self.sender = sender
        gateways = GatewayClocks(ownID: sender.gatewayID)
    }

    /// As a part of a process; a gateway's admission starts after it.
    var part: ServicePart {
        ServicePart(
            start: { [self] in try start() }, stop: { [self] in stop() }, reasons: { [self] in reasons })
    }

    /// What is known about the time, for answers.
    var answerClock: AnswerClock {
        let certain = own.certain
        return AnswerClock(certain, gatewayLag: gateways.lag(behind: certain.time))
    }

    private func start() throws {
        do throws(LogError) {
            try gateways.start(following: cluster.topics, topic: cluster.names.workers)
        } catch {
            throw CommandFailure("cannot read the clocks of the gateways", because: error)
        }
        look()
        sender?.start()
        ticker.start("cluster-clock") { [weak self] in self?.look() }
    }

    private func look() {
        for (partition, stamp) in gateways.stamps(after: own.setBackAt) { own.noteForeign(stamp, of: partition) }
        // A gateway ticks its clock itself.
        if sender == nil { own.tick() }
    }

    private func stop() {
        ticker.stop()
        sender?.stop()
        gateways.stop()
    }

    /// A gateway names what it does about its own clock itself.
    private var reasons: [ReadinessReason] {
        let others = gateways.offsets(from: SystemClock().now).filter {
            $0.microseconds > ClockWatch.toleranceMicroseconds
                || $0.microseconds < -ClockWatch.toleranceMicroseconds - Self.travelMicroseconds
        }
        return (sender == nil ? own.reasons : [])
            + others.map { ReadinessReason(.degraded, ClockReasons.other($0.gatewayID, $0.microseconds)) }
    }
}
