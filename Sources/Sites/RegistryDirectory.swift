public import EventLog
public import EventModel
internal import Locks
public import Observability

/// The current definitions of the registry topic, names included, kept up to date; it never writes.
///
/// Every process of a cluster uses it: a worker answers questions with its names, and a gateway admits by it
/// (``TopicRegistry``).
public final class RegistryDirectory: Sendable {
    private struct State {
        var table: RegistryTable
        var observers: [@Sendable (RegistryTable.Effect) -> Void] = []
        var badRecords = 0
    }

    /// Separate from the directory, so that following does not keep the directory alive.
    private final class Shared: Sendable {
        let state: Guarded<State>
        let journal: Journal

        init(_ table: RegistryTable, _ journal: Journal) {
            state = Guarded(State(table: table))
            self.journal = journal
        }

        func handle(_ record: FollowedRecord) {
            let site = SiteID(bytes: record.key)
            guard let value = record.value else { return act { $0.erase(site) } }
            guard let parsed = RegistryRecord(value, site: site) else {
                let count = state.withLock { state in
                    state.badRecords += 1
                    return state.badRecords
                }
                // Reporting the first one is enough.
                if count == 1 { journal.record(.registryRecordUnreadable(at: record.position)) }
                return
            }
            act { $0.take(parsed) }
        }

        private func act(_ body: (inout RegistryTable) -> RegistryTable.Effect) {
            let (effect, observers) = state.withLock { (body(&$0.table), $0.observers) }
            guard effect != RegistryTable.Effect() else { return }
            for observer in observers { observer(effect) }
        }
    }

    private let shared: Shared
    private let following: any TopicFollowing
    let epoch: LogEpoch
    let partitionCount: Int32

    /// Starts to read the topic.
    /// - Throws: ``LogError`` if there is no such topic or no broker answers.
    public init(
        topics: any Topics, names: TopicNames = TopicNames(), log: any EventLog,
        journal: Journal = .silent
    ) throws(LogError) {
        epoch = log.epoch
        partitionCount = log.partitionCount
        let shared = Shared(RegistryTable(epoch: log.epoch, partitionCount: log.partitionCount), journal)
        self.shared = shared
        following = try topics.follow(names.registry, nil, from: .beginning) { shared.handle($0) }
    }

    /// Stops reading; the definitions read so far stay.
    public func stop() { following.stop() }

    /// The newest definition of a site, with names; nil if the registry has none.
    public func site(_ site: SiteID) -> PlacedDefinition? {
        shared.state.withLock { $0.table.entries[site]?.best }
    }

    /// The newest definitions of all sites, in no order.
    public var sites: [PlacedDefinition] { shared.state.withLock { $0.table.entries.values.map(\.best) } }

    /// Blocks until everything that was in the topic at the time of the call has been read.
    /// - Returns: false on a timeout or if the topic cannot be read.
    public func readToEnd(timeoutMilliseconds: Int) -> Bool {
        following.readToEnd(timeoutMilliseconds: timeoutMilliseconds)
    }

    /// Why it no longer keeps up; nil while it does.
    public var failure: LogError? { following.failure }

    /// Gives access to the table.
    func withTable<Result>(_ body: (RegistryTable) -> Result) -> Result { shared.state.withLock { body($0.table) } }

    /// All definitions; `observer` receives every later change, in order, on the reading thread.
    func observe(_ observer: @escaping @Sendable (RegistryTable.Effect) -> Void) -> [PlacedDefinition] {
        shared.state.withLock { state in
            state.observers.append(observer)
            return state.table.entries.values.map(\.best)
        }
    }
}
