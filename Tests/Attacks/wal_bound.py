#!/usr/bin/env python3
"""All events that it takes, beside 8 clients asking about the past of 50 thousand workers, and a tail nobody reads."""

import hashlib
import os
import subprocess
import threading
import time

from attack import MIB, Failed, instant, main

WORKERS = 50_000
BLOCK = 1000
SECONDS = 60
CLIENTS = 8
SETTLES = 45


def offset(position):
    return int(position.split(":")[1])


class Load:
    """Sends a state of every worker for one second after the other."""

    def __init__(self, andon):
        self.andon = andon
        kinds = ("working", "idle")
        self.bodies = {
            kind: [
                ("[" + ",".join(
                    f'{{"timestamp":"@","worker_id":"W{number}","workstation_id":"S{number % 100}",'
                    f'"event_type":"{kind}","confidence":0.95}}'
                    for number in range(first, first + BLOCK)) + "]").encode()
                for first in range(0, WORKERS, BLOCK)
            ]
            for kind in kinds
        }
        self.kinds = kinds
        self.lock = threading.Lock()
        self.next = 0
        self.sent = 0
        self.refused = 0
        self.faults = []
        self.position = None
        self.is_over = False

    def take(self):
        with self.lock:
            second, block = divmod(self.next, WORKERS // BLOCK)
            self.next += 1
        return self.bodies[self.kinds[second % 2]][block].replace(b"@", instant(second).encode())

    def run(self, batches=None):
        connection = self.andon.connect()
        while not self.is_over and (batches is None or self.next < batches):
            body = self.take()
            while not self.is_over:
                status, answer = self.andon.post("plant", body, connection)
                if status == 200:
                    with self.lock:
                        self.sent += answer["success_count"]
                        self.position = max(self.position or "0:0", answer["position"], key=offset)
                    break
                with self.lock:
                    self.refused += 1
                if status != 503:
                    self.faults.append(f"{status} {answer}")
                    return
                time.sleep(0.2)
        connection.close()

    def start(self, batches=None):
        threads = [threading.Thread(target=self.run, args=(batches,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        return threads


class Askers:
    """Clients that ask the same question about the past again and again."""

    def __init__(self, andon, path):
        self.andon = andon
        self.path = path
        self.lock = threading.Lock()
        self.times = []
        self.answers = {}
        self.statuses = {}
        self.is_over = False

    def run(self):
        connection = self.andon.connect()
        while not self.is_over:
            begin = time.monotonic()
            connection.request("GET", self.path, headers={"Authorization": f"Bearer {self.andon.key}"})
            answer = connection.getresponse()
            text = answer.read()
            taken = time.monotonic() - begin
            # The figures, without what depends on the clock.
            shown = hashlib.sha256(text[:text.rfind(b'"meta"')]).hexdigest()
            with self.lock:
                self.statuses[answer.status] = self.statuses.get(answer.status, 0) + 1
                if answer.status == 200:
                    self.times.append(taken)
                    self.answers[shown] = self.answers.get(shown, 0) + 1
            if answer.status != 200:
                time.sleep(1)
        connection.close()

    def start(self):
        threads = [threading.Thread(target=self.run) for _ in range(CLIENTS)]
        for thread in threads:
            thread.start()
        return threads


class Watch:
    """The largest that files become."""

    def __init__(self, andon, *names):
        self.paths = {name: os.path.join(andon.directory, name) for name in names}
        self.largest = dict.fromkeys(names, 0)
        self.is_over = False
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.is_over:
            for name, path in self.paths.items():
                try:
                    self.largest[name] = max(self.largest[name], os.path.getsize(path) / MIB)
                except FileNotFoundError:
                    pass
            time.sleep(0.02)

    def stop(self):
        self.is_over = True
        self.thread.join()
        return self.largest


def attack(andon, verdict):
    andon.start()
    andon.define("plant", [f"W{number}" for number in range(WORKERS)], [f"S{number}" for number in range(100)])
    load = Load(andon)
    for thread in load.start(batches=20 * WORKERS // BLOCK):
        thread.join()
    if load.faults:
        raise Failed(load.faults[0])
    andon.wait_for("plant", load.position)
    known = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 1))
    time.sleep(2)
    watch = Watch(andon, "projections.sqlite-wal", "log.sqlite-wal")
    tail = subprocess.Popen(
        [andon.binary, "log", "tail", "--data-dir", andon.directory, "--follow"], stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL)
    before, begin = load.sent, time.monotonic()
    senders = load.start()
    # Until then an answer about that time is not settled.
    time.sleep(SETTLES)
    askers = Askers(andon, f"/api/metrics/workers?site_id=plant&from=2026-01-01&to=2026-01-02&known_at={known}")
    asking = askers.start()
    time.sleep(SECONDS)
    askers.is_over = load.is_over = True
    for thread in senders + asking:
        thread.join()
    rate = (load.sent - before) / (time.monotonic() - begin)
    begin = time.monotonic()
    andon.wait_for("plant", load.position)
    behind = time.monotonic() - begin
    largest = watch.stop()
    tail.kill()
    tail.wait()
    if load.faults:
        raise Failed(load.faults[0])
    verdict.note("events/s", int(rate))
    for name, size in largest.items():
        verdict.at_most(name, size, 256.0, " MiB")
    verdict.note("answers", askers.statuses)
    verdict.holds("answered at all", 200 in askers.statuses)
    verdict.holds("only 200 and 503", not set(askers.statuses) - {200, 503})
    verdict.holds("all answers the same", len(askers.answers) <= 1)
    verdict.at_most("longest answer", max(askers.times, default=0.0), 30.0, " s")
    verdict.note("fold behind after it", behind, " s")
    verdict.note("memory", andon.memory("VmHWM"), " MiB")


main("wal_bound", attack)
