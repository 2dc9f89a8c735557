#!/usr/bin/env python3
"""A million worker ids that no definition names, as a tracker makes them, a restart, and then questions."""

from attack import event, instant, main

COUNT = 1_000_000


def batches():
    for first in range(0, COUNT, 1000):
        yield [event(f"track-{number}", instant(number)) for number in range(first, first + 1000)]


def attack(andon, verdict):
    andon.start()
    for site in ("plant", "neighbour"):
        andon.define(site, ["W1", "W2"])
        kinds = ("working", "idle")
        andon.post(site, [event("W1", instant(60 * minute), kind=kinds[minute % 2]) for minute in range(900)])
    questions = [
        f"/api/metrics/{kind}?site_id={site}&from=2026-01-01&to=2026-01-02"
        for kind in ("workers", "factory") for site in ("plant", "neighbour")
    ]
    before = max(andon.question(question) for question in questions)
    memory = andon.memory()
    counts, position = andon.post_all("plant", batches())
    verdict.holds("all quarantined", counts["error_count"] == COUNT)
    andon.wait_for("plant", position)
    # Requests, page caches and the commit in flight, which a million events fill as any other million would.
    verdict.at_most("memory for them", andon.memory() - memory, 192, " MiB")
    verdict.at_most("start after that", andon.restart(), 20, " s")
    verdict.note("question before", before, " ms")
    bound = max(50, 5 * before)
    for question in questions:
        name = "neighbour's question" if "neighbour" in question else "question"
        verdict.at_most(name, andon.question(question), bound, " ms")
    verdict.at_most("memory", andon.memory("VmHWM"), 384, " MiB")


main("junk_workers", attack)
