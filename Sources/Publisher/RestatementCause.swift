internal import JSON
internal import ProjectionStore
internal import Projector

/// Why an hour is due, as far as it is known: bits, because several things may happen before it is published.
struct DueCauses: OptionSet, Hashable, Sendable {
    var rawValue: Int64
    /// Events that came in.
    static let events = DueCauses(rawValue: 1)
    /// A definition with other rules.
    static let rules = DueCauses(rawValue: 2)
    /// Other projections than those from which it was published before.
    static let projections = DueCauses(rawValue: 4)
}

/// Why the projections from which records are made are not those of before.
enum ProjectionsOrigin: Sendable, Equatable {
    /// A rebuild was promoted.
    case rebuild(job: String, generation: Int64)
    /// A promoted rebuild was taken back.
    case rollback(job: String, generation: Int64)
    /// A newer version of the program made them.
    case upgrade(generation: Int64)
    /// They were lost or damaged, and were folded again from the log or a snapshot.
    case refold(generation: Int64)

    /// By the generation that is live and the one that was live before it.
    init(_ live: Generation, replaced: Generation?) {
        let id = live.id
        if let replaced, replaced.replaces == id, replaced.id > id, let job = replaced.job {
            // A newer one had taken its place.
            self = job == Generation.upgradeJob ? .upgrade(generation: id) : .rollback(job: job, generation: id)
        } else if let job = live.job {
            self = job == Generation.upgradeJob ? .upgrade(generation: id) : .rebuild(job: job, generation: id)
        } else {
            self = .refold(generation: id)
        }
    }
}

/// Why a record says something else than the one before it, although its hour was over: member `cause`.
enum RestatementCause: Sendable, Equatable {
    /// An event came in after the hour was published.
    case lateEvent
    case definition
    case projections(ProjectionsOrigin)

    /// The one with the widest reach: what other projections or rules change, they change in every hour.
    /// - Returns: nil where it is not known, e.g. because another process wrote the record before.
    init?(_ causes: DueCauses, _ origin: @autoclosure () -> ProjectionsOrigin) {
        if causes.contains(.projections) {
            self = .projections(origin())
        } else if causes.contains(.rules) {
            self = .definition
        } else if causes.contains(.events) {
            self = .lateEvent
        } else {
            return nil
        }
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            switch self {
            case .lateEvent: writer.member("kind", "late_event")
            case .definition: writer.member("kind", "definition")
            case .projections(.rebuild(let job, let generation)):
                writer.member("kind", "rebuild")
                writer.member("rebuild", job)
                writer.member("generation", generation)
            case .projections(.rollback(let job, let generation)):
                writer.member("kind", "rollback")
                writer.member("rebuild", job)
                writer.member("generation", generation)
            case .projections(.upgrade(let generation)):
                writer.member("kind", "upgrade")
                writer.member("generation", generation)
            case .projections(.refold(let generation)):
                writer.member("kind", "refold")
                writer.member("generation", generation)
            }
        }
    }
}
