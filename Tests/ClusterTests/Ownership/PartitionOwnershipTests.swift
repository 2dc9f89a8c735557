// Layer: machine. The life of a partition by values, and by random events against a shell that keeps count of what is
// open and running. Catches a partition that is published by two, or opened twice; cannot catch a shell that does
// something else than it was told.
import SimulationKit
import Testing

@testable import Cluster

@Suite("Ownership of a partition")
struct PartitionOwnershipTests {
    @Test("what is assigned is opened, folds, publishes and is announced, in this order")
    func assigned() {
        var machine = PartitionOwnership()
        #expect(machine.assigned() == [.openStore])
        #expect(machine.state == .restoring && !machine.answers && !machine.mayPublish)
        #expect(machine.opened() == [.startFold, .startPublishing, .announceHolder])
        #expect(machine.state == .folding && machine.answers && machine.mayPublish)
        #expect(machine.assigned() == [])
    }

    @Test(
        "what is taken back is published no more before anything else, then drained and closed",
        arguments: [true, false])
    func takenBack(isLost: Bool) {
        var machine = PartitionOwnership.folding
        let actions = isLost ? machine.lost() : machine.revoked()
        #expect(actions == [.stopPublishing, .withdrawHolder, .stopFold])
        #expect(!machine.mayPublish && !machine.answers)
        #expect(machine.drained() == [] && machine.state == .closed)
    }

    @Test("a partition that comes back while its fold ends is opened again only when that has ended")
    func backWhileDraining() {
        var machine = PartitionOwnership.folding
        _ = machine.revoked()
        #expect(machine.assigned() == [])
        #expect(machine.state == .draining(then: .restoring))
        #expect(machine.drained() == [.openStore] && machine.state == .restoring)
    }

    @Test("a partition taken back while it is being opened is never folded; back in time, the same opening counts")
    func takenBackWhileOpening() {
        var machine = PartitionOwnership()
        _ = machine.assigned()
        #expect(machine.revoked() == [] && machine.state == .abandoning)
        #expect(machine.opened() == [.closeStore] && machine.state == .closed)
        _ = machine.assigned()
        _ = machine.revoked()
        #expect(machine.assigned() == [] && machine.state == .restoring)
        #expect(machine.opened() == [.startFold, .startPublishing, .announceHolder])
    }

    @Test("what may pass is tried again, what will not is left to an operator")
    func failures() {
        var machine = PartitionOwnership()
        _ = machine.assigned()
        #expect(machine.failed(isRetriable: true) == [.retryLater] && machine.state == .waiting)
        #expect(machine.retryDue() == [.openStore])
        #expect(machine.failed(isRetriable: false) == [] && machine.state == .failed)
        #expect(machine.retryDue() == [] && machine.assigned() == [])
        #expect(machine.mended() == [.openStore] && machine.state == .restoring && machine.mended() == [])
        #expect(machine.failed(isRetriable: false) == [])
        #expect(machine.revoked() == [] && machine.state == .closed)
        machine = .folding
        #expect(machine.failed(isRetriable: true) == [.stopPublishing, .withdrawHolder, .stopFold])
        #expect(machine.drained() == [.retryLater] && machine.state == .waiting)
    }

    @Test("a group that was not heard from suspends publishing, and nothing else")
    func pollOverdue() {
        var machine = PartitionOwnership.folding
        #expect(machine.pollOverdue() == [.stopPublishing] && machine.state == .suspended)
        #expect(machine.answers && !machine.mayPublish)
        #expect(machine.pollOverdue() == [])
        #expect(machine.pollResumed() == [.startPublishing] && machine.state == .folding)
        _ = machine.pollOverdue()
        #expect(machine.lost() == [.withdrawHolder, .stopFold], "publishing was stopped already")
        #expect(machine.pollResumed() == [] && !machine.mayPublish)
    }

    @Test("whatever happens in whatever order, nothing is opened twice, published by others or left running")
    func randomLives() {
        for seed in UInt64(0)..<300 {
            var random = SeededGenerator(seed: seed)
            var shell = ShellModel()
            for _ in 0..<80 { shell.step(&random, "seed \(seed)") }
            shell.settle("seed \(seed)")
        }
    }
}

extension PartitionOwnership {
    static var folding: PartitionOwnership {
        var machine = PartitionOwnership()
        _ = machine.assigned()
        _ = machine.opened()
        return machine
    }
}

/// Does what the machine says, and checks that it can be done.
private struct ShellModel {
    var machine = PartitionOwnership()
    var isOurs = false
    var isOpening = false
    var isOpen = false
    var isFolding = false
    var isStopping = false
    var isPublishing = false
    var isAnnounced = false

    mutating func step(_ random: inout SeededGenerator, _ comment: Comment) {
        switch Int.random(in: 0..<9, using: &random) {
        case 0:
            isOurs = true
            act(machine.assigned(), comment)
        case 1:
            isOurs = false
            act(machine.revoked(), comment)
        case 2:
            isOurs = false
            act(machine.lost(), comment)
        case 3 where isOpening:
            isOpening = false
            isOpen = true
            act(machine.opened(), comment)
        case 4 where isOpening:
            isOpening = false
            act(machine.failed(isRetriable: Bool.random(using: &random)), comment)
        case 4 where isFolding && !isStopping: act(machine.failed(isRetriable: Bool.random(using: &random)), comment)
        case 5 where isStopping:
            (isStopping, isFolding, isOpen) = (false, false, false)
            act(machine.drained(), comment)
        case 6: act(machine.pollOverdue(), comment)
        case 7: act(machine.pollResumed(), comment)
        case 8: act(machine.retryDue(), comment)
        default: break
        }
        check(comment)
    }

    mutating func act(_ actions: [PartitionOwnership.Action], _ comment: Comment) {
        for action in actions {
            switch action {
            case .openStore:
                #expect(!isOpening && !isOpen, comment)
                isOpening = true
            case .startFold:
                #expect(isOpen && !isFolding, comment)
                isFolding = true
            case .startPublishing:
                #expect(isFolding && isOurs && !isPublishing, comment)
                isPublishing = true
            case .stopPublishing:
                #expect(isPublishing, comment)
                isPublishing = false
            case .announceHolder:
                #expect(!isAnnounced, comment)
                isAnnounced = true
            case .withdrawHolder:
                #expect(isAnnounced, comment)
                isAnnounced = false
            case .stopFold:
                #expect(isFolding && !isStopping && !isPublishing, comment)
                isStopping = true
            case .closeStore:
                #expect(isOpen && !isFolding, comment)
                isOpen = false
            case .retryLater: #expect(!isOpen && !isOpening, comment)
            }
        }
    }

    func check(_ comment: Comment) {
        #expect(isPublishing == machine.mayPublish, comment)
        #expect(machine.isOurs == isOurs, comment)
        #expect(machine.answers == (isFolding && !isStopping), comment)
        if machine.state == .closed { #expect(!isOpen && !isOpening && !isFolding && !isAnnounced, comment) }
    }

    /// Lets everything end that was begun: what is not ours must be closed then.
    mutating func settle(_ comment: Comment) {
        isOurs = false
        act(machine.revoked(), comment)
        if isOpening {
            (isOpening, isOpen) = (false, true)
            act(machine.opened(), comment)
        }
        if isStopping {
            (isStopping, isFolding, isOpen) = (false, false, false)
            act(machine.drained(), comment)
        }
        check(comment)
        #expect(machine.state == .closed, comment)
    }
}
