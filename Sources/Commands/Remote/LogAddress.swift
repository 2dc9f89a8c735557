internal import EventLog
internal import EventModel
internal import Foundation
internal import KafkaLog
internal import SQLiteLog

/// The log that a command works on: the one in a data directory, or a Kafka topic.
struct LogAddress: Sendable {
    enum Place: Sendable {
        case folder(DataDirectory)
        case kafka(KafkaOptions)
    }

    let place: Place

    /// The options that name a log.
    static let specs = [DataDirectory.option.spec] + KafkaOptions.specs

    init(_ place: Place) { self.place = place }

    /// The log selected for a command: the brokers if any are named, unless the command line itself names only a data
    /// directory.
    /// - Throws: a usage error if the command line names both.
    init(_ invocation: Invocation) throws(CommandFailure) {
        let flags = invocation.settings.flags
        let namesFolder = flags[DataDirectory.option.spec.name] != nil
        let namesBrokers = flags[KafkaOptions.brokers.spec.name] != nil
        guard !namesFolder || !namesBrokers else {
            throw CommandFailure(
                .usage, "--data-dir and --brokers name two logs", why: "this command works on one",
                next: "andon \(invocation.command.name) --help")
        }
        if !namesFolder, let kafka = try KafkaOptions.given(invocation) {
            self.init(.kafka(kafka))
        } else {
            self.init(.folder(DataDirectory(path: try invocation.value(DataDirectory.option))))
        }
    }

    /// For messages.
    var text: String {
        switch place {
        case .folder(let directory): "the log in '\(directory.path)'"
        case .kafka(let kafka): "the topic \(kafka.names.events) at \(kafka.brokers)"
        }
    }

    /// The file with the definitions of sites; nil on Kafka.
    var registry: String? {
        guard case .folder(let directory) = place else { return nil }
        return directory.registry
    }

    /// Opens the log for reading; another process may be writing to it.
    /// - Throws: 69 if it cannot be reached.
    func openReader() throws(CommandFailure) -> OpenLog {
        switch place {
        case .folder(let directory):
            try directory.requireExisting()
            return OpenLog(try opened { () throws(LogError) in try SQLiteLog.openReader(path: directory.log) })
        case .kafka(let kafka):
            let settings = try kafka.settings("log")
            return OpenLog(try opened { () throws(LogError) in try KafkaLog.open(settings, role: .readOnly) })
        }
    }

    /// Opens the log for appending; creates a data directory, but never a topic.
    /// - Throws: 69 if it cannot be reached or another process is writing to it.
    func openWriter() throws(CommandFailure) -> OpenLog {
        switch place {
        case .folder(let directory):
            try directory.create()
            return OpenLog(try opened { () throws(LogError) in try SQLiteLog.open(path: directory.log) })
        case .kafka(let kafka):
            let settings = try kafka.settings("log")
            return OpenLog(try opened { () throws(LogError) in try KafkaLog.open(settings) })
        }
    }

    private func opened<Log>(_ open: () throws(LogError) -> Log) throws(CommandFailure) -> Log {
        do throws(LogError) {
            return try open()
        } catch {
            throw CommandFailure(.unavailable, "cannot open \(text)", why: error.message, next: error.hint)
        }
    }
}

/// A log opened by a command.
struct OpenLog: Sendable {
    let log: any EventLog
    /// Call it once, at the end.
    let close: @Sendable () -> Void

    init(_ log: SQLiteLog) {
        self.log = log
        close = { log.close() }
    }

    init(_ log: KafkaLog) {
        self.log = log
        close = { log.close() }
    }
}

extension EventLog {
    var partitions: [PartitionIndex] { (0..<partitionCount).map { PartitionIndex($0) } }
}
