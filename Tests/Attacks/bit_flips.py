#!/usr/bin/env python3
"""Turns one bit in a file of a stopped or killed server, starts it again, and does so many times for each file.

    Tests/Attacks/bit_flips.py .build/release/andon [--flips 200] [--seed 1] [--files log.sqlite,keys.sqlite]

A start may refuse, with words that say what to do; that is then done. It may start; then every answer has to be the one
from before. Counts what must not be: wrong answers, crashes, hangs, refusals without a way on, records that were whole and
are gone, keys that open more than before. Needs nothing but Python and the program.
"""

import argparse
import http.client
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

DAY = "from=2026-01-12T00:00:00Z&to=2026-01-13T00:00:00Z"
QUESTIONS = [
    f"/api/metrics/workers?site_id=plant&{DAY}",
    f"/api/metrics/workstations?site_id=plant&{DAY}",
    f"/api/metrics/factory?site_id=plant&{DAY}",
    f"/api/metrics/model-health?site_id=plant&{DAY}",
    "/api/workers?site_id=plant",
    "/api/sites/plant",
]
READY_SECONDS = 60
BATCHES = 240


class Server:
    """The program on a data directory; it asks for no key, so that figures can be had whatever became of the keys."""

    def __init__(self, binary, directory):
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [binary, "up", "--data-dir", directory, "--listen", "127.0.0.1:0", "--rate-limit", "0", "--open",
             "--log-requests", "none"],
            stdout=subprocess.DEVNULL, stderr=self.errors)
        self.port = None
        self.is_late = False
        until = time.monotonic() + READY_SECONDS
        while self.port is None and self.process.poll() is None:
            found = re.search(r"listening on http://127\.0\.0\.1:(\d+)", self.words())
            self.port = int(found.group(1)) if found else None
            if time.monotonic() > until:
                self.is_late = True
                self.end(signal.SIGKILL)
                return
            time.sleep(0.01)

    def words(self):
        self.errors.seek(0)
        return self.errors.read().decode(errors="replace")

    def end(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(READY_SECONDS)
            except subprocess.TimeoutExpired:
                self.is_late = True
                self.process.kill()
                self.process.wait()
        return self.process.returncode

    def ask(self, path, method="GET", body=None, key=None):
        headers = {"Content-Type": "application/json"}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=READY_SECONDS)
        try:
            client.request(method, path, json.dumps(body) if body is not None else None, headers)
            answer = client.getresponse()
            text = answer.read()
        finally:
            client.close()
        return answer.status, json.loads(text) if text else None

    def answers(self):
        """What is answered to all questions, apart from what tells the time of asking and the log it comes from."""
        found = []
        for question in QUESTIONS:
            status, answer = self.ask(question)
            if isinstance(answer, dict):
                answer.pop("meta", None)
            found.append([status, answer])
        return json.dumps(found, sort_keys=True)


def run(binary, *words):
    return subprocess.run([binary, *words], capture_output=True, text=True, timeout=600)


def make_plant(binary, folder):
    """A directory as a stop left it, the same as a kill left it, its answers, and a key for one other site."""
    directory = os.path.join(folder, "data")
    server = Server(binary, directory)
    workers = [{"worker_id": f"W{n}", "name": f"Name {n}", "location": "Hall"} for n in range(20)]
    stations = [{"workstation_id": f"S{n}", "name": f"Station {n}"} for n in range(5)]
    body = {"site": {"name": "Plant", "time_zone": "UTC"}, "workers": workers, "workstations": stations}
    for site in ("plant", "0"):
        status, answer = server.ask(f"/api/sites/{site}", "PUT", body)
        assert status in (200, 201), answer
    made = run(binary, "key", "create", "--data-dir", directory, "--role", "viewer", "--site", "0")
    key = made.stdout.strip()
    assert key, made.stderr
    server.end()
    shutil.copytree(directory, os.path.join(folder, "empty"))
    chance = random.Random(4)
    server = Server(binary, directory)
    for batch in range(BATCHES):
        minute = batch * 5
        events = []
        for _ in range(40):
            stamp = f"2026-01-12T{minute // 60:02}:{minute % 60:02}:{chance.randrange(60):02}Z"
            events.append({
                "timestamp": stamp, "worker_id": f"W{chance.randrange(20)}",
                "workstation_id": f"S{chance.randrange(5)}", "confidence": chance.randrange(60, 100) / 100,
                "event_type": chance.choice(["working", "idle", "absent", "product_count"]), "camera_id": "C1"})
        status, answer = server.ask("/api/events/batch?site_id=plant", "POST", events)
        assert status == 200, answer
        # Some of it in the file, some in the write-ahead log.
        if batch == BATCHES // 2:
            server.end()
            server = Server(binary, directory)
    answers = server.answers()
    time.sleep(2)
    server.end(signal.SIGKILL)
    shutil.copytree(directory, os.path.join(folder, "killed"))
    server = Server(binary, directory)
    assert server.answers() == answers
    server.end()
    shutil.copytree(directory, os.path.join(folder, "stopped"))
    return answers, key


def flip(path, chance):
    with open(path, "r+b") as file:
        size = os.path.getsize(path)
        bit = chance.randrange(size * 8)
        file.seek(bit // 8)
        byte = file.read(1)[0]
        file.seek(bit // 8)
        file.write(bytes([byte ^ 1 << bit % 8]))
    return bit


class Trial:
    """One bit, and what came of it."""

    def __init__(self, binary, folder, source, name, chance, answers, key):
        self.binary, self.answers, self.key, self.name = binary, answers, key, name
        self.faults, self.outcome = [], ""
        self.directory = os.path.join(folder, "trial")
        self.rescued = os.path.join(folder, "rescued")
        for path in (self.directory, self.rescued):
            shutil.rmtree(path, ignore_errors=True)
        shutil.copytree(os.path.join(folder, source), self.directory)
        self.bit = flip(os.path.join(self.directory, name), chance)
        if self.start(self.directory, may_refuse=True):
            self.outcome = "started"
        elif not self.faults:
            self.outcome = "refused"
            self.go_on()

    def fault(self, kind, words):
        self.faults.append((kind, f"{self.name}, bit {self.bit}: {words}"))

    def start(self, directory, may_refuse=False, changed=()):
        """Whether it started; what it answers is looked at."""
        server = Server(self.binary, directory)
        try:
            if server.is_late:
                self.fault("hangs", server.words()[-300:])
            elif server.port is None:
                code = server.end()
                self.last = server.words()
                if code < 0 or "Fatal error" in self.last:
                    self.fault("crashes", f"{code} {self.last[-300:]}")
                elif not may_refuse or "  next: " not in self.last:
                    self.fault("refusals without a way on", self.last[-300:])
            else:
                self.look(server, changed)
                return True
        except (OSError, http.client.HTTPException, ValueError) as error:
            kind = "crashes" if server.process.poll() is not None else "hangs"
            self.fault(kind, f"{error!r} {server.words()[-300:]}")
        finally:
            if server.end() not in (0, None) and server.port:
                self.fault("crashes", f"at the end: {server.process.returncode} {server.words()[-300:]}")
            if server.is_late:
                self.fault("hangs", "it does not stop")
        return False

    def look(self, server, changed):
        found = server.answers()
        if found != self.answers and not changed:
            # Until a rebuild is through, questions are refused; that is not wrong.
            until = time.monotonic() + READY_SECONDS
            while found != self.answers and "503" in found and time.monotonic() < until:
                time.sleep(0.1)
                found = server.answers()
            if found != self.answers:
                self.fault("wrong answers", difference(self.answers, found))
        # A key of site 0 opens site 0, or nothing.
        for path in (QUESTIONS[0], "/api/sites/plant"):
            status, _ = server.ask(path, key=self.key)
            if status not in (401, 403):
                self.fault("keys that open more", f"{path}: {status}")

    def go_on(self):
        """Does what the refusal says."""
        if "andon log salvage" in self.last:
            done = run(self.binary, "log", "salvage", "--data-dir", self.directory, "--to", self.rescued, "-o", "json")
            if done.returncode not in (0, 65):
                return self.fault("refusals without a way on", done.stderr[-300:])
            answer = json.loads(done.stdout)
            lost = answer["records_missing"]
            # The record that the bit is in.
            if lost > 1:
                self.fault("records lost", f"{lost} {done.stdout[:300]}")
            self.start(self.rescued, changed=lost > 0)
            return
        for part in ("registry", "keys", "log"):
            if f"andon renew {part}" in self.last:
                done = run(self.binary, "renew", part, "--data-dir", self.directory, "--yes")
                if done.returncode != 0:
                    return self.fault("refusals without a way on", done.stderr[-300:])
                # Names that were in a damaged row, and keys, are gone; it said so.
                self.start(self.directory, changed=part != "keys")
                return
        if "rm " in self.last or "check that" in self.last or "use the newer program" in self.last:
            return None
        return self.fault("refusals without a way on", self.last[-400:])


def difference(expected, found):
    for question, before, after in zip(QUESTIONS, json.loads(expected), json.loads(found)):
        if before != after:
            return f"{question}: {json.dumps(after)[:300]}"
    return "none"


KINDS = [
    "wrong answers", "crashes", "hangs", "refusals without a way on", "records lost", "keys that open more"]
FILES = [
    ("log.sqlite", "stopped"), ("log.sqlite-wal", "killed"), ("registry.sqlite", "stopped"),
    ("keys.sqlite", "stopped"), ("projections.sqlite", "stopped"), ("identity.json", "stopped"),
    ("log.sqlite.end", "stopped")]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary")
    parser.add_argument("--flips", type=int, default=200, help="bits for each file")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--files", default=",".join(name for name, _ in FILES[:4]))
    options = parser.parse_args()
    binary = os.path.abspath(options.binary)
    total = dict.fromkeys(KINDS, 0)
    with tempfile.TemporaryDirectory(prefix="andon-bits-") as folder:
        answers, key = make_plant(binary, folder)
        for name, source in FILES:
            if name not in options.files.split(","):
                continue
            chance = random.Random(f"{options.seed} {name}")
            outcomes = {}
            for _ in range(options.flips):
                trial = Trial(binary, folder, source, name, chance, answers, key)
                outcomes[trial.outcome] = outcomes.get(trial.outcome, 0) + 1
                for kind, words in trial.faults:
                    total[kind] += 1
                    print(f"{kind}: {words}", flush=True)
            counts = ", ".join(f"{count} {outcome or 'failed'}" for outcome, count in sorted(outcomes.items()))
            print(f"{name}: {options.flips} bits: {counts}", flush=True)
    print(", ".join(f"{count} {kind}" for kind, count in total.items()))
    return 1 if any(total.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
