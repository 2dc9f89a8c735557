#!/usr/bin/env python3
"""Three thousand definitions of one site, each a little different: memory holds the newest."""

from attack import Failed, main


def attack(andon, verdict):
    andon.start()
    connection = andon.connect()

    def put(number):
        definition = {
            "site": {"name": f"Plant {number}", "time_zone": "UTC"},
            "workers": [{"worker_id": f"W{worker}", "name": f"Name {worker} {number}"} for worker in range(400)],
            "workstations": [{"workstation_id": f"S{station}"} for station in range(50)],
        }
        status, answer = andon.ask("PUT", "/api/sites/plant", definition, connection=connection)
        if status not in (200, 201):
            raise Failed(f"definition {number}: {status} {answer}")

    for number in range(200):
        put(number)
    before = andon.memory()
    for number in range(200, 1600):
        put(number)
    middle = andon.memory()
    for number in range(1600, 3000):
        put(number)
    verdict.note("memory for the first 1,400", middle - before, " MiB")
    # Page caches fill up to their limits meanwhile.
    verdict.at_most("for 2,800 definitions", andon.memory() - before, 64, " MiB")
    verdict.at_most("start after that", andon.restart(), 10, " s")
    verdict.at_most("memory after it", andon.memory("VmHWM"), 192, " MiB")
    status, answer = andon.ask("GET", "/api/sites/plant")
    verdict.holds("the newest is in force", status == 200 and answer["version"] == 3000)


main("definitions", attack)
