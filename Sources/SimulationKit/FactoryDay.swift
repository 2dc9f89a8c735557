public import EventModel

/// A plausible day of a factory for the demo; the same seed gives the same day.
///
/// Three lines with 24 stations, each with one camera; about fifty people in three shifts with breaks and short idle
/// times; counts at realistic rates; cameras that drop out, one that degrades in the afternoon; late reports and a few
/// natural duplicates.
public struct FactoryDay: Sendable {
    /// What to simulate.
    public struct Plan: Sendable {
        public var seed: UInt64
        public var siteID: SiteID
        /// IANA name for the definition; the simulation itself uses ``localMidnight``.
        public var timeZone: String
        /// A midnight of the site's wall clock, at most 24 hours before ``end``.
        public var localMidnight: Timestamp
        /// Events lie in the 24 hours before this instant.
        public var end: Timestamp
        public var workers: Int
        /// Adds a few events that admission must reject.
        public var includesInvalid: Bool

        public init(
            seed: UInt64 = 1, siteID: SiteID = "demo-plant", timeZone: String = "Europe/Berlin",
            localMidnight: Timestamp, end: Timestamp, workers: Int = 50, includesInvalid: Bool = false
        ) {
            self.seed = seed
            self.siteID = siteID
            self.timeZone = timeZone
            self.localMidnight = localMidnight
            self.end = end
            self.workers = workers
            self.includesInvalid = includesInvalid
        }
    }

    public let definition: SiteDefinition
    /// NDJSON lines without line ends, in order of arrival.
    public let lines: [[UInt8]]
    /// The events that ``lines`` encode: repeats included, invalid ones left out.
    public let events: [SimulatedEvent]
    /// When each of ``events`` reaches the gateway, in rising order.
    public let arrivals: [Timestamp]

    public init(_ plan: Plan) {
        var definition = FactoryPlant.definition(plan)
        var simulation = FactorySimulation(plan)
        let reports = simulation.reports()
        events = reports.map(\.event)
        arrivals = reports.map { Timestamp(microseconds: $0.arrival) }
        var lines = reports.map { FactoryDay.line($0.event) }
        if plan.includesInvalid { Self.addInvalid(to: &lines, siteID: plan.siteID) }
        self.lines = lines
        let units = events.reduce(0) { $0 + Int64($1.count) }
        // A target that the day just misses: 4 % above the units an hour, in steps of five.
        definition.targetMicrounitsPerHour = max(5, (units * 104 / 2400 + 2) / 5 * 5) * 1_000_000
        self.definition = definition
    }

    /// All lines as one body or file.
    public var ndjson: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(lines.reduce(0) { $0 + $1.count + 1 })
        for line in lines {
            bytes.append(contentsOf: line)
            bytes.append(UInt8(ascii: "\n"))
        }
        return bytes
    }

    static func line(_ event: SimulatedEvent) -> [UInt8] {
        var text = "{\"timestamp\":\"\(Timestamp(microseconds: event.time).formatted)\""
        text += ",\"worker_id\":\"\(event.worker)\",\"workstation_id\":\"\(event.workstation)\""
        text += ",\"event_type\":\"\(event.type.name)\",\"confidence\":\(decimal(event.confidence))"
        if event.type == .productCount { text += ",\"count\":\(event.count)" }
        if let camera = event.camera { text += ",\"camera_id\":\"\(camera)\"" }
        if let model = event.modelVersion { text += ",\"model_version\":\"\(model)\"" }
        return Array((text + "}").utf8)
    }

    /// Parts per million as a fraction with three decimals; the simulation draws no finer values.
    private static func decimal(_ partsPerMillion: UInt32) -> String {
        let digits = String(partsPerMillion / 1000 % 1000)
        return "\(partsPerMillion / 1_000_000)." + String(repeating: "0", count: 3 - digits.utf8.count) + digits
    }

    private static func addInvalid(to lines: inout [[UInt8]], siteID: SiteID) {
        guard !lines.isEmpty else { return }
        let good = String(decoding: lines[lines.count / 2], as: UTF8.self)
        let bad = [
            good.replacing("{\"timestamp\":\"", with: "{\"timestamp\":\"today "),
            "{\"timestamp\":", "{\"worker_id\":\"W01\"}", good.replacing("\"confidence\":0", with: "\"confidence\":1"),
            good.replacing("\"worker_id\":\"W", with: "\"worker_id\":\"visitor-"),
        ]
        for (place, text) in bad.enumerated() { lines.insert(Array(text.utf8), at: lines.count * (place + 1) / 7) }
    }
}

/// The people and stations of the demo's factory.
enum FactoryPlant {
    struct Station {
        var id: WorkstationID
        var camera: CameraID
        var name: String
        var line: String
        /// Units that one working person makes in an hour.
        var rate: Double
    }

    private static let kinds: [(line: String, names: [String], rate: Double)] = [
        ("Stamping", ["Press", "Press", "Press", "Deburring", "Deburring", "Washing", "Sorting", "Inspection"], 90),
        (
            "Assembly",
            ["Pre-assembly", "Pre-assembly", "Mounting", "Mounting", "Wiring", "Screwing", "Gluing", "Test"], 30
        ),
        (
            "Packing", ["Labelling", "Labelling", "Boxing", "Boxing", "Boxing", "Weighing", "Palletizing", "Dispatch"],
            60
        ),
    ]

    static let stations: [Station] = kinds.flatMap { kind in
        kind.names.enumerated().map { place, name in
            let same = kind.names[...place].count { $0 == name }
            return (kind, name, same, place)
        }
    }.enumerated().map { number, entry in
        let (kind, name, same, place) = entry
        let id = number < 9 ? "0\(number + 1)" : "\(number + 1)"
        return Station(
            id: WorkstationID("ST-\(id)"), camera: CameraID("cam-\(id)"), name: "\(name) \(same)", line: kind.line,
            rate: kind.rate * (0.8 + 0.05 * Double(place)))
    }

    private static let givenNames = [
        "Ada", "Bruno", "Clara", "David", "Elif", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Kaja", "Luca", "Mira",
        "Nils", "Olga", "Pavel", "Rosa", "Samir", "Tessa", "Umut", "Vera", "Willem", "Yara", "Zoran", "Anouk",
    ]
    private static let familyNames = [
        "Adler", "Bauer", "Costa", "Demir", "Eriksen", "Fischer", "Garcia", "Horvat", "Ivanova", "Jansen", "Kowalski",
        "Lindner", "Moreau", "Novak", "Okafor", "Petrov", "Rossi", "Schmidt", "Tanaka", "Ursu", "Vogel", "Weber",
        "Yilmaz",
    ]

    static func worker(_ number: Int) -> WorkerID { WorkerID(number < 9 ? "W0\(number + 1)" : "W\(number + 1)") }

    static func definition(_ plan: FactoryDay.Plan) -> SiteDefinition {
        var definition = SiteDefinition(siteID: plan.siteID, name: "Demo plant", timeZone: plan.timeZone)
        definition.observationTTLSeconds = 600
        definition.shifts = FactorySimulation.shifts
        definition.workers = (0..<plan.workers).map { number in
            let given = givenNames[number % givenNames.count]
            let family = familyNames[(number * 7 + number / givenNames.count) % familyNames.count]
            return SiteDefinition.Worker(
                workerID: worker(number), name: "\(given) \(family)", location: stations[number % stations.count].line)
        }
        definition.workstations = stations.map { station in
            SiteDefinition.Workstation(
                workstationID: station.id, name: station.name, location: "Hall 1", line: station.line, capacity: 2)
        }
        return definition
    }
}
