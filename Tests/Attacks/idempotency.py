#!/usr/bin/env python3
"""A tenant pushes out another's answer to an Idempotency-Key: by batches without an event to store, and by millions."""

import signal

from attack import event, instant, main

NAMED = {"Idempotency-Key": "mine"}


def many():
    """2.2 million events: more than a start reads for anything else."""
    kinds = ("working", "idle")
    for batch in range(2200):
        yield [
            event(f"W{number % 100}", instant(batch * 10 + number // 100), kind=kinds[number % 2])
            for number in range(1000)
        ]


def attack(andon, verdict):
    andon.start()
    andon.define("plant", [f"W{number}" for number in range(100)])
    andon.define("other", ["W1"])
    mine = andon.make_key("ingest", "--site", "other")
    body = [event("W1", instant(0)), event("nobody", instant(0)), 7]

    def again():
        return andon.post("other", body, headers=NAMED, key=mine)

    first = again()
    verdict.holds("answered", first[0] == 200 and first[1]["success_count"] == 1)
    size, memory = andon.disk("log.sqlite", "log.sqlite-wal"), andon.memory()
    connection = andon.connect()
    for number in range(500):
        junk = [event("W1", "x" * 60)] * 1000
        andon.post("plant", junk, connection, headers={"Idempotency-Key": f"junk {number}"})
    connection.close()
    verdict.at_most("log for no event", andon.disk("log.sqlite", "log.sqlite-wal") - size, 1, " MiB")
    verdict.at_most("memory for them", andon.memory() - memory, 64, " MiB")
    verdict.holds("first answer again", again() == first)
    _, position = andon.post_all("plant", many())
    andon.wait_for("plant", position)
    verdict.holds("after 2.2 million events", again() == first)
    # Killed, so that nothing is tidied up.
    verdict.at_most("start after kill -9", andon.restart(signal.SIGKILL), 15, " s")
    verdict.holds("after it too", again() == first)
    verdict.at_most("start after SIGTERM", andon.restart(), 15, " s")
    verdict.holds("after it", again() == first)


main("idempotency", attack)
