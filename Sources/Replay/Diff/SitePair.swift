internal import EventModel
internal import Figures
internal import ProjectionStore
internal import Timeline

/// A site in two generations, with one numbering for both: another fold may have numbered its ids differently.
struct SitePair {
    let live: SiteFold
    let new: SiteFold
    let readers: (live: StoreReader, new: StoreReader)
    let partition: PartitionIndex
    let workers: IDMatching
    let stations: IDMatching
    let names: IDMatching
    let origins: OriginMatching

    init(
        _ live: SiteFold, _ new: SiteFold, _ readers: (live: StoreReader, new: StoreReader), _ partition: PartitionIndex
    ) {
        self.live = live
        self.new = new
        self.readers = readers
        self.partition = partition
        workers = IDMatching(live.workers, new.workers)
        stations = IDMatching(live.stations, new.stations)
        names = IDMatching(live.names, new.names)
        origins = OriginMatching(live.origins, new.origins, stations, names)
    }

    var siteID: SiteID { live.siteID }

    /// Whether hours begin at the same times.
    var hasSameHours: Bool { live.parameters.hourOffset == new.parameters.hourOffset }

    /// Whether also notes in hours have to be the same, such as when they changed last. Hours that were derived again
    /// because the ttl or the zone changed have other ones, depending on how far that was when records came.
    var hasSameNotes: Bool { live.bucketFloor == .none && new.bucketFloor == .none }

    /// Whether bytes that contain the numbers of origins mean the same in both.
    var hasSameNumbers: Bool { origins.isIdentity }
}

/// The numbers of one kind of id in two generations, matched by the bytes of the ids.
///
/// The common numbers are those of the live generation, and then those of ids that only the new one has.
struct IDMatching {
    private let liveIDs: Interner
    private let newIDs: Interner
    /// Common numbers by number in the new generation.
    let common: [UInt32]
    /// Numbers in the new generation of all common numbers.
    private var newNumbers: [UInt32?]

    init(_ live: Interner, _ new: Interner) {
        liveIDs = live
        newIDs = new
        newNumbers = Array(repeating: nil, count: live.count)
        var common: [UInt32] = []
        common.reserveCapacity(new.count)
        for number in 0..<UInt32(new.count) {
            if let match = live.number(of: Array(new[number])) {
                newNumbers[Int(match)] = number
                common.append(match)
            } else {
                common.append(UInt32(newNumbers.count))
                newNumbers.append(number)
            }
        }
        self.common = common
    }

    /// How many ids there are in both together.
    var count: Int { newNumbers.count }
    var liveCount: Int { liveIDs.count }

    /// Numbers of an id; nil in a generation that does not have it.
    func live(_ number: Int) -> UInt32? { number < liveIDs.count ? UInt32(number) : nil }
    func new(_ number: Int) -> UInt32? { newNumbers[number] }

    /// The bytes of an id by common number.
    func id(_ number: UInt32) -> [UInt8] {
        if Int(number) < liveIDs.count { return Array(liveIDs[number]) }
        return newNumbers[Int(number)].map { Array(newIDs[$0]) } ?? []
    }
}

/// Origins of two generations: as ``IDMatching``, by the ids that they name.
struct OriginMatching {
    /// By common number; stations and names are common numbers, too.
    let origins: [Origin]
    let liveCount: Int
    /// Common numbers by number in the new generation.
    let common: [UInt32]
    /// Whether every origin of the new generation has its common number.
    let isIdentity: Bool

    init(_ live: OriginTable, _ new: OriginTable, _ stations: IDMatching, _ names: IDMatching) {
        var all = live.origins
        liveCount = all.count
        var numbers: [Origin: UInt32] = [:]
        var common: [UInt32] = []
        common.reserveCapacity(new.count)
        for (number, origin) in new.origins.enumerated() {
            let mapped = Origin(
                station: stations.common[Int(origin.station)],
                camera: origin.camera == 0 ? 0 : names.common[Int(origin.camera) - 1] + 1,
                modelVersion: origin.modelVersion == 0 ? 0 : names.common[Int(origin.modelVersion) - 1] + 1)
            if number < live.count, live.origins[number] == mapped {
                common.append(UInt32(number))
                continue
            }
            if numbers.isEmpty { for (place, origin) in live.origins.enumerated() { numbers[origin] = UInt32(place) } }
            if let match = numbers[mapped] {
                common.append(match)
            } else {
                numbers[mapped] = UInt32(all.count)
                common.append(UInt32(all.count))
                all.append(mapped)
            }
        }
        origins = all
        self.common = common
        isIdentity = common.enumerated().allSatisfy { $0.element == UInt32($0.offset) }
    }
}
