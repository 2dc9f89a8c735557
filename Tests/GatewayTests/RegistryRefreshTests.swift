import Clocks
import EventLog
import EventModel
import Foundation
import Locks
import Testing

@testable import Gateway
@testable import Sites

/// A shared registry without any definition whose reading a test can hold.
private final class EmptyRegistry: DefinitionRegistry {
    struct State {
        var isHeld = false
        var running = 0
        var readCount = 0
    }

    let state = Monitor(State())
    var isShared: Bool { true }
    var failure: String? { nil }
    func load(_ changed: @escaping @Sendable (PlacedDefinition) -> Void) -> [PlacedDefinition] { [] }
    func store(_ definition: PlacedDefinition, _ done: @escaping @Sendable ((any Error)?) -> Void) { done(nil) }

    func readToEnd(timeoutMilliseconds: Int) -> Bool {
        state.update { state in
            state.running += 1
            state.readCount += 1
        }
        state.wait { $0.isHeld ? nil : () }
        state.update { $0.running -= 1 }
        return true
    }
}

@Suite("Looking for what is unknown", .timeLimit(.minutes(10)))
struct RegistryRefreshTests {
    private let registry = EmptyRegistry()
    private let clock = ManualClock()

    private var refresh: RegistryRefresh { RegistryRefresh(registry, clock: clock) }

    @Test("while one request reads for a site, the next ones of that site read nothing of their own (DESIGN 5)")
    func shared() {
        let refresh = refresh
        registry.state.update { $0.isHeld = true }
        let ended = Monitor(0)
        func start(_ site: SiteID) {
            Thread {
                refresh.refresh(site)
                ended.update { $0 += 1 }
            }.start()
        }
        start("plant")
        registry.state.wait { $0.running == 1 ? () : nil }
        start("plant")
        // Another site has its own; that it came shows that nobody waits in line.
        start("other")
        registry.state.wait { $0.running == 2 ? () : nil }
        registry.state.update { $0.isHeld = false }
        ended.wait { $0 == 3 ? () : nil }
        #expect(registry.state.withLock { $0.readCount } == 2)
    }

    @Test("the table of sites is bounded; beyond it what is known has to do, until the second is over")
    func bounded() {
        let refresh = refresh
        for number in 0..<RegistryRefresh.sitesMaximum + 10 { refresh.refresh(SiteID("s\(number)")) }
        #expect(registry.state.withLock { $0.readCount } == RegistryRefresh.sitesMaximum)
        clock.advance(milliseconds: 1000)
        refresh.refresh("another")
        #expect(registry.state.withLock { $0.readCount } == RegistryRefresh.sitesMaximum + 1)
    }

    @Test("of a site that definition holds which comes last in the log, whichever thread is the first to say it")
    func directory() {
        func roster(_ offset: Int64, _ version: UInt64) -> SiteRoster {
            SiteRoster(
                PlacedDefinition(
                    definition: makeDefinition(), version: version, createdAt: .earliest,
                    position: RecordPosition(partition: PartitionIndex(0), offset: LogOffset(offset))))
        }
        let directory = SiteDirectory()
        directory.publish(roster(9, 2), again: false)
        directory.publish(roster(8, 1), again: true)
        #expect(directory["plant"]?.placed.version == 2)
        directory.publish(roster(9, 3), again: true)
        directory.publish(roster(9, 2), again: false)
        #expect(directory["plant"]?.placed.version == 3)
        directory.publish(roster(10, 4), again: false)
        #expect(directory["plant"]?.placed.version == 4)
    }
}
