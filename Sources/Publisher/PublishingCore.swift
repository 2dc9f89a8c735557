internal import Clocks
internal import EventLog
internal import EventModel
internal import Figures
internal import Observability
internal import ProjectionStore
internal import Timeline

/// Executes what the ``PublishingMachine`` says; for one thread, which calls ``advance()`` in a loop.
final class PublishingCore {
    let source: any FigureSource
    let topics: any Topics
    let names: TopicNames
    let configuration: PublisherConfiguration
    let published: PublishedStore
    let mailbox = PublisherMailbox()
    let clock: any ProcessClock
    private let isStillOwner: @Sendable () -> Bool
    private let sheet: HourSheet
    let notifier: AlertNotifier
    /// This publisher, in the records of alerts.
    let identity: String
    private(set) var machine: PublishingMachine
    private var followings: [MetricKind: MetricFollowing] = [:]
    var batch = PublishingBatch()
    /// Everything passed to the topics and not reported yet, from this batch or from one that was given up.
    var inFlight: [Int: PublishingBatch.Item] = [:]
    /// Their `ce_id`s.
    var ownIDs: Set<[UInt8]> = []
    private var nextToken = 0
    /// The last due hour that the round has handled.
    private var lastDue: DueHour?
    var statistics = PublisherStatistics()
    /// The first record that is in no hour of this round.
    private var roundEnd: LogOffset?
    /// Whether everything that the last round judged has been told.
    private var isRoundWhole = true
    /// The last failure, so that it is recorded once and not every second.
    private var recorded: JournalEvent?

    init(
        source: any FigureSource, topics: any Topics, names: TopicNames, path: String,
        configuration: PublisherConfiguration, clock: any ProcessClock,
        isStillOwner: @escaping @Sendable () -> Bool
    ) throws {
        self.clock = clock
        self.source = source
        self.topics = topics
        self.names = names
        self.configuration = configuration
        self.isStillOwner = isStillOwner
        published = try PublishedStore(path: path)
        machine = PublishingMachine(configuration)
        identity = try published.identity()
        notifier = try AlertNotifier(configuration.webhooks, published, configuration.journal) { [mailbox] in
            mailbox.wake()
        }
        sheet = HourSheet(
            partition: source.partition, epoch: source.epoch.description, configuration: configuration,
            zones: ZoneCache(), published: published)
        try published.adopt(source.epoch)
    }

    /// Processes what has arrived, and does what can be done now.
    /// - Returns: when to call again, in microseconds; nil if it has ended for good.
    func advance() -> Int64? {
        takeMail()
        var inputs = [tick()]
        while !inputs.isEmpty {
            let now = clock.now.microseconds
            let input = inputs.removeFirst()
            for action in machine.step(now, input) { inputs += perform(action, now) }
        }
        let wake = machine.wakeTime(now: clock.now.microseconds)
        return wake.map { min($0, tell() ?? $0) }
    }

    /// Whether an answer of a target is awaited.
    var isTelling: Bool { notifier.isTelling }

    /// Tells targets of alerts while the partition is held.
    /// - Returns: when there may be something to tell again.
    private func tell() -> Int64? {
        guard isStillOwner() else { return nil }
        do {
            defer { statistics.webhooks = (try? notifier.standings()) ?? statistics.webhooks }
            return try notifier.advance(clock.now.microseconds)
        } catch {
            record(.publishingFailed(source.partition, error))
            return clock.now.microseconds + configuration.retry
        }
    }

    private func tick() -> PublishingMachine.Input {
        if mailbox.isStopping { return .stop }
        return .tick(isOwner: isStillOwner(), unsent: batch.unsent, inFlight: inFlight.count)
    }

    private func perform(_ action: PublishingMachine.Action, _ now: Int64) -> [PublishingMachine.Input] {
        do {
            switch action {
            case .read: return [.read(isAtEnd: try readTopics())]
            case .note:
                lastDue = nil
                roundEnd = try published.noteChanges(source, configuration, now: now)
                sheet.alerts.floor = try published.alertsToldTo()
                if !isRoundWhole { sheet.alerts.forget() }
                isRoundWhole = false
                return [.noted]
            case .take(let job):
                batch = PublishingBatch()
                switch job {
                case .hours: try takeHours(now)
                case .quarantine: try takeQuarantined(now)
                }
                if job == .quarantine, batch.isEmpty { try endRound() }
                return [.taken(isEmpty: batch.isEmpty)]
            case .send: return try send(now)
            case .settle: return [.settled(isWhole: try settle())]
            case .end:
                end()
                return []
            }
        } catch {
            record(.publishingFailed(source.partition, error))
            return [.failed]
        }
    }

    func record(_ event: JournalEvent) {
        if recorded != event { configuration.journal.record(event) }
        recorded = event
    }

    // MARK: Reading

    /// Reads the own partitions to their ends.
    private func readTopics() throws -> Bool {
        for kind in MetricKind.allCases {
            guard let failure = followings[kind]?.failure else { continue }
            record(.topicUnreadable(kind.topic(names), failure))
            stopFollowing()
        }
        for kind in MetricKind.allCases {
            if followings[kind] == nil {
                let start = TopicStart.offsets([source.partition: LogOffset(try published.nextOffset(kind))])
                let mailbox = mailbox
                followings[kind] = MetricFollowing(
                    try topics.follow(kind.topic(names), [source.partition], from: start) { mailbox.follow(kind, $0) })
            }
            guard let following = followings[kind], readToEnd(following) else { return false }
        }
        takeMail()
        return true
    }

    /// Waits are short at first, because records must be processed before more can be read. They grow, because a broker
    /// may take longer than that to report the end.
    private func readToEnd(_ following: MetricFollowing) -> Bool {
        var wait = PublisherConfiguration.readWaitMilliseconds.lowerBound
        var idle = 0
        while idle < configuration.readMilliseconds {
            let before = statistics.followed
            let isAtEnd = following.readToEnd(milliseconds: wait)
            if mailbox.isStopping { return false }
            takeMail()
            if isAtEnd { return true }
            if following.failure != nil { return false }
            let taken = statistics.followed - before
            if taken == 0 { idle += wait }
            let isBusy = taken >= PublisherConfiguration.followedMaximum / 2
            wait = min(isBusy ? 0 : wait * 2, PublisherConfiguration.readWaitMilliseconds.upperBound)
            wait = max(wait, PublisherConfiguration.readWaitMilliseconds.lowerBound)
        }
        return false
    }

    func stopFollowing() {
        mailbox.droppingFollowed { for following in followings.values { following.stop() } }
        followings = [:]
    }

    // MARK: Sending

    private func takeHours(_ now: Int64) throws {
        while batch.unsent < configuration.recordsInFlightMaximum {
            let room = PublisherConfiguration.hoursPerBatch - batch.hours.count
            guard room > 0, let hour = try published.due(after: lastDue, now: now, limit: 1).first else { return }
            lastDue = hour
            guard let snapshot = try source.snapshot(of: hour.site) else {
                // Only the topics know this site: it comes from another log, and may yet appear in this one.
                batch.add(hour, HourSheet.Outcome())
                continue
            }
            defer { snapshot.close() }
            let outcome = try sheet.outcome(hour, snapshot, origin: source.origin, now: now)
            for start in outcome.shifts { try published.addDue(hour.site, .shift, start, hour.causes) }
            batch.add(hour, outcome)
        }
    }

    private func takeQuarantined(_ now: Int64) throws {
        let place = try published.quarantinePlace()
        let events = try source.quarantined(
            after: place.offset, index: place.index, limit: PublisherConfiguration.quarantinedPerBatch)
        batch.add(events)
    }

    private func send(_ now: Int64) throws -> [PublishingMachine.Input] {
        let time = Timestamp(microseconds: now)
        var checked = 0
        while var item = batch.next, inFlight.count < configuration.recordsInFlightMaximum {
            if checked % PublisherConfiguration.recordsPerCheck == 0, mailbox.isStopping || !isStillOwner() {
                return [tick()]
            }
            checked += 1
            let record: TopicRecord
            switch item.content {
            case .metric(let metric):
                record = metric.topicRecord(names, now: time, publisher: identity)
                item.topicEnd = try published.end(metric.kind)
                item.id = Array(metric.id.utf8)
            case .quarantined(let event):
                record = QuarantineRecord.topicRecord(event, names, partition: source.partition, now: time)
            }
            item.topic = record.topic
            nextToken += 1
            let token = nextToken
            let mailbox = mailbox
            inFlight[token] = item
            ownIDs.insert(item.id)
            do { try topics.send(record) { mailbox.deliver(token, $0) } } catch {
                inFlight[token] = nil
                ownIDs.remove(item.id)
                self.record(.topicRefuses(record.topic, error))
                return [.refused]
            }
            statistics.sent += 1
            batch.removeNext()
        }
        takeMail()
        return [tick()]
    }

    /// All hours of the round are published.
    private func endRound() throws {
        if let roundEnd { try published.setAlertsTold(to: roundEnd) }
        isRoundWhole = true
    }

    /// Every record sent has been reported: hours that were delivered completely are no longer due.
    private func settle() throws -> Bool {
        try published.transaction {
            for hour in batch.doneHours { try published.removeDue(hour) }
            if let last = batch.lastQuarantined { try published.setQuarantinePlace(last.offset, last.index) }
        }
        if batch.isWhole { recorded = nil }
        return batch.isWhole
    }

    private func end() {
        mailbox.stop()
        stopFollowing()
        notifier.stop()
        mailbox.close()
    }
}
