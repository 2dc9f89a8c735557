internal import EventModel
internal import Figures

/// The encoding of figures in the publisher's file: integers of seven bits per byte, lowest first, in member order.
extension PublishedFigures {
    var stored: [UInt8] {
        var bytes: [UInt8] = []
        func put(_ number: Int64) {
            // The sign is the lowest bit, so that small numbers stay short.
            var rest = UInt64(bitPattern: number << 1 ^ number >> 63)
            while rest > 0x7f {
                bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
                rest >>= 7
            }
            bytes.append(UInt8(rest))
        }
        switch self {
        case .worker(let sums, let state, let workstation):
            for number in [sums.working, sums.idle, sums.absent, sums.units] { put(number) }
            put(state.map { Int64($0.rawValue) } ?? -1)
            put(workstation.map { Int64($0.count) } ?? -1)
            bytes += workstation ?? []
        case .workstation(let sums, let currentWorkers):
            for number in [sums.working, sums.idle, sums.units, currentWorkers] { put(number) }
        case .factory(let factory): for number in factory.numbers { put(number) }
        case .shift(let shift): for number in shift.numbers { put(number) }
        case .alert(let alert):
            put(alert == nil ? 0 : 1)
            if let alert { for number in [alert.average, alert.reference, alert.samples] { put(number) } }
        case .modelHealth(let health):
            for number in [health.samples, health.confidenceSum, health.belowThreshold] { put(number) }
            for number in health.histogram { put(number) }
        }
        return bytes
    }

    /// Decodes ``stored``; nil if the bytes are anything else.
    init?(stored bytes: [UInt8], _ kind: MetricKind) {
        var reader = StoredIntegers(bytes: bytes)
        switch kind {
        case .worker:
            var sums = StateSums()
            sums.working = reader.next()
            sums.idle = reader.next()
            sums.absent = reader.next()
            sums.units = reader.next()
            let state = UInt8(exactly: reader.next()).flatMap { EventType(rawValue: $0) }
            let length = reader.next()
            self = .worker(sums, state: state, workstation: length < 0 ? nil : reader.bytes(Int(length)))
        case .workstation:
            var sums = StateSums()
            sums.working = reader.next()
            sums.idle = reader.next()
            sums.units = reader.next()
            self = .workstation(sums, currentWorkers: reader.next())
        case .factory: self = .factory(Factory(&reader))
        case .shift: self = .shift(Shift(&reader))
        case .alert:
            let isOpen = reader.next() == 1
            self = .alert(
                isOpen ? Alert(average: reader.next(), reference: reader.next(), samples: reader.next()) : nil)
        case .modelHealth:
            var health = HealthFigures()
            health.samples = reader.next()
            health.confidenceSum = reader.next()
            health.belowThreshold = reader.next()
            for bin in health.histogram.indices { health.histogram[bin] = reader.next() }
            self = .modelHealth(health)
        }
        guard reader.isWhole else { return nil }
    }
}

extension PublishedFigures.Factory {
    fileprivate var numbers: [Int64] {
        [working, observed, units, activeWorkers, activeStations] + optional(target)
    }

    fileprivate init(_ reader: inout StoredIntegers) {
        working = reader.next()
        observed = reader.next()
        units = reader.next()
        activeWorkers = reader.next()
        activeStations = reader.next()
        target = reader.optional()
    }
}

extension PublishedFigures.Shift {
    fileprivate var numbers: [Int64] {
        factory.numbers + [end, handoverUnits, baselineUnits] + optional(handoverUtilization)
            + optional(baselineUtilization)
    }

    fileprivate init(_ reader: inout StoredIntegers) {
        factory = PublishedFigures.Factory(&reader)
        end = reader.next()
        handoverUnits = reader.next()
        baselineUnits = reader.next()
        handoverUtilization = reader.optional()
        baselineUtilization = reader.optional()
    }
}

/// Whether there is a number, then the number.
private func optional(_ number: Int64?) -> [Int64] { number.map { [1, $0] } ?? [0] }

/// Reads integers in sequence; once something is missing, the rest are 0.
private struct StoredIntegers {
    private let stored: [UInt8]
    private var offset = 0
    private var isBroken = false

    init(bytes: [UInt8]) { stored = bytes }

    var isAtEnd: Bool { offset == stored.count }
    /// Whether everything was present and nothing is left.
    var isWhole: Bool { isAtEnd && !isBroken }

    mutating func next() -> Int64 {
        var number: UInt64 = 0
        var shift: UInt64 = 0
        while offset < stored.count, shift < 64 {
            let byte = stored[offset]
            offset += 1
            number |= UInt64(byte & 0x7f) << shift
            if byte & 0x80 == 0 { return Int64(bitPattern: number >> 1) ^ -Int64(bitPattern: number & 1) }
            shift += 7
        }
        isBroken = true
        return 0
    }

    mutating func optional() -> Int64? { next() == 1 ? next() : nil }

    mutating func bytes(_ count: Int) -> [UInt8] {
        guard count >= 0, count <= stored.count - offset else {
            isBroken = true
            return []
        }
        defer { offset += count }
        return Array(stored[offset..<offset + count])
    }
}
