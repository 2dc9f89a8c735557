"""Reads a topic of metrics from its beginning, as a downstream service would, by the published contract alone.

    consume_metrics.py --brokers HOST:PORT --topic andon.metrics.worker.v1 [--schema NAME]
        [--until-key KEY]... [--until-status STATUS] [--until-offset N] [--seconds 60]

Each record is decoded as a CloudEvent in binary mode by the CloudEvents SDK and validated by its JSON Schema; of each key
the newest by revision is kept. Without --until-key it reads what stands in the topic now; with it, until each of these
keys has a record (of that status, of a revision with at least that offset), and everything that stands there then.

Prints one JSON object:
    records     by key: the newest, {partition, offset, event: {id, source, type, time, ...}, data}; data is the value
    removed     keys whose newest record is a tombstone
    behind      keys whose last record is not their newest: compaction would keep an old value
    read, old   number of records, and of those that were not newer than one before them
    refused     what is wrong with records, one text each

Exit code: 0, 1 when a record was refused, 75 when the time was up.
"""

import argparse
import json
import sys
from pathlib import Path
from urllib.parse import unquote

import referencing
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event
from jsonschema import Draft202012Validator
from topic_reader import TopicReader, run

SCHEMAS = Path(__file__).resolve().parents[3] / "Schemas" / "andon" / "v1"

HEADERS = ["ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "content-type"]


def validator_of(name):
    def from_file(uri):
        return referencing.Resource.from_contents(json.loads(Path(unquote(uri.removeprefix("file://"))).read_text()))

    file = SCHEMAS / f"{name}.schema.json"
    file.stat()
    return Draft202012Validator({"$ref": file.as_uri()}, registry=referencing.Registry(retrieve=from_file))


def schema_name(topic):
    """`….metrics.worker.v1` → worker-metric, `….alerts.v1` → alert."""
    *_, group, kind, _ = topic.split(".")
    return f"{kind}-metric" if group == "metrics" else {"alerts": "alert"}.get(kind, kind)


class Newest:
    """The newest record of each key."""

    def __init__(self, validator):
        self.validator = validator
        self.records = {}
        self.last = {}
        self.read = 0
        self.old = 0
        self.refused = []

    def take(self, message):
        self.read += 1
        key = (message.key() or b"").decode()
        record = self.decode(message, key)
        if record is None:
            return
        self.last[key] = record
        before = self.records.get(key)
        if before is None or self.is_newer(record, before):
            self.records[key] = record
        else:
            self.old += 1

    def decode(self, message, key):
        record = {"partition": message.partition(), "offset": message.offset(), "data": None}
        if message.value() is None:
            return record
        headers = dict(message.headers() or [])
        # The SDK would make up an id, and lets the rest be missing.
        missing = [name for name in HEADERS if not headers.get(name)]
        if missing:
            self.refused.append(f"{key}: no CloudEvent: {', '.join(missing)} is missing")
            return None
        try:
            event = from_binary_event(KafkaMessage(headers=headers, key=message.key(), value=message.value()))
        except Exception as error:  # Whatever the SDK refuses is no CloudEvent.
            self.refused.append(f"{key}: no CloudEvent: {' '.join(str(error).split())}")
            return None
        attributes = {name: str(value) for name, value in event.get_attributes().items()}
        # As it was sent: the SDK makes a time of it.
        attributes["time"] = headers["ce_time"].decode()
        data = event.get_data()
        for error in self.validator.iter_errors(data):
            self.refused.append(f"{key}: {error.json_path}: {error.message[:200]}")
        return record | {"event": attributes, "data": data}

    @staticmethod
    def is_newer(record, before):
        """Within one log a higher revision is newer, and of equal ones, and of two logs, the later record is."""
        new, old = record["data"], before["data"]
        if not (isinstance(new, dict) and isinstance(old, dict)):
            return True
        revision, known = new["revision"], old["revision"]
        if revision["epoch"] != known["epoch"]:
            return True
        return (new.get("fold", 0), revision["offset"]) >= (old.get("fold", 0), known["offset"])

    def has(self, key, status, offset):
        data = self.records.get(key, {}).get("data")
        return bool(data) and status in (None, data["status"]) and data["revision"]["offset"] >= offset

    def report(self):
        return {
            "records": {key: record for key, record in self.records.items() if record["data"] is not None},
            "removed": sorted(key for key, record in self.records.items() if record["data"] is None),
            "behind": sorted(key for key, record in self.last.items() if record is not self.records[key]),
            "read": self.read,
            "old": self.old,
            "refused": self.refused,
        }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--brokers", required=True)
    parser.add_argument("--topic", required=True)
    parser.add_argument("--schema", help="name of the schema; follows from the topic")
    parser.add_argument("--until-key", action="append", default=[])
    parser.add_argument("--until-status")
    parser.add_argument("--until-offset", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    newest = Newest(validator_of(options.schema or schema_name(options.topic)))
    reader = TopicReader(options.brokers, options.topic, options.seconds)
    try:
        while True:
            for message in reader.to_end():
                newest.take(message)
            if all(newest.has(key, options.until_status, options.until_offset) for key in options.until_key):
                break
            for message in reader.next_message():
                newest.take(message)
    finally:
        reader.close()
    json.dump(newest.report(), sys.stdout, ensure_ascii=False)
    print()
    return not newest.refused


run(main)
