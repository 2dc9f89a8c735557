import EventLog
import EventModel
import Foundation
import Locks
import Testing

@testable import Gateway

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
    func load(_ changed: @escaping @Sendable (RegisteredDefinition) -> Void) -> [RegisteredDefinition] { [] }
    func store(_ definition: RegisteredDefinition, _ done: @escaping @Sendable ((any Error)?) -> Void) { done(nil) }

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

@Suite("Looking for what is unknown", .timeLimit(.minutes(2)))
struct RegistryRefreshTests {
    private let registry = EmptyRegistry()
    private let clock = TestClock()

    private var refresh: RegistryRefresh {
        let clock = clock
        return RegistryRefresh(registry, uptime: { clock.uptimeMilliseconds })
    }

    @Test("DESIGN 5: while one request reads for a site, the next ones of that site read nothing of their own")
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
        func snapshot(_ offset: Int64, _ version: UInt64) -> SiteSnapshot {
            SiteSnapshot(
                definition: makeDefinition(), version: version, createdAt: .earliest,
                position: RecordPosition(partition: PartitionIndex(0), offset: LogOffset(offset)))
        }
        let directory = SiteDirectory()
        directory.publish(snapshot(9, 2), again: false)
        directory.publish(snapshot(8, 1), again: true)
        #expect(directory["plant"]?.version == 2)
        directory.publish(snapshot(9, 3), again: true)
        directory.publish(snapshot(9, 2), again: false)
        #expect(directory["plant"]?.version == 3)
        directory.publish(snapshot(10, 4), again: false)
        #expect(directory["plant"]?.version == 4)
    }
}
