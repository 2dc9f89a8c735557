#!/usr/bin/env python3
"""200 wrong bits in the projections, 200 in their write-ahead log after a kill: right answers or none."""

import os
import random
import signal
import subprocess
import time

from attack import Failed, event, instant, main

TRIALS = 200
RUNNING = 40
QUESTIONS = [
    "/api/metrics/workers?from=2026-01-01&to=2026-01-03", "/api/metrics/workstations?from=2026-01-01&to=2026-01-03",
    "/api/metrics/factory?from=2026-01-01&to=2026-01-03", "/api/metrics/model-health?from=2026-01-01&to=2026-01-03",
    "/api/events?limit=1000", "/api/quarantine?limit=1000", "/api/explain?worker_id=W1&from=2026-01-01&to=2026-01-03",
    "/api/ledger", "/api/metrics/workers?from=2026-01-01T00:30&to=2026-01-02T03:30&known_at={known}",
]


def batches():
    kinds = ("working", "idle", "product_count", "absent")
    for batch in range(40):
        yield [
            event(
                f"W{number % 12}" if number % 50 else "nobody", instant(batch * 3600 + number * 30), f"S{number % 5}",
                kinds[(batch + number) % 4], camera_id=f"C{number % 3}", model_version="v1")
            for number in range(100)
        ]


class Trial:
    def __init__(self, andon, verdict, known):
        self.andon = andon
        self.verdict = verdict
        self.questions = [question.format(known=known) for question in QUESTIONS]
        self.unavailable = 0
        self.rebuilt = 0

    def ask(self, patience=60):
        """All answers without what depends on the clock; waits where there is none yet."""
        answers = []
        for question in self.questions:
            until = time.monotonic() + patience
            mark = "&" if "?" in question else "?"
            while True:
                status, answer = self.andon.ask("GET", f"{question}{mark}site_id=plant")
                if status == 200:
                    break
                if status != 503 or time.monotonic() > until:
                    raise Failed(f"{question}: {status} {answer}")
                self.unavailable += 1
                time.sleep(0.05)
            answer.pop("meta")
            answers.append(answer)
        return answers

    def compare(self, name, right):
        found = self.ask()
        for question, one, other in zip(self.questions, found, right):
            if one != other:
                self.verdict.missed.append(f"{name}: wrong answer to {question}")

    def was_rebuilt(self, place):
        with open(self.andon.log.name, "rb") as text:
            text.seek(place)
            return b"being rebuilt" in text.read()


def flip(path, bit):
    with open(path, "r+b") as file:
        file.seek(bit // 8)
        byte = file.read(1)[0]
        file.seek(bit // 8)
        file.write(bytes([byte ^ 1 << bit % 8]))


def attack(andon, verdict):
    andon.options += ["--scrub", "0"]
    andon.start()
    andon.define("plant", [f"W{number}" for number in range(12)], [f"S{number}" for number in range(5)])
    _, position = andon.post_all("plant", batches(), threads=1)
    andon.wait_for("plant", position)
    known = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    trial = Trial(andon, verdict, known)
    # Late events, so that the past is not the present.
    _, position = andon.post_all("plant", [[event(f"W{n}", instant(n * 7001), "S1", "idle") for n in range(12)]])
    andon.wait_for("plant", position)
    right = trial.ask()
    time.sleep(1.5)
    andon.stop(signal.SIGKILL)
    sound = {}
    for name in ("projections.sqlite", "projections.sqlite-wal"):
        path = os.path.join(andon.directory, name)
        if os.path.exists(path):
            with open(path, "rb") as file:
                sound[name] = file.read()
    rng = random.Random(7)

    def put_back():
        for name in os.listdir(andon.directory):
            if name.startswith("projections.sqlite"):
                os.remove(os.path.join(andon.directory, name))
        for name, content in sound.items():
            with open(os.path.join(andon.directory, name), "wb") as file:
                file.write(content)

    def stopped(name):
        for number in range(TRIALS):
            put_back()
            header = 100 if name.endswith("sqlite") else 32
            size = header if number < TRIALS // 8 else len(sound[name])
            bit = rng.randrange(size * 8)
            flip(os.path.join(andon.directory, name), bit)
            place = os.path.getsize(andon.log.name)
            andon.start()
            trial.compare(f"bit {bit} of {name}", right)
            trial.rebuilt += trial.was_rebuilt(place)
            if not andon.is_alive():
                raise Failed(f"bit {bit} of {name}: the program ended: {andon.last_words()}")
            andon.stop(signal.SIGKILL)

    if len(sound.get("projections.sqlite-wal", b"")) > 32:
        stopped("projections.sqlite-wal")
        verdict.note("write-ahead log: rebuilt", f"{trial.rebuilt} of {TRIALS}")
    trial.rebuilt = 0
    # Everything in the file itself.
    put_back()
    andon.start()
    trial.ask()
    andon.stop()
    sound.clear()
    with open(os.path.join(andon.directory, "projections.sqlite"), "rb") as file:
        sound["projections.sqlite"] = file.read()
    stopped("projections.sqlite")
    verdict.note("file: rebuilt", f"{trial.rebuilt} of {TRIALS}")

    trial.rebuilt = 0
    for number in range(RUNNING):
        put_back()
        place = os.path.getsize(andon.log.name)
        andon.start()
        bit = rng.randrange(len(sound["projections.sqlite"]) * 8)
        flip(os.path.join(andon.directory, "projections.sqlite"), bit)
        trial.compare(f"bit {bit} while it runs", right)
        # By then whatever was found has been mended.
        doctor = subprocess.run(
            [andon.binary, "doctor", "--data-dir", andon.directory], capture_output=True, text=True, check=False,
            timeout=60)
        if doctor.returncode not in (0, 1):
            verdict.missed.append(f"doctor: {doctor.returncode} {doctor.stderr.strip()}")
        trial.rebuilt += trial.was_rebuilt(place)
        if not andon.is_alive():
            raise Failed(f"bit {bit} while it runs: the program ended: {andon.last_words()}")
        andon.stop(signal.SIGKILL)
    verdict.note("while it runs: rebuilt", f"{trial.rebuilt} of {RUNNING}")
    verdict.note("503 meanwhile", trial.unavailable)
    put_back()
    andon.start()
    trial.compare("at the end", right)


main("wrong_bits", attack)
