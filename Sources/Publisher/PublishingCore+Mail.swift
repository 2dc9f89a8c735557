internal import EventLog
internal import EventModel

/// What arrives: delivery reports, and records of the own partitions.
extension PublishingCore {
    func takeMail() {
        let mail = mailbox.take()
        guard !mail.isStopping, !mail.deliveries.isEmpty || !mail.followed.isEmpty else { return }
        do {
            try published.transaction {
                for delivery in mail.deliveries { try take(delivery) }
                for (kind, record) in mail.followed { try take(kind, record) }
            }
        } catch {
            // Anything not recorded is read again: followings restart from the offsets in the file.
            stopFollowing()
            for delivery in mail.deliveries { giveUp(delivery.token) }
            record(.publishingFailed(source.partition, error))
        }
    }

    private func take(_ delivery: PublisherMailbox.Delivery) throws {
        guard let item = inFlight.removeValue(forKey: delivery.token) else { return }
        ownIDs.remove(item.id)
        switch delivery.result {
        case .success(let position):
            statistics.delivered += 1
            guard case .metric(let record) = item.content else { return }
            if position.offset.value < item.topicEnd { try forgetTopic(record.kind) }
            try published.raiseEnd(record.kind, position.offset.value + 1)
            guard try published.note(record.key, record.kind, record.state, at: position.offset.value) else { return }
            if let notice = record.notice(at: clock.now.microseconds) { try notifier.note(notice) }
        case .failure(let error):
            statistics.failed += 1
            batch.fail(item)
            record(.recordNotDelivered(item.topic, error))
        }
    }

    private func giveUp(_ token: Int) {
        guard let item = inFlight.removeValue(forKey: token) else { return }
        ownIDs.remove(item.id)
        batch.fail(item)
    }

    private func take(_ kind: MetricKind, _ record: FollowedRecord) throws {
        statistics.followed += 1
        let offset = record.position.offset.value
        let next = try published.nextOffset(kind)
        if offset < next { try forgetTopic(kind) }
        try published.setNextOffset(kind, offset + 1)
        guard let metric = ReceivedMetric(record, kind: kind) else { return }
        // Reading may be ahead of the reports of both changes of an alert; they come in order, and each is told.
        if kind == .alert, ownIDs.contains(metric.id) { return }
        guard try published.note(metric.key, kind, metric.state, at: offset)
        else { return }
        if kind == .alert { try takeAlert(record, metric) }
        // Written by another process, or by this one before a restart: our figures may differ.
        if !ownIDs.contains(metric.id) { try published.addDue(metric.key.site, kind.grid, metric.key.hourStart) }
    }

    /// Whoever published a change tells of it; one of this publisher, which it had not noted before it was killed, is told
    /// now.
    private func takeAlert(_ record: FollowedRecord, _ metric: ReceivedMetric) throws {
        if let value = record.value, metric.publisher == Array(identity.utf8) {
            try notifier.note(
                AlertNotice(
                    key: record.key, value: value, knownAt: clock.now.microseconds,
                    isOpen: metric.state?.status == .opened, isNews: metric.isNews))
        } else {
            try notifier.withdraw(record.key)
        }
    }

    /// Offsets went back: the topic was recreated. Everything is checked again.
    private func forgetTopic(_ kind: MetricKind) throws {
        record(.topicRecreated(kind.topic(names)))
        try published.forget(kind)
        try published.setNextOffset(kind, 0)
        try published.forgetEnd(kind)
        try published.forgetChanges()
    }
}
