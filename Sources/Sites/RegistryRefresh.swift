package import EventModel
internal import Locks

/// Reads the registry to its end before a gateway reports a site, worker or station as unknown: another gateway may
/// just have admitted them (DESIGN 5).
///
/// At most once a second for each site, and not for a second after a failure, so that nobody can block the HTTP threads
/// by asking for what does not exist.
package final class RegistryRefresh: Sendable {
    static let intervalMilliseconds: Int64 = 1000
    /// Longest time that a request waits; after that, the gateway decides by what it knows.
    static let waitMilliseconds = 1000
    /// Maximum number of sites per second; requests for further sites are decided by what is known.
    static let sitesMaximum = 4096

    private struct Reading {
        var startedAt: Int64
        var isRunning: Bool
    }

    private struct State {
        var readings: [SiteID: Reading] = [:]
        var failedAt: Int64?
    }

    private enum Turn { case read, wait, skip }

    private let registry: any DefinitionRegistry
    private let uptime: @Sendable () -> Int64
    private let state = Monitor(State())

    /// - Parameter uptime: Milliseconds of a monotonic clock.
    package init(_ registry: any DefinitionRegistry, uptime: @escaping @Sendable () -> Int64) {
        self.registry = registry
        self.uptime = uptime
    }

    /// Reads, or waits for a read of this site in progress; returns at once if the last read is less than a second old.
    package func refresh(_ site: SiteID) {
        guard registry.isShared else { return }
        let now = uptime()
        switch state.withLock({ Self.turn(of: site, &$0, now) }) {
        case .skip: break
        case .wait:
            _ = state.wait(milliseconds: Self.waitMilliseconds) { $0.readings[site]?.isRunning == true ? nil : () }
        case .read:
            let isRead = registry.readToEnd(timeoutMilliseconds: Self.waitMilliseconds)
            let end = uptime()
            state.update { state in
                state.readings[site]?.isRunning = false
                state.failedAt = isRead ? nil : end
            }
        }
    }

    private static func turn(of site: SiteID, _ state: inout State, _ now: Int64) -> Turn {
        if let reading = state.readings[site] {
            if reading.isRunning { return .wait }
            if now - reading.startedAt < intervalMilliseconds { return .skip }
        }
        if let failedAt = state.failedAt, now - failedAt < intervalMilliseconds { return .skip }
        if state.readings.count >= sitesMaximum {
            state.readings = state.readings.filter {
                $0.value.isRunning || now - $0.value.startedAt < intervalMilliseconds
            }
            guard state.readings.count < sitesMaximum else { return .skip }
        }
        state.readings[site] = Reading(startedAt: now, isRunning: true)
        return .read
    }
}
