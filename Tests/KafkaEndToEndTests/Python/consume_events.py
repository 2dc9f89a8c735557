"""Reads the topic of events from its beginning by Schemas/andon/v1/event_batch.proto alone.

    consume_events.py --brokers HOST:PORT --topic andon.events.v1 [--seconds 60]

Prints one JSON object per event and definition that stands in the topic now, in the order of each partition: with
partition, offset, site_id and created_at_us; an event also with index, timestamp_us, worker_id, workstation_id,
event_type, confidence_ppm, count, camera_id, model_version, mark and first_seen_us; a definition with `definition`.

Exit code: 0, 1 when a record is not as the contract says, 75 when the time was up. Needs protoc.
"""

import argparse
import importlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from topic_reader import TopicReader, run

SCHEMAS = Path(__file__).resolve().parents[3] / "Schemas"


def generated():
    """The module that protoc makes of the schema."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            ["protoc", f"--proto_path={SCHEMAS}", f"--python_out={folder}", "andon/v1/event_batch.proto"], check=True)
        sys.path.insert(0, folder)
        try:
            return importlib.import_module("andon.v1.event_batch_pb2")
        finally:
            sys.path.remove(folder)


def crc_table():
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ 0x82F63B78 if byte & 1 else byte >> 1
        yield byte


CRC_TABLE = list(crc_table())


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ CRC_TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def column(values, count):
    """What is left out is 0 for all events; one value holds for all."""
    if not values:
        return [0] * count
    return list(values) * count if len(values) == 1 else list(values)


def events(schema, batch):
    count = batch.event_count
    ids = [each.decode() for each in batch.ids]
    optional = [None] + ids
    time, time_unit, ppm_unit = 0, batch.time_unit_us or 1, batch.confidence_unit_ppm or 1
    names = (
        "types", "marks", "workers", "workstations", "cameras", "model_versions", "confidences", "counts",
        "first_seen_us")
    rows = zip(batch.event_times, *(column(getattr(batch, name), count) for name in names), strict=True)
    for index, (delta, kind, mark, worker, station, camera, model, confidence, units, first_seen) in enumerate(rows):
        time += delta
        event_type = schema.EventType.Name(kind).removeprefix("EVENT_TYPE_").lower()
        yield {
            "index": index,
            "timestamp_us": time * time_unit,
            "worker_id": ids[worker],
            "workstation_id": ids[station],
            "event_type": event_type,
            "confidence_ppm": confidence * ppm_unit,
            "count": (units or 1) if event_type == "product_count" else None,
            "camera_id": optional[camera],
            "model_version": optional[model],
            "mark": schema.Mark.Name(mark).removeprefix("MARK_").lower(),
            "first_seen_us": first_seen or None,
        }


def contents(schema, message):
    """What a record holds, checked as the contract says."""
    record = schema.Record.FromString(message.value())
    kind = record.WhichOneof("content")
    content = getattr(record, kind)
    if record.crc32c != crc32c(content):
        raise ValueError("wrong CRC")
    if kind == "event_batch":
        whole = schema.EventBatch.FromString(content)
        found = events(schema, whole)
    else:
        whole = schema.SiteDefinition.FromString(content)
        found = [{"definition": {
            "name": whole.name,
            "time_zone": whole.time_zone,
            "workers": [worker.worker_id.decode() for worker in whole.workers],
            "workstations": [station.workstation_id.decode() for station in whole.workstations],
        }}]
    if message.key() != whole.site_id.encode():
        raise ValueError(f"the key {message.key()} is not the site {whole.site_id}")
    created_at = int.from_bytes(dict(message.headers() or [])["created_at"], "big", signed=True)
    if created_at != whole.created_at_us or message.timestamp()[1] != created_at // 1000:
        raise ValueError("created_at of record, header and timestamp differ")
    place = {
        "partition": message.partition(), "offset": message.offset(), "site_id": whole.site_id,
        "created_at_us": whole.created_at_us,
    }
    return [place | each for each in found]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--brokers", required=True)
    parser.add_argument("--topic", required=True)
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    schema = generated()
    reader = TopicReader(options.brokers, options.topic, options.seconds)
    is_good = True
    try:
        for message in reader.to_end():
            try:
                for each in contents(schema, message):
                    print(json.dumps(each, ensure_ascii=False))
            except Exception as error:  # Whatever it is: the record is not what the contract says.
                print(f"error: {message.partition()}:{message.offset()}: {error!r}", file=sys.stderr)
                is_good = False
    finally:
        reader.close()
    return is_good


run(main)
