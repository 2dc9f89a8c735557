"""Reads records by the schema alone: one in hex per line of standard input.

Prints for each record what a reader makes of it, one line per event or definition entry, then the record written again by
Python's protobuf, as `record HEX`.
Usage: read_records.py DIRECTORY_OF_GENERATED_CODE
"""

import sys

sys.path.insert(0, sys.argv[1])
from andon.v1 import event_batch_pb2 as schema  # noqa: E402


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0x82F63B78 if crc & 1 else crc >> 1
    return crc ^ 0xFFFFFFFF


def column(values, count):
    """What is left out is 0 for all events; one value holds for all."""
    if not values:
        return [0] * count
    return list(values) * count if len(values) == 1 else list(values)


def print_batch(batch):
    count = batch.event_count
    time, unit = 0, batch.time_unit_us or 1
    ppm_unit = batch.confidence_unit_ppm or 1
    ids = [each.hex() for each in batch.ids]
    optional = ["-"] + ids
    columns = [
        column(values, count)
        for values in (
            batch.types, batch.marks, batch.workers, batch.workstations, batch.cameras, batch.model_versions,
            batch.confidences, batch.counts, batch.first_seen_us,
        )
    ]
    print("batch", batch.site_id, batch.created_at_us, batch.definition_version, batch.gateway_id.hex(), count)
    for index in range(count):
        time += batch.event_times[index]
        kind, mark, worker, station, camera, model, confidence, units, first_seen = (each[index] for each in columns)
        if kind == schema.EVENT_TYPE_PRODUCT_COUNT:
            units = units or 1
        print(
            time * unit, kind, mark, ids[worker], ids[station], optional[camera], optional[model], confidence * ppm_unit,
            units, first_seen,
        )


def print_definition(site):
    target = site.target_microunits_per_hour if site.HasField("target_microunits_per_hour") else "-"
    print(
        "definition", site.site_id, site.created_at_us, site.name, site.time_zone, site.observation_ttl_seconds,
        site.confidence_threshold_ppm, site.max_future_seconds, site.handover_minutes, target, site.hides_names,
    )
    for shift in site.shifts:
        print("shift", shift.name, shift.start_minute, shift.end_minute, shift.days)
    for worker in site.workers:
        print("worker", worker.worker_id.hex(), worker.name if worker.HasField("name") else "-")
    for station in site.workstations:
        print("workstation", station.workstation_id.hex(), station.capacity)


def print_clock(clock):
    print(
        "clock", clock.created_at_us, clock.newest_created_at_us, clock.gateway_id.hex(), clock.reason,
        clock.confirmed_by.hex(),
    )


def rewritten(record):
    """The record made anew from the parsed content, so that the library writes every byte."""
    again = schema.Record()
    if record.HasField("event_batch"):
        batch = schema.EventBatch.FromString(record.event_batch)
        print_batch(batch)
        content = again.event_batch = batch.SerializeToString()
    elif record.HasField("clock_set_back"):
        clock = schema.ClockSetBack.FromString(record.clock_set_back)
        print_clock(clock)
        content = again.clock_set_back = clock.SerializeToString()
    else:
        site = schema.SiteDefinition.FromString(record.site_definition)
        print_definition(site)
        content = again.site_definition = site.SerializeToString()
    again.crc32c = crc32c(content)
    return again.SerializeToString()


for line in sys.stdin:
    record = schema.Record.FromString(bytes.fromhex(line))
    content = getattr(record, record.WhichOneof("content"))
    assert record.crc32c == crc32c(content), "wrong CRC"
    print("record", rewritten(record).hex())
