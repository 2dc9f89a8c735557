internal import CRdKafka

/// Version of librdkafka, for `andon doctor`.
public var kafkaLibraryVersion: String { String(cString: rd_kafka_version_str()) }
