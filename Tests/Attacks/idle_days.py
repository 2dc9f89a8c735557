#!/usr/bin/env python3
"""Three requests: one idle event of each of 300 workers on the same day of eight years, with a ttl of 366 days."""

from attack import event, main

YEARS = range(2018, 2026)
WORKERS = [f"W{number}" for number in range(300)]


def attack(andon, verdict):
    andon.start()
    andon.define("plant", WORKERS, observation_ttl_seconds=0)
    batches = [
        [
            event(worker, f"{year}-03-05T08:00:00Z", kind="idle")
            for year in YEARS for worker in WORKERS[first:first + 100]
        ]
        for first in (0, 100, 200)
    ]
    _, position = andon.post_all("plant", batches, threads=1)
    andon.wait_for("plant", position)
    andon.question("/api/metrics/factory?site_id=plant&from=2018-01-01&to=2026-01-01", times=1)
    verdict.at_most("peak memory", andon.memory("VmHWM"), 512, " MiB")
    verdict.at_most("disk", andon.disk(), 64, " MiB")
    verdict.at_most("start after that", andon.restart(), 10, " s")
    question = andon.question("/api/metrics/workers?site_id=plant&from=2024-03-01&to=2024-04-01")
    verdict.at_most("question", question, 1000, " ms")
    verdict.at_most("memory after it", andon.memory("VmHWM"), 512, " MiB")


main("idle_days", attack)
