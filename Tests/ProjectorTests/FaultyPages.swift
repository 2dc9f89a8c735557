import EventModel
import SimulationKit
import Timeline

@testable import Projector

/// A store whose pages cannot be read, after so many calls that find nothing.
final class BrokenPages: PageReader {
    struct Failure: Error {}
    private var callsBefore: Int
    init(callsBefore: Int) { self.callsBefore = callsBefore }

    func page(of line: LineID, holding key: EventKey) throws -> Page? {
        guard callsBefore > 0 else { throw Failure() }
        callsBefore -= 1
        return nil
    }

    func quarantinedWinner(site: UInt32, _ key: QuarantineKey) -> QuarantinedPlace? { nil }
}

/// A store that notes whether questions could have been asked while it was read.
final class WatchingPages: PageReader {
    let store: any PageReader
    weak var rig: DriverRig?
    private(set) var loads = 0
    /// Loads while the fold was locked.
    private(set) var lockedLoads = 0
    init(_ store: any PageReader) { self.store = store }

    func page(of line: LineID, holding key: EventKey) throws -> Page? {
        note()
        return try store.page(of: line, holding: key)
    }

    func quarantinedWinner(site: UInt32, _ key: QuarantineKey) throws -> QuarantinedPlace? {
        note()
        return try store.quarantinedWinner(site: site, key)
    }

    private func note() {
        guard let rig else { return }
        loads += 1
        if rig.shared.isLocked { lockedLoads += 1 }
    }
}
