public import EventLog
public import EventModel
internal import Locks

/// The definitions of the registry topic as they stand now, names included, kept up to date; it never writes.
///
/// For every process of a cluster: a worker answers questions with the names in it, a gateway admits by it
/// (``TopicRegistry``).
public final class RegistryDirectory: Sendable {
    private struct State {
        var table: RegistryTable
        var observers: [@Sendable (RegistryTable.Effect) -> Void] = []
        var badRecords = 0
    }

    /// Apart from the directory, so that following does not keep it alive.
    private final class Shared: Sendable {
        let state: Guarded<State>
        let report: @Sendable (String) -> Void

        init(_ table: RegistryTable, _ report: @escaping @Sendable (String) -> Void) {
            state = Guarded(State(table: table))
            self.report = report
        }

        func handle(_ record: FollowedRecord) {
            let site = SiteID(bytes: record.key)
            guard let value = record.value else { return act { $0.erase(site) } }
            guard let parsed = RegistryRecord(value, site: site) else {
                let count = state.withLock { state in
                    state.badRecords += 1
                    return state.badRecords
                }
                // Every one of them would say no more.
                if count == 1 { report("the registry's record at \(record.position) cannot be read and is left out") }
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

    /// Begins to read the topic.
    /// - Throws: ``LogError`` when there is no such topic or no broker answers.
    public init(
        topics: any Topics, names: TopicNames = TopicNames(), log: any EventLog,
        report: @escaping @Sendable (String) -> Void = { _ in }
    ) throws(LogError) {
        epoch = log.epoch
        partitionCount = log.partitionCount
        let shared = Shared(RegistryTable(epoch: log.epoch, partitionCount: log.partitionCount), report)
        self.shared = shared
        following = try topics.follow(names.registry, nil, from: .beginning) { shared.handle($0) }
    }

    /// Ends the reading; what was read stays.
    public func stop() { following.stop() }

    /// The newest definition of a site, with names; nil for one that the registry does not have.
    public func site(_ site: SiteID) -> PlacedDefinition? {
        shared.state.withLock { $0.table.entries[site]?.best }
    }

    /// Blocks until everything that was in the topic when this was called is known.
    /// - Returns: false when the time was up or the topic cannot be read.
    public func readToEnd(timeoutMilliseconds: Int) -> Bool {
        following.readToEnd(timeoutMilliseconds: timeoutMilliseconds)
    }

    /// Why it no longer keeps up; nil while it does.
    public var failure: LogError? { following.failure }

    /// Looks at the table.
    func withTable<Result>(_ body: (RegistryTable) -> Result) -> Result { shared.state.withLock { body($0.table) } }

    /// All definitions; every later change is told to `observer`, in order, on the thread that reads.
    func observe(_ observer: @escaping @Sendable (RegistryTable.Effect) -> Void) -> [PlacedDefinition] {
        shared.state.withLock { state in
            state.observers.append(observer)
            return state.table.entries.values.map(\.best)
        }
    }
}
