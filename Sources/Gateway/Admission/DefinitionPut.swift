package import EventModel

/// A definition on its way to the log, and under which conditions it may get there (SPEC 3).
package struct DefinitionPut: Sendable {
    package var definition: SiteDefinition
    package var condition = DefinitionCondition()
    /// Whether it is only judged: then nothing is written, and nothing changes.
    package var isDryRun = false
    /// Size of the request's body.
    package var bodyBytes: Int

    package init(_ definition: SiteDefinition, bodyBytes: Int) {
        self.definition = definition
        self.bodyBytes = bodyBytes
    }
}

/// Which version may be in force for a definition to be stored: guards against a second writer (SPEC 3).
package struct DefinitionCondition: Sendable, Equatable {
    package enum Versions: Sendable, Equatable {
        /// Whatever is there.
        case any
        case some(Set<UInt64>)

        func has(_ version: UInt64?) -> Bool {
            guard let version else { return false }
            return switch self {
            case .any: true
            case .some(let versions): versions.contains(version)
            }
        }
    }

    /// The one in force has to be one of these.
    package var matching: Versions?
    /// The one in force must be none of these.
    package var notMatching: Versions?

    package init(matching: Versions? = nil, notMatching: Versions? = nil) {
        self.matching = matching
        self.notMatching = notMatching
    }

    /// - Parameter version: The one in force; nil for an unknown site.
    package func holds(for version: UInt64?) -> Bool {
        (matching?.has(version) ?? true) && !(notMatching?.has(version) ?? false)
    }
}

/// What a put comes to, given the definition in force.
enum DefinitionJudgement {
    /// Another version than the condition asks for is in force.
    case conflict(UInt64?)
    /// It says what is in force already.
    case unchanged(SiteRoster)
    case tooLarge
    /// This is to be written, and in force once it is.
    case written(SiteRoster, payload: [UInt8])

    /// - Parameters:
    ///   - partition: The site's.
    ///   - stamp: created_at of the definition's record.
    init(
        _ put: DefinitionPut, current: SiteRoster?, partition: PartitionIndex, stamp: Timestamp, gatewayID: [UInt8]
    ) {
        let definition = put.definition
        guard put.condition.holds(for: current?.placed.version) else {
            self = .conflict(current?.placed.version)
            return
        }
        if let current, current.definition == definition {
            self = .unchanged(current)
            return
        }
        let content = DefinitionRecord(
            definition: definition.withoutPersonalData, createdAt: stamp, gatewayID: gatewayID)
        var payload: [UInt8] = []
        RecordCodec.encode(content, into: &payload)
        guard payload.count <= Limits.recordBytesMaximum else {
            self = .tooLarge
            return
        }
        let placed = PlacedDefinition(
            definition: definition, version: (current?.placed.version ?? 0) + 1, createdAt: stamp,
            position: RecordPosition(partition: partition, offset: .zero),
            former: current.map { FormerNames(replacing: $0.placed, by: definition) } ?? FormerNames())
        self = .written(SiteRoster(placed), payload: payload)
    }
}
