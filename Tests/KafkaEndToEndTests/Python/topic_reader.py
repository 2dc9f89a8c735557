"""Reads a topic of Kafka from its beginning to its end, as often as somebody asks."""

import sys
import time
import uuid

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition


# Errors that waiting does not mend; of all others librdkafka tells while it goes on trying.
FINAL = {
    KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC, KafkaError._UNKNOWN_PARTITION,
    KafkaError._AUTO_OFFSET_RESET, KafkaError.TOPIC_AUTHORIZATION_FAILED,
}


class TimeUp(Exception):
    """The deadline has passed before everything was there."""


class TopicReader:
    """All partitions of one topic, each read once."""

    def __init__(self, brokers, topic, seconds):
        self.topic = topic
        self.deadline = time.monotonic() + seconds
        self.consumer = Consumer({
            "bootstrap.servers": brokers,
            # It is never committed to: the reader begins at the beginning.
            "group.id": f"andon-test-{uuid.uuid4()}",
            "enable.auto.commit": False,
            "auto.offset.reset": "error",
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
        })
        self.partitions = self.find_partitions()
        # Everything before these offsets was handed out.
        self.reached = {partition: 0 for partition in self.partitions}
        self.consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in self.partitions])

    def find_partitions(self):
        metadata = self.consumer.list_topics(self.topic, timeout=self.seconds_left())
        found = metadata.topics[self.topic]
        if found.error:
            raise KafkaException(found.error)
        return sorted(found.partitions)

    def seconds_left(self):
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeUp(self.topic)
        return left

    def to_end(self):
        """Hands out what was not handed out yet and stood in the topic when this was called."""
        ends = {}
        for partition in self.partitions:
            place = TopicPartition(self.topic, partition)
            first, end = self.consumer.get_watermark_offsets(place, timeout=self.seconds_left())
            self.reached[partition] = max(self.reached[partition], first)
            ends[partition] = end
        while any(self.reached[partition] < ends[partition] for partition in self.partitions):
            yield from self.next_message()

    def next_message(self):
        """Waits for one message, the end of a partition or the deadline."""
        message = self.consumer.poll(self.seconds_left())
        if message is None:
            return
        if not message.error():
            self.reached[message.partition()] = message.offset() + 1
            yield message
        elif message.error().code() == KafkaError._PARTITION_EOF:
            # The last records of a partition may be gone by compaction.
            self.reached[message.partition()] = max(self.reached[message.partition()], message.offset())
        elif message.error().fatal() or message.error().code() in FINAL:
            raise KafkaException(message.error())

    def close(self):
        self.consumer.close()


def run(main):
    """Runs a program: 0 when it returns true, 1 when something it read was wrong, 75 when its time was up."""
    try:
        sys.exit(0 if main() else 1)
    except TimeUp as error:
        print(f"error: not everything came in time from {error}", file=sys.stderr)
        sys.exit(75)
