package import Clocks
package import EventModel
internal import Locks

/// Reads the registry to its end before a gateway reports a site, worker or station as unknown: another gateway may
/// just have admitted them (DESIGN 5).
///
/// At most once a second for each site, and not for a second after a failure, so that nobody can block the HTTP threads
/// by asking for what does not exist.
package final class RegistryRefresh: Sendable {
    static let intervalMilliseconds = 1000
    /// Longest time that a request waits; after that, the gateway decides by what it knows.
    static let waitMilliseconds = 1000
    /// Maximum number of sites per second; requests for further sites are decided by what is known.
    static let sitesMaximum = 4096

    private struct Reading {
        var startedAt: MonotonicTime
        var isRunning: Bool
    }

    private struct State {
        var readings: [SiteID: Reading] = [:]
        var failedAt: MonotonicTime?
    }

    private enum Turn { case read, wait, skip }

    private let registry: any DefinitionRegistry
    private let clock: any ProcessClock
    private let state = Monitor(State())

    package init(_ registry: any DefinitionRegistry, clock: any ProcessClock) {
        self.registry = registry
        self.clock = clock
    }

    /// Reads, or waits for a read of this site in progress; returns at once if the last read is less than a second old.
    package func refresh(_ site: SiteID) {
        guard registry.isShared else { return }
        let now = clock.uptime
        switch state.withLock({ Self.turn(of: site, &$0, now) }) {
        case .skip: break
        case .wait:
            _ = state.wait(milliseconds: Self.waitMilliseconds) { $0.readings[site]?.isRunning == true ? nil : () }
        case .read:
            let isRead = registry.readToEnd(timeoutMilliseconds: Self.waitMilliseconds)
            let end = clock.uptime
            state.update { state in
                state.readings[site]?.isRunning = false
                state.failedAt = isRead ? nil : end
            }
        }
    }

    private static func turn(of site: SiteID, _ state: inout State, _ now: MonotonicTime) -> Turn {
        if let reading = state.readings[site] {
            if reading.isRunning { return .wait }
            if isRecent(reading.startedAt, now) { return .skip }
        }
        if let failedAt = state.failedAt, isRecent(failedAt, now) { return .skip }
        if state.readings.count >= sitesMaximum {
            state.readings = state.readings.filter {
                $0.value.isRunning || isRecent($0.value.startedAt, now)
            }
            guard state.readings.count < sitesMaximum else { return .skip }
        }
        state.readings[site] = Reading(startedAt: now, isRunning: true)
        return .read
    }

    private static func isRecent(_ time: MonotonicTime, _ now: MonotonicTime) -> Bool {
        now < time.advanced(milliseconds: intervalMilliseconds)
    }
}
