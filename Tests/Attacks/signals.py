#!/usr/bin/env python3
"""SIGHUP, and SIGTERM while a client has sent half a body and says nothing more."""

import signal
import socket
import time

from attack import event, main


def attack(andon, verdict):
    andon.start()
    andon.define("plant", ["W1"])
    andon.process.send_signal(signal.SIGHUP)
    time.sleep(0.5)
    status, _ = andon.post("plant", [event("W1", "2026-01-12T08:00:00Z")])
    verdict.holds("goes on after SIGHUP", andon.is_alive() and status == 200)
    head = f"POST /api/events/batch?site_id=plant HTTP/1.1\r\nHost: 127.0.0.1:{andon.port}\r\n" \
        f"Authorization: Bearer {andon.key}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n[".encode()
    with socket.create_connection(("127.0.0.1", andon.port)) as connection:
        connection.sendall(head)
        time.sleep(0.5)
        verdict.at_most("end after SIGTERM beside half a body", andon.stop(), 3, " s")
        verdict.holds("in order", andon.process.returncode == 0)
    verdict.at_most("start after that", andon.start(), 10, " s")
    status, answer = andon.post("plant", [event("W1", "2026-01-12T08:00:00Z")])
    verdict.holds("and has what it had", status == 200 and answer["duplicate_count"] == 1)


main("signals", attack)
