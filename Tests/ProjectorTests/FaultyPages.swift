import EventModel
import SimulationKit
import Timeline

@testable import Projector

/// A store that cannot be read, after so many calls that find nothing.
final class BrokenPages: PageReader {
    struct Failure: Error {}
    private var callsBefore: Int
    init(callsBefore: Int) { self.callsBefore = callsBefore }

    func page(of line: LineID, holding key: EventKey) throws -> Page? {
        guard callsBefore > 0 else { throw Failure() }
        callsBefore -= 1
        return nil
    }
}

/// A store during whose reads somebody asks the fold, which blocks for ever where it is locked.
final class AskingPages: PageReader {
    let store: any PageReader
    weak var rig: DriverRig?
    private(set) var questions = 0
    init(_ store: any PageReader) { self.store = store }

    func page(of line: LineID, holding key: EventKey) throws -> Page? {
        if let rig {
            _ = try rig.shared.site(RandomScenario.siteID, at: rig.now) { 0 }
            questions += 1
        }
        return try store.page(of: line, holding: key)
    }
}
