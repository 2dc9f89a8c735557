#!/usr/bin/env python3
"""Four hundred thousand camera ids of one site: most are refused, and what is kept takes little."""

from attack import event, instant, main

COUNT = 400_000
# Limits.camerasPerSiteMaximum
CAMERAS = 1 << 16


def batches():
    for first in range(0, COUNT, 1000):
        yield [event("W1", instant(number), camera_id=f"camera-{number}") for number in range(first, first + 1000)]


def attack(andon, verdict):
    andon.start()
    andon.define("plant", ["W1"])
    memory = andon.memory()
    counts, position = andon.post_all("plant", batches())
    verdict.at_most("cameras taken", counts["success_count"], CAMERAS)
    verdict.holds("the others refused", counts["error_count"] == COUNT - counts["success_count"])
    andon.wait_for("plant", position)
    verdict.at_most("memory for them", andon.memory("VmHWM") - memory, 256, " MiB")
    status, answer = andon.post("plant", [event("W1", instant(COUNT), camera_id="camera-0")])
    verdict.holds("a known camera goes on", status == 200 and answer["success_count"] == 1)
    andon.restart()
    status, answer = andon.post("plant", [event("W1", instant(COUNT + 1), camera_id="one more")])
    verdict.holds("one more refused after a restart", status == 200 and answer["error_count"] == 1)
    health = andon.question("/api/metrics/model-health?site_id=plant&from=2026-01-01&to=2026-01-06")
    verdict.at_most("model health", health, 2000, " ms")


main("camera_ids", attack)
