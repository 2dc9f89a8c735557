internal import EventLog
internal import EventModel

/// Definitions whose append has an unknown outcome. The log is read for them before anything else is admitted, because
/// what is in the log is in force, and nothing else is (SPEC 3).
struct UncertainDefinitions {
    /// With the bytes that were to be appended, by which each is recognised.
    var definitions: [(definition: PreparedDefinition, payload: [UInt8])]
    /// The end of the partition before the append.
    var start = LogOffset.zero

    /// nil for a group without definitions.
    init?(_ definitions: [PreparedDefinition], _ records: [NewRecord]) {
        guard !definitions.isEmpty else { return nil }
        self.definitions = definitions.map { ($0, records[$0.record].payload) }
    }

    private static let readBytes = 1 << 20

    /// Those that are in the log, with their positions.
    /// - Throws: `LogError` while the log cannot be read to its end.
    func found(
        in log: any EventLog, _ partition: PartitionIndex
    ) throws -> [(PreparedDefinition, SiteRoster)] {
        var found: [(PreparedDefinition, SiteRoster)] = []
        var missing = definitions
        let end = try log.endOffset(partition)
        var next = start
        while next < end {
            let before = next
            next = try log.read(partition, from: next, byteLimit: Self.readBytes) { record in
                guard let index = missing.firstIndex(where: { record.payload.elementsEqual($0.payload) }) else {
                    return
                }
                let position = RecordPosition(partition: partition, offset: record.offset)
                let definition = missing.remove(at: index).definition
                found.append((definition, definition.roster.placed(at: position)))
            }
            guard next > before else {
                throw LogError(.unavailable, "the log does not hand out what it has", hint: "check the brokers")
            }
        }
        return found
    }
}

/// A definition of a prepared group, which is in force once the group is durable.
package struct PreparedDefinition {
    /// Which of the group's requests it is, and which of its records.
    package var request: Int
    package var record: Int
    package var roster: SiteRoster
    package var change: DefinitionChange

    /// nil for any other answer, and for a definition that changes nothing.
    init?(_ answer: AdmissionAnswer, request: Int, record: Int?) {
        guard case .definition(let roster, let change) = answer, let record else { return nil }
        self.request = request
        self.record = record
        self.roster = roster
        self.change = change
    }
}
