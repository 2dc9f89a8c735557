// Layer: machine. Who is named by which definition, against the list of all definitions.
import EventModel
import SimulationKit
import Testing

@testable import Timeline

@Suite("Membership of workers")
struct MembershipTests {
    private static func end(_ naming: [Bool], _ createdAts: [Int64], _ visible: [Int]) -> Int64? {
        guard let last = visible.last(where: { naming[$0] }) else { return nil }
        return visible.first { $0 > last }.map { createdAts[$0] }
    }

    @Test(
        "a dropped worker's end is the first definition after the last one that names him (SPEC 3)", arguments: 0..<50)
    func ends(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed) ^ 0x3e3)
        var membership = Membership()
        membership.addWorker()
        membership.addWorker()
        var definitions: [DefinitionVersion] = []
        var naming: [Bool] = []
        var createdAts: [Int64] = []
        var earliest: Int64?
        for sequence in 0..<12 {
            let createdAt = Int64(random.pick(1...99))
            createdAts.append(createdAt)
            definitions.append(
                DefinitionVersion(createdAt: createdAt, offset: LogOffset(Int64(sequence)), ttl: 1))
            naming.append(random.chance(50))
            if naming[sequence] { membership.name(1, in: sequence) }
            let wanted = Self.end(naming, createdAts, Array(0...sequence))
            let end = membership.end(of: 1, at: sequence, definitions)
            #expect(end?.time == wanted && (end == nil) == !naming.contains(true))
            if let end, end != membership.clip(1).end { membership.setEnd(of: 1, end, changedAt: createdAt) }
            if let wanted { earliest = min(earliest ?? wanted, wanted) }
            #expect(membership.clip(1).end.time == wanted && membership.clip(1).earliest.time == earliest)
            for known in 0...sequence {
                #expect(membership.isNamed(1, in: known) == naming[known])
                #expect(membership.workers(namedIn: known) == (naming[known] ? [1] : []))
            }
            let visible = (0...sequence).filter { _ in random.chance(60) }
            let known = membership.end(of: 1, visible: visible, definitions)
            #expect(known.time == Self.end(naming, createdAts, visible), "\(naming) \(visible)")
        }
        #expect(membership.end(of: 0, at: 11, definitions) == nil && membership.clip(0).end == .none)
    }
}
