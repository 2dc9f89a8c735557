public import EventModel

/// Load for benchmarks: which worker does what in the *k*-th event of request *n*, computed from a seed alone.
///
/// Requests can be built in any order and on any thread, because a request depends on its number only. Without late
/// events no key occurs twice.
public struct LoadShape: Sendable {
    public enum Grouping: Sendable {
        /// The events of a request come from this many workers, as from an edge that serves a few stations.
        case byRequest(workers: Int)
        /// Each event comes from a random worker.
        case random
    }

    public var seed: UInt64
    public var workers: Int
    public var workstations: Int
    public var eventsPerRequest: Int
    public var grouping: Grouping
    /// Percentage of events that happened up to an hour before their neighbours.
    public var latePercent: Double
    /// event_time of the first events.
    public var start: Timestamp
    /// Microseconds between the events of one worker.
    public var interval: Int64
    public var siteID: SiteID

    public init(
        seed: UInt64 = 1, workers: Int, workstations: Int = 200, eventsPerRequest: Int = 100,
        grouping: Grouping = .byRequest(workers: 4), latePercent: Double = 0, start: Timestamp,
        interval: Int64 = 10 * Microseconds.second, siteID: SiteID = "bench"
    ) {
        precondition((1...1_000_000).contains(workers) && (1...10_000).contains(workstations), "ids have fixed widths")
        self.seed = seed
        self.workers = workers
        self.workstations = workstations
        self.eventsPerRequest = eventsPerRequest
        self.grouping = grouping
        self.latePercent = latePercent
        self.start = start
        self.interval = interval
        self.siteID = siteID
    }

    /// Who did what when.
    struct Slot {
        var worker: Int
        var time: Int64
        /// Random bits for everything else.
        var bits: UInt64
    }

    /// Workers of one request when they are grouped.
    var groupSize: Int {
        switch grouping {
        case .byRequest(let count): max(1, min(count, workers, eventsPerRequest))
        case .random: 1
        }
    }

    func slot(_ place: Int, of request: Int) -> Slot {
        let bits = SeededGenerator.mix(seed &+ UInt64(request) &* 0x1_0000 &+ UInt64(place))
        var slot: Slot
        switch grouping {
        case .random:
            let number = Int64(request) * Int64(eventsPerRequest) + Int64(place)
            slot = Slot(
                worker: Int(bits % UInt64(workers)), time: number * max(1, interval / Int64(workers)), bits: bits)
        case .byRequest:
            let size = groupSize
            let groups = workers / size
            let worker = request % groups * size + place % size
            let perWorker = (eventsPerRequest + size - 1) / size
            let turn = Int64(request / groups * perWorker + place / size)
            let phase = SeededGenerator.mix(seed ^ UInt64(worker)) % UInt64(max(1, interval))
            slot = Slot(worker: worker, time: turn * interval + Int64(phase), bits: bits)
        }
        if latePercent > 0, Double(SeededGenerator.mix(bits) % 10_000) < latePercent * 100 {
            slot.time -= Int64(SeededGenerator.mix(bits ^ 1) % UInt64(Microseconds.hour))
        }
        slot.time = max(0, slot.time + start.microseconds)
        return slot
    }

    /// created_at of a request: after all of its events, rising with its number.
    public func createdAt(of request: Int) -> Timestamp {
        let number = Int64(request + 1) * Int64(eventsPerRequest)
        let passed: Int64
        switch grouping {
        case .random: passed = number * max(1, interval / Int64(workers))
        case .byRequest:
            let groups = workers / groupSize
            let perWorker = Int64((eventsPerRequest + groupSize - 1) / groupSize)
            // The round's share that this request has reached, after the whole of the round.
            let share = Int64(request % groups) * perWorker * interval / Int64(groups)
            passed = (Int64(request / groups) + 1) * perWorker * interval + share + interval
        }
        return start + (passed + Microseconds.second)
    }

    /// Of a hundred events 62 are working, 22 idle, 6 absent and 10 counts.
    static func type(_ bits: UInt64) -> EventType {
        switch (bits >> 32) % 100 {
        case 0..<62: .working
        case 62..<84: .idle
        case 84..<90: .absent
        default: .productCount
        }
    }

    /// Parts per million in steps of a thousandth, 0.72 to 0.99: no event is low confidence.
    static func confidence(_ bits: UInt64) -> UInt32 { UInt32(720 + (bits >> 16) % 270) * 1000 }

    /// 1 to 9 units.
    static func count(_ bits: UInt64) -> UInt32 { UInt32(1 + (bits >> 8) % 9) }

    func station(of worker: Int) -> Int { worker % workstations }

    /// `w000042`.
    static func workerID(_ number: Int) -> [UInt8] { id("w", number, digits: 6) }
    /// `s0042`.
    static func workstationID(_ number: Int) -> [UInt8] { id("s", number, digits: 4) }
    /// `c0042`.
    static func cameraID(_ number: Int) -> [UInt8] { id("c", number, digits: 4) }

    private static func id(_ letter: Unicode.Scalar, _ number: Int, digits: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: UInt8(ascii: letter), count: digits + 1)
        var left = number
        for place in stride(from: digits, to: 0, by: -1) {
            bytes[place] = UInt8(ascii: "0") + UInt8(left % 10)
            left /= 10
        }
        return bytes
    }

    /// A definition that names every worker and station of the load.
    public var definition: SiteDefinition {
        var definition = SiteDefinition(siteID: siteID, name: "Bench")
        definition.workers = (0..<workers).map { .init(workerID: WorkerID(bytes: Self.workerID($0))) }
        definition.workstations = (0..<workstations).map {
            .init(workstationID: WorkstationID(bytes: Self.workstationID($0)))
        }
        return definition
    }
}
