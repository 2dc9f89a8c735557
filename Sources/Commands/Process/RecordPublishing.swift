internal import Access
internal import EventLog
internal import EventModel
internal import HTTPServer
internal import Locks
internal import Observability
internal import Projector
internal import Publisher
internal import Query
internal import SQLiteLog

/// What a server on the embedded log publishes for other systems: the records that workers publish on Kafka, into a file
/// of their own, and the answers from it (DESIGN 3).
struct RecordPublishing: Sendable {
    let part: ServicePart
    /// What targets were told of alerts.
    let webhooks: @Sendable () -> [Freshness.Webhook]

    struct Settings: Sendable {
        /// Keys of each topic that are kept.
        var recordsMaximum = MetricRecordsOption.countDefault
        var webhooks = WebhookConfiguration()

        init() {}

        /// - Returns: nil where nothing is to be published.
        init?(_ invocation: Invocation) throws {
            recordsMaximum = try MetricRecordsOption.count(invocation)
            webhooks = try WebhookOptions.configuration(invocation)
            guard recordsMaximum > 0 else {
                guard webhooks.targets.isEmpty else {
                    throw CommandFailure(
                        .usage, "--alert-webhook needs records", why: "with --metric-records 0 no alert is published",
                        next: "leave out --metric-records")
                }
                return nil
            }
        }
    }

    init(
        _ settings: Settings, _ projector: Projector, _ epoch: LogEpoch, _ directory: DataDirectory,
        _ access: AccessControl, _ journal: Journal
    ) throws {
        let names = TopicNames()
        let kinds = MetricKind.allCases.map { $0.topic(names) }
        let topics = try explaining("cannot open the published records in '\(directory.path)'") {
            try SQLiteTopics(
                path: directory.records, topics: kinds + [names.quarantine], recordsMaximum: settings.recordsMaximum)
        }
        let service = MetricRecordService(
            MetricRecordService.Parts(
                topics: kinds + [names.quarantine],
                page: { try topics.page($0, from: $1, limit: $2, sites: $3) },
                authorize: { access.sitesPermission($0) }, journal: journal))
        let running = Guarded<MetricPublisher?>(nil)
        webhooks = { running.withLock { $0 }.map { [Freshness.Webhook](of: $0) } ?? [] }
        part = ServicePart(
            routes: service.routes,
            // Webhooks are told the address.
            serve: { url in
                var configuration = PublisherConfiguration()
                configuration.journal = journal
                configuration.webhooks = settings.webhooks
                configuration.webhooks.externalURL = url
                let publisher = try MetricPublisher(
                    projector: projector, epoch: epoch, topics: topics, names: names,
                    path: directory.published(projector.partition), configuration: configuration)
                running.withLock { $0 = publisher }
                publisher.start()
            },
            stop: {
                service.stop()
                running.withLock { $0.take() }?.stop()
                topics.close()
            })
    }
}

extension [Freshness.Webhook] {
    /// What the targets of a publisher were told.
    init(of publisher: MetricPublisher) {
        self = publisher.statistics.webhooks.map { webhook in
            Freshness.Webhook(
                number: webhook.number, target: webhook.target, told: webhook.told,
                failedRequests: webhook.failedRequests, dropped: webhook.dropped, waiting: webhook.waiting,
                toldAt: webhook.toldAt.map { Timestamp(microseconds: $0) }, reason: webhook.trouble)
        }
    }
}
