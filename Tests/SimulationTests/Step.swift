import SimulationKit

/// One thing that happens in a simulated plant. A step that makes no sense when its turn comes does nothing, so that any
/// list of steps is a run and can be shrunk.
enum Step: Equatable, Sendable, CustomStringConvertible {
    /// Time passes, in milliseconds.
    case wait(Int64)
    /// A client sends one of the plan's requests to a gateway, for the first time or again.
    case send(request: Int, gateway: Int)
    /// An administrator puts one of the plan's definitions.
    case define(definition: Int, gateway: Int)
    /// A gateway takes what waits as a group, stamps and judges it.
    case admit(gateway: Int)
    /// The log decides about the group that a gateway has prepared.
    case append(gateway: Int, SimulatedLog.AppendFate)
    /// A gateway dies and starts again: it knows what the log and the registry hold.
    case killGateway(Int)
    /// A gateway's clock is set, so many milliseconds ahead of the true time or, where negative, behind it.
    case clock(gateway: Int, milliseconds: Int64)
    /// From now on a gateway's clock is right, and its kernel calls it synchronised.
    case synchronise(gateway: Int)
    /// An operator confirms a gateway's clock.
    case confirmClock(gateway: Int)
    /// A full disk, or the end of it.
    case disk(isFull: Bool)
    /// The log cannot be read, or can again.
    case log(isAway: Bool)

    /// The group gives the partition to a worker. A clean hand-over lets the last one finish; otherwise it notices later.
    case assign(worker: Int, isClean: Bool)
    /// A worker notices that it lost the partition.
    case notice(worker: Int)
    /// A worker's fold takes one turn.
    case fold(worker: Int)
    /// A worker's committer writes the commit that was handed to it.
    case commit(worker: Int, succeeds: Bool)
    /// A worker's publisher takes one turn.
    case publish(worker: Int)
    /// A worker's oldest record on its way to a topic arrives, or does not.
    case deliver(worker: Int, SimulatedTopics.DeliveryFate)
    /// A worker dies; what it had sent still arrives or not. It starts again when the partition is given to it.
    case killWorker(Int, sentArrives: Bool)

    /// Somebody asks whoever holds the partition.
    case ask(question: Int)

    var description: String {
        switch self {
        case .wait(let milliseconds): ".wait(\(milliseconds))"
        case .send(let request, let gateway): ".send(request: \(request), gateway: \(gateway))"
        case .define(let definition, let gateway): ".define(definition: \(definition), gateway: \(gateway))"
        case .admit(let gateway): ".admit(gateway: \(gateway))"
        case .append(let gateway, let fate): ".append(gateway: \(gateway), .\(fate))"
        case .killGateway(let gateway): ".killGateway(\(gateway))"
        case .clock(let gateway, let milliseconds): ".clock(gateway: \(gateway), milliseconds: \(milliseconds))"
        case .synchronise(let gateway): ".synchronise(gateway: \(gateway))"
        case .confirmClock(let gateway): ".confirmClock(gateway: \(gateway))"
        case .disk(let isFull): ".disk(isFull: \(isFull))"
        case .log(let isAway): ".log(isAway: \(isAway))"
        case .assign(let worker, let isClean): ".assign(worker: \(worker), isClean: \(isClean))"
        case .notice(let worker): ".notice(worker: \(worker))"
        case .fold(let worker): ".fold(worker: \(worker))"
        case .commit(let worker, let succeeds): ".commit(worker: \(worker), succeeds: \(succeeds))"
        case .publish(let worker): ".publish(worker: \(worker))"
        case .deliver(let worker, let fate): ".deliver(worker: \(worker), .\(fate))"
        case .killWorker(let worker, let arrives): ".killWorker(\(worker), sentArrives: \(arrives))"
        case .ask(let question): ".ask(question: \(question))"
        }
    }
}
