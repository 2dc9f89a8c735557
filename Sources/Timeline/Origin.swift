/// Where an event came from: station, camera and model version.
///
/// Camera and model version are numbers in ``SiteFold/names`` plus one; 0 means none.
public struct Origin: Sendable, Hashable {
    public var station: UInt32
    public var camera: UInt32
    public var modelVersion: UInt32

    public init(station: UInt32, camera: UInt32, modelVersion: UInt32) {
        self.station = station
        self.camera = camera
        self.modelVersion = modelVersion
    }
}

/// Assigns permanent numbers to the origins of a site, in order of first appearance.
///
/// Beyond ``detailedMaximum``, which admission never lets a site reach, camera and model version of a new one are left
/// out: the figures of stations stay right, and a fold never stops.
public struct OriginTable: Sendable {
    public private(set) var origins: [Origin] = []
    private let detailedMaximum: Int
    private var table: [UInt32] = Array(repeating: 0, count: 16)

    /// A million numbers are left for stations.
    static let detailedMaximum = PackedDetail.originsMaximum - (1 << 20)

    init(detailedMaximum: Int = OriginTable.detailedMaximum) { self.detailedMaximum = detailedMaximum }

    public var count: Int { origins.count }

    public subscript(number: UInt32) -> Origin { origins[Int(number)] }

    mutating func intern(_ origin: Origin) -> UInt32 {
        var slot = OriginTable.hash(origin) & (table.count - 1)
        while table[slot] != 0 {
            if origins[Int(table[slot] - 1)] == origin { return table[slot] - 1 }
            slot = (slot + 1) & (table.count - 1)
        }
        if origins.count >= detailedMaximum, origin.camera != 0 || origin.modelVersion != 0 {
            return intern(Origin(station: origin.station, camera: 0, modelVersion: 0))
        }
        origins.append(origin)
        table[slot] = UInt32(origins.count)
        if origins.count * 2 > table.count { grow() }
        return UInt32(origins.count - 1)
    }

    private mutating func grow() {
        table = Array(repeating: 0, count: table.count * 2)
        for number in 0..<origins.count {
            var slot = OriginTable.hash(origins[number]) & (table.count - 1)
            while table[slot] != 0 { slot = (slot + 1) & (table.count - 1) }
            table[slot] = UInt32(number) + 1
        }
    }

    /// The three numbers are dense and assigned here, not by clients, so a fixed mix is enough.
    private static func hash(_ origin: Origin) -> Int {
        var mixed = UInt64(origin.station) &* 0x9e37_79b9_7f4a_7c15
        mixed = (mixed ^ (mixed >> 32) ^ UInt64(origin.camera)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 29) ^ UInt64(origin.modelVersion)) &* 0x94d0_49bb_1331_11eb
        return Int(truncatingIfNeeded: mixed >> 17) & Int.max
    }
}
