internal import EventModel
internal import Figures
internal import Foundation
internal import JSON

/// Turns the JSON of a definition into values and records every fault in it (SPEC 3).
struct DefinitionReader {
    static let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    /// More would not help anybody to correct a definition.
    private static let faultsMaximum = 100
    /// Maximum bytes of a name, location or line: shown, never compared.
    private static let textBytesMaximum = 1024
    private static let shiftsMaximum = 100

    /// What becomes of members that no definition has.
    enum UnknownMembers { case faults, ignored }

    private let unknownMembers: UnknownMembers
    private(set) var faults: [DefinitionFault] = []

    init(unknownMembers: UnknownMembers) { self.unknownMembers = unknownMembers }

    mutating func definition(_ value: JSONValue, site: SiteID) -> SiteDefinition {
        var definition = SiteDefinition(siteID: site)
        guard let members = object(value, .definition, at: "") else { return definition }
        if let value = required(members, "site", at: ""), let fields = object(value, .site, at: "/site") {
            readSite(fields, into: &definition)
        }
        definition.workers = list(members, "workers", .worker, id: "worker_id") { reader, fields, id, pointer in
            SiteDefinition.Worker(
                workerID: WorkerID(bytes: id), name: reader.text(fields, "name", at: pointer),
                location: reader.text(fields, "location", at: pointer),
                activeSince: reader.text(fields, "active_since", at: pointer))
        }
        definition.workstations = list(members, "workstations", .workstation, id: "workstation_id") {
            reader, fields, id, pointer in
            SiteDefinition.Workstation(
                workstationID: WorkstationID(bytes: id), name: reader.text(fields, "name", at: pointer),
                location: reader.text(fields, "location", at: pointer), line: reader.text(fields, "line", at: pointer),
                capacity: reader.integer(fields, "capacity", 0...Limits.capacityMaximum, at: pointer) ?? 1)
        }
        return definition
    }

    // MARK: Site

    private mutating func readSite(_ fields: [String: JSONValue], into definition: inout SiteDefinition) {
        let pointer = "/site"
        if let named = text(fields, "site_id", at: pointer), Array(named.utf8) != definition.siteID.bytes {
            fault("\(pointer)/site_id", "must be the site that the request names, or be left out")
        }
        definition.name = text(fields, "name", at: pointer) ?? definition.siteID.text
        if let zone = text(fields, "time_zone", at: pointer) {
            if SiteZone.isName(zone) {
                definition.timeZone = zone
            } else {
                fault("\(pointer)/time_zone", "must be a name of the tz database, e.g. Europe/Berlin")
            }
        }
        if let ttl = integer(fields, "observation_ttl_seconds", 0...Limits.ttlSecondsMaximum, at: pointer) {
            definition.observationTTLSeconds = ttl
        }
        if let threshold = number(fields, "confidence_threshold", at: pointer) {
            if case .valid(let confidence) = Confidence.read(decimal: Array(threshold.utf8).span) {
                definition.confidenceThreshold = confidence
            } else {
                fault("\(pointer)/confidence_threshold", "must be between 0 and 1")
            }
        }
        if let seconds = integer(fields, "max_future_seconds", 0...Limits.ttlSecondsMaximum, at: pointer) {
            definition.maxFutureSeconds = seconds
        }
        if let minutes = integer(fields, "handover_minutes", 0...1440, at: pointer) {
            definition.handoverMinutes = minutes
        }
        switch fields["board_names"] {
        case nil, .null: break
        case .bool(let isShown): definition.showsNamesOnBoards = isShown
        default: fault("\(pointer)/board_names", "must be true or false")
        }
        definition.targetMicrounitsPerHour = target(fields, at: pointer)
        definition.shifts = shifts(fields, at: pointer)
    }

    private mutating func target(_ fields: [String: JSONValue], at pointer: String) -> Int64? {
        guard let text = number(fields, "target_units_per_hour", at: pointer) else { return nil }
        // Decimal holds 38 digits, so millionths of realistic numbers are exact.
        let maximum = Limits.targetMicrounitsMaximum / 1_000_000
        guard let value = Decimal(string: text), value >= 0, value <= Decimal(maximum) else {
            fault("\(pointer)/target_units_per_hour", "must be between 0 and \(maximum)")
            return nil
        }
        var scaled = value * 1_000_000
        var rounded = Decimal()
        NSDecimalRound(&rounded, &scaled, 0, .bankers)
        return NSDecimalNumber(decimal: rounded).int64Value
    }

    private mutating func shifts(_ fields: [String: JSONValue], at pointer: String) -> [SiteDefinition.Shift] {
        guard let elements = array(fields, "shifts", at: pointer) else { return [] }
        guard elements.count <= Self.shiftsMaximum else {
            fault("\(pointer)/shifts", "at most \(Self.shiftsMaximum) shifts")
            return []
        }
        var shifts: [SiteDefinition.Shift] = []
        for (index, element) in elements.enumerated() {
            let pointer = "\(pointer)/shifts/\(index)"
            guard let fields = object(element, .shift, at: pointer) else { continue }
            let name = text(fields, "name", at: pointer) ?? ""
            let start = clock(fields, "start", at: pointer)
            let end = clock(fields, "end", at: pointer)
            let days = weekdays(fields, at: pointer)
            if let start, let end {
                shifts.append(SiteDefinition.Shift(name: name, startMinute: start, endMinute: end, days: days))
            }
        }
        return shifts
    }

    private mutating func clock(_ fields: [String: JSONValue], _ name: String, at pointer: String) -> Int? {
        let value = text(fields, name, at: pointer).map { Array($0.utf8) } ?? []
        let digits = value.enumerated().allSatisfy { $0.offset == 2 ? $0.element == 0x3a : 0x30...0x39 ~= $0.element }
        if value.count == 5, digits {
            let hour = Int(value[0] - 0x30) * 10 + Int(value[1] - 0x30)
            let minute = Int(value[3] - 0x30) * 10 + Int(value[4] - 0x30)
            if hour < 24, minute < 60 { return hour * 60 + minute }
        }
        fault("\(pointer)/\(name)", "must be a time of day, e.g. 06:00")
        return nil
    }

    private mutating func weekdays(_ fields: [String: JSONValue], at pointer: String) -> UInt8 {
        guard let elements = array(fields, "days", at: pointer) else { return 0x7f }
        var days: UInt8 = 0
        for (index, element) in elements.enumerated() {
            if case .string(let name) = element, let bit = Self.days.firstIndex(of: name) {
                days |= 1 << UInt8(bit)
            } else {
                fault("\(pointer)/days/\(index)", "must be one of \(Self.days.joined(separator: ", "))")
            }
        }
        if elements.isEmpty { fault("\(pointer)/days", "names no day; leave it out for all days") }
        return days
    }

    // MARK: Workers and workstations

    private mutating func list<Entry>(
        _ members: [String: JSONValue], _ name: String, _ kind: DefinitionMembers, id idName: String,
        _ make: (inout DefinitionReader, [String: JSONValue], [UInt8], String) -> Entry
    ) -> [Entry] {
        guard let elements = array(members, name, at: "") else { return [] }
        guard elements.count <= Limits.definitionEntriesMaximum else {
            fault("/\(name)", "at most \(Limits.definitionEntriesMaximum) entries")
            return []
        }
        var entries: [Entry] = []
        var seen: [[UInt8]: Int] = [:]
        for (index, element) in elements.enumerated() {
            let pointer = "/\(name)/\(index)"
            guard let fields = object(element, kind, at: pointer) else { continue }
            guard let id = required(fields, idName, at: pointer) else { continue }
            guard case .string(let text) = id, IdentifierRules.isIdentifier(Array(text.utf8).span) else {
                fault("\(pointer)/\(idName)", "must be a string of 1 to 128 bytes without control characters")
                continue
            }
            let bytes = Array(text.utf8)
            if let first = seen[bytes] {
                fault("\(pointer)/\(idName)", "stands at /\(name)/\(first) already")
            }
            seen[bytes] = index
            entries.append(make(&self, fields, bytes, pointer))
        }
        return entries
    }

    // MARK: Values

    private mutating func fault(_ pointer: String, _ message: String) {
        if faults.count < Self.faultsMaximum { faults.append(DefinitionFault(pointer: pointer, message: message)) }
    }

    private mutating func object(
        _ value: JSONValue, _ kind: DefinitionMembers, at pointer: String
    ) -> [String: JSONValue]? {
        guard case .object(let members) = value else {
            fault(pointer, "must be an object")
            return nil
        }
        if unknownMembers == .faults {
            for name in members.keys.filter({ !kind.has($0) }).sorted() {
                fault("\(pointer)/\(DefinitionMembers.pointerToken(name))", kind.complaint(about: name))
            }
        }
        return members
    }

    private mutating func required(_ fields: [String: JSONValue], _ name: String, at pointer: String) -> JSONValue? {
        if let value = fields[name], value != .null { return value }
        fault("\(pointer)/\(name)", "is missing")
        return nil
    }

    private mutating func array(_ fields: [String: JSONValue], _ name: String, at pointer: String) -> [JSONValue]? {
        switch fields[name] {
        case nil, .null: return nil
        case .array(let elements): return elements
        default:
            fault("\(pointer)/\(name)", "must be an array")
            return nil
        }
    }

    private mutating func text(_ fields: [String: JSONValue], _ name: String, at pointer: String) -> String? {
        switch fields[name] {
        case nil, .null: return nil
        case .string(let text) where text.utf8.count <= Self.textBytesMaximum: return text
        default:
            fault("\(pointer)/\(name)", "must be a string of at most \(Self.textBytesMaximum) bytes")
            return nil
        }
    }

    private mutating func number(_ fields: [String: JSONValue], _ name: String, at pointer: String) -> String? {
        switch fields[name] {
        case nil, .null: return nil
        case .number(let text): return text
        default:
            fault("\(pointer)/\(name)", "must be a number")
            return nil
        }
    }

    private mutating func integer(
        _ fields: [String: JSONValue], _ name: String, _ range: ClosedRange<Int64>, at pointer: String
    ) -> Int64? {
        guard let text = number(fields, name, at: pointer) else { return nil }
        if let value = Int64(text), range.contains(value) { return value }
        fault("\(pointer)/\(name)", "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        return nil
    }
}
