internal import EventModel
internal import Observability

/// Tells every target of the changes of alerts that wait in the file: carries out what each target's ``WebhookMachine``
/// says. For the publishing thread.
final class AlertNotifier {
    private struct Target {
        let url: String
        let sender: WebhookSender
        var machine = WebhookMachine()
        /// What the next request tells, and what the one under way does.
        var next: [PublishedStore.Waiting] = []
        var sent: [PublishedStore.Waiting] = []
        /// Whether something may wait.
        var hasWork = true
        var standing: WebhookStanding
        /// Whether what waits has changed since it was counted.
        var isCountDue = true
    }

    private let configuration: WebhookConfiguration
    private let published: PublishedStore
    private let journal: Journal
    private var targets: [Target]

    /// - Parameter wake: called from other threads when ``advance(_:)`` has something to do.
    init(
        _ configuration: WebhookConfiguration, _ published: PublishedStore, _ journal: Journal,
        wake: @escaping @Sendable () -> Void
    ) throws {
        self.configuration = configuration
        self.published = published
        self.journal = journal
        try published.keepOutbox(of: configuration.targets)
        targets = configuration.targets.enumerated().map { index, url in
            let standing = WebhookStanding(number: index + 1, WebhookConfiguration.shown(url))
            let sender = WebhookSender(url, number: standing.number, configuration, answered: wake)
            return Target(url: url, sender: sender, standing: standing)
        }
    }

    deinit { for target in targets { _ = target.sender.stop(milliseconds: 0) } }

    /// Notes what was published about an alert, in the caller's transaction.
    func note(_ notice: AlertNotice) throws {
        guard notice.isNews else {
            for index in targets.indices { targets[index].isCountDue = true }
            return try published.refresh(notice)
        }
        for index in targets.indices {
            let dropped = try published.enqueue(
                notice, for: targets[index].url, waitingMaximum: WebhookConfiguration.waitingMaximum)
            (targets[index].hasWork, targets[index].isCountDue) = (true, true)
            guard dropped > 0 else { continue }
            targets[index].standing.dropped += Int64(dropped)
            journal.record(.notificationsDropped(targets[index].url, dropped))
        }
    }

    /// Takes answers, and sends what waits.
    /// - Returns: when to call again, in microseconds; nil: when something happens.
    func advance(_ now: Int64) throws -> Int64? {
        for index in targets.indices {
            if let outcome = targets[index].sender.takeOutcome() {
                targets[index].standing.take(outcome, at: now)
                try perform(step(index, now, .answered(outcome)), index)
            }
            guard targets[index].hasWork, targets[index].machine.maySend(now) else { continue }
            let waiting = try published.waiting(targets[index].url, limit: WebhookConfiguration.alertsPerRequest)
            targets[index].hasWork = !waiting.isEmpty
            targets[index].next = waiting
            try perform(step(index, now, .tick(isWaiting: !waiting.isEmpty)), index)
        }
        return targets.compactMap(\.machine.wakeTime).min()
    }

    /// What each target was told; counts what waits where that has changed.
    func standings() throws -> [WebhookStanding] {
        for index in targets.indices where targets[index].isCountDue {
            targets[index].standing.waiting = Int64(try published.waitingCount(targets[index].url))
            targets[index].isCountDue = false
        }
        return targets.map(\.standing)
    }

    /// Another publisher has told something newer of an alert.
    func withdraw(_ key: [UInt8]) throws {
        for index in targets.indices { targets[index].isCountDue = true }
        try published.withdraw(key)
    }

    /// Whether a request is under way.
    var isTelling: Bool { targets.contains { $0.machine.state == .sending } }

    private func step(_ index: Int, _ now: Int64, _ input: WebhookMachine.Input) -> [WebhookMachine.Action] {
        targets[index].machine.step(now, input, random: Double.random(in: 0..<1))
    }

    private func perform(_ actions: [WebhookMachine.Action], _ index: Int) throws {
        let url = targets[index].url
        for action in actions {
            switch action {
            case .send: send(index)
            case .forget:
                targets[index].isCountDue = true
                try published.forget(targets[index].sent, for: url)
            case .reportTold:
                targets[index].standing.told += Int64(targets[index].sent.count)
                journal.record(.alertsTold(url, targets[index].sent.count))
            case .report(let reason): journal.record(.webhookFails(url, reason))
            case .reportRefused(let reason):
                targets[index].standing.dropped += Int64(targets[index].sent.count)
                journal.record(.notificationsRefused(url, targets[index].sent.count, reason))
            case .reportRecovered: journal.record(.webhookRecovered(url))
            }
        }
    }

    private func send(_ index: Int) {
        targets[index].sent = targets[index].next
        let message = AlertMessage(targets[index].sent.map(\.notice), externalURL: configuration.externalURL)
        targets[index].sender.send(message.body)
    }

    /// Ends it. Of requests under way the answers are still taken, if they come soon.
    func stop() {
        for index in targets.indices {
            guard let outcome = targets[index].sender.stop(milliseconds: WebhookConfiguration.endMilliseconds),
                outcome == .told
            else { continue }
            try? published.forget(targets[index].sent, for: targets[index].url)
        }
    }
}
