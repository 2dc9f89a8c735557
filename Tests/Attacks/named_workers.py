#!/usr/bin/env python3
"""A definition of 100 thousand workers of whom one thousand act: a question costs what those cost who act."""

from attack import event, instant, main


def batches():
    for hour in range(8):
        yield [
            event(f"W{worker}", instant(3600 * hour + worker), kind=("working", "idle")[(hour + worker) % 2])
            for worker in range(1000)
        ]


def attack(andon, verdict):
    andon.start()
    andon.define("small", [f"W{number}" for number in range(1000)])
    andon.define("large", [f"W{number}" for number in range(100_000)])
    for site in ("small", "large"):
        _, position = andon.post_all(site, batches(), threads=1)
        andon.wait_for(site, position)
    andon.restart()
    for kind in ("factory", "workstations"):
        path = f"/api/metrics/{kind}?from=2026-01-01&to=2026-01-02&site_id="
        few, many = andon.question(path + "small"), andon.question(path + "large")
        verdict.note(f"{kind} of a thousand workers", few, " ms")
        verdict.at_most(f"{kind} of 100 thousand", many, max(3 * few, few + 10), " ms")


main("named_workers", attack)
