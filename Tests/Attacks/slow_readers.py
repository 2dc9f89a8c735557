#!/usr/bin/env python3
"""180 connections that ask for an answer of some 41 MiB and hardly read it."""

import socket
import threading
import time

from attack import event, instant, main

WORKERS = 95_000
READERS = 180
SECONDS = 90


class Reader(threading.Thread):
    """Asks, and takes 4 KiB a second, or nothing at all."""

    def __init__(self, andon, path, is_dead):
        super().__init__()
        self.andon = andon
        self.path = path
        self.is_dead = is_dead
        self.status = None
        self.taken = 0
        self.end = None
        self.is_over = False

    def run(self):
        begin = time.monotonic()
        try:
            with socket.create_connection(("127.0.0.1", self.andon.port), timeout=600) as connection:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                request = (
                    f"GET {self.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {self.andon.key}\r\n\r\n")
                connection.sendall(request.encode())
                head = connection.recv(1024)
                if not head:
                    return
                self.status = int(head[9:12])
                while not self.is_over:
                    if self.is_dead:
                        time.sleep(0.5)
                        continue
                    piece = connection.recv(4096)
                    if not piece:
                        break
                    self.taken += len(piece)
                    time.sleep(1)
        except OSError:
            pass
        self.end = time.monotonic() - begin


def attack(andon, verdict):
    andon.start()
    andon.define("plant", [f"W{number}" for number in range(WORKERS)])
    batches = (
        [event(f"W{number}", instant(60)) for number in range(first, first + 1000)]
        for first in range(0, WORKERS, 1000))
    _, position = andon.post_all("plant", batches)
    andon.wait_for("plant", position)
    path = "/api/metrics/workers?site_id=plant&from=2026-01-01&to=2026-01-02"
    connection = andon.connect()
    connection.request("GET", path, headers={"Authorization": f"Bearer {andon.key}"})
    verdict.note("answer", len(connection.getresponse().read()) / (1 << 20), " MiB")
    connection.close()
    before = andon.memory("VmHWM")
    readers = [Reader(andon, path, is_dead=number % 2 == 0) for number in range(READERS)]
    for reader in readers:
        reader.start()
    short = []
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        begin = time.monotonic()
        status, _ = andon.ask("GET", "/readyz", key="")
        short.append(time.monotonic() - begin)
        if status != 200:
            verdict.missed.append(f"/readyz {status}")
        time.sleep(1)
    statuses = {}
    for reader in readers:
        reader.is_over = True
        statuses[reader.status] = statuses.get(reader.status, 0) + 1
    verdict.note("answers", statuses)
    verdict.note("memory before", before, " MiB")
    verdict.at_most("memory", andon.memory("VmHWM"), before + 1024, " MiB")
    verdict.at_most("slowest /readyz", max(short), 5.0, " s")
    verdict.holds("others answered", andon.ask("GET", "/api/ledger?site_id=plant")[0] == 200)
    andon.stop()
    for reader in readers:
        reader.join()
    andon.start()


main("slow_readers", attack)
