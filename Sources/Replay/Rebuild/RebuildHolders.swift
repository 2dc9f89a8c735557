public import EventModel
package import JSON
internal import Observability

/// Whoever holds the partitions, as those see it who want to know about a rebuild: ``LocalRebuildHolders`` where one
/// process holds them all, the holders of a cluster otherwise.
///
/// Calls block, for some seconds at most where holders do not answer.
public protocol RebuildHolders: AnyObject, Sendable {
    /// How the rebuild is in every partition.
    /// - Parameter isActing: whether it is the one that holders build, promote or roll back.
    func reports(_ job: RebuildJob, isActing: Bool) -> GatheredRebuild<RebuildReport>

    /// Compares both generations of every partition.
    func differences(_ job: JobID, limit: Int) -> GatheredRebuild<PartitionDifferences>
}

/// What the holders have answered.
public struct GatheredRebuild<Answer: Sendable>: Sendable {
    /// In the order of partitions.
    public var answers: [Answer]
    /// The partitions of which nobody answered.
    public var missing: [MissingPartition]

    public init(_ answers: [Answer] = [], missing: [MissingPartition] = []) {
        self.answers = answers
        self.missing = missing
    }
}

/// A partition of which there is no answer, and why.
public struct MissingPartition: Sendable, Equatable {
    public var partition: PartitionIndex
    public var reason: String

    public init(_ partition: PartitionIndex, _ reason: String) {
        self.partition = partition
        self.reason = reason
    }
}

/// What differs in one partition, as its holder writes it.
public struct PartitionDifferences: Sendable, Equatable {
    var partition: PartitionIndex
    /// `partition:offset` at which both generations were compared.
    var position: String
    var equal: Int64
    var different: Int64
    /// Largest first; members as ``GenerationDifferences`` writes them.
    var differences: [JSONValue]
    /// What was not compared, and why.
    var notes: [String]

    /// Whether both say the same, and everything was compared.
    var isEqual: Bool { different == 0 && notes.isEmpty }

    init(_ differences: GenerationDifferences) {
        var json = JSONWriter()
        differences.write(to: &json)
        // The same way that an answer of another holder goes.
        guard let value = JSONValue(json.bytes), let read = PartitionDifferences(value) else {
            preconditionFailure("differences do not read as they are written")
        }
        self = read
    }

    /// Reads what a holder answers; nil if it is something else.
    package init?(_ json: JSONValue) {
        guard let partition = json["partition"]?.text.flatMap({ Int32($0) }), let position = json["position"]?.text,
            let different = json["different"]?.text.flatMap({ Int64($0) }), json["counts"] != nil,
            json["differences"] != nil
        else { return nil }
        self.partition = PartitionIndex(partition)
        self.position = position
        self.different = different
        equal = (json["counts"]?.items ?? []).reduce(0) { $0 + ($1["equal"]?.text.flatMap { Int64($0) } ?? 0) }
        differences = json["differences"]?.items ?? []
        notes = (json["notes"]?.items ?? []).compactMap(\.text)
    }
}

extension JSONValue {
    /// How large a difference is, for its place in a list.
    var differenceSize: Int64 { self["size"]?.text.flatMap { Int64($0) } ?? 0 }
}

/// All partitions are held here.
public final class LocalRebuildHolders: RebuildHolders {
    private let keeper: RebuildKeeper
    private let partitions: [PartitionIndex]

    public init(_ keeper: RebuildKeeper, partitions: [PartitionIndex]) {
        self.keeper = keeper
        self.partitions = partitions
    }

    private static let notHeld = "it does not answer at the moment"

    public func reports(_ job: RebuildJob, isActing: Bool) -> GatheredRebuild<RebuildReport> {
        var gathered = GatheredRebuild<RebuildReport>()
        for partition in partitions {
            if let report = keeper.report(job, isActing: isActing, of: partition) {
                gathered.answers.append(report)
            } else {
                gathered.missing.append(MissingPartition(partition, Self.notHeld))
            }
        }
        return gathered
    }

    public func differences(_ job: JobID, limit: Int) -> GatheredRebuild<PartitionDifferences> {
        var gathered = GatheredRebuild<PartitionDifferences>()
        for partition in partitions {
            do {
                guard let found = try keeper.compare(job, in: partition, limit: limit) else {
                    gathered.missing.append(MissingPartition(partition, Self.notHeld))
                    continue
                }
                gathered.answers.append(PartitionDifferences(found))
            } catch {
                gathered.missing.append(MissingPartition(partition, error.forOperator.description))
            }
        }
        return gathered
    }
}
