#!/usr/bin/env python3
"""Without a key: 60 connections that announce bodies of 12 MiB, and 5,200 idle connections from one address."""

import socket
import time

from attack import Failed, event, main, status

BODY = 12 << 20


def answered(andon, source=None):
    """Milliseconds until a client with a key is answered."""
    begin = time.monotonic()
    connection = andon.connect(seconds=40, source=source)
    code, answer = andon.post("plant", [event("W1", "2026-01-12T08:00:00Z")], connection)
    connection.close()
    if code != 200:
        raise Failed(f"a client with a key gets {code} {answer}")
    return 1000 * (time.monotonic() - begin)


def bodies(andon, verdict):
    before = andon.memory()
    head = f"POST /api/events/batch?site_id=plant HTTP/1.1\r\nHost: 127.0.0.1:{andon.port}\r\n" \
        f"Content-Type: application/json\r\nContent-Length: {BODY}\r\n\r\n".encode()
    held, refused = [], 0
    for _ in range(60):
        connection = socket.create_connection(("127.0.0.1", andon.port), timeout=5)
        held.append(connection)
        connection.settimeout(0.5)
        try:
            connection.sendall(head)
            # As much as the server takes, but for the last byte.
            connection.sendall(b" " * (BODY - 1))
        except OSError:
            pass
    for connection in held:
        connection.settimeout(2)
        try:
            refused += status(connection.recv(4096)) == 401
        except ConnectionError:
            # Answered and closed while we still wrote.
            refused += 1
        except OSError:
            pass
    verdict.at_most("answered beside the bodies after", answered(andon), 1000, " ms")
    verdict.holds("60 bodies refused", refused == 60)
    verdict.at_most("memory for them", andon.memory("VmHWM") - before, 64, " MiB")
    for connection in held:
        connection.close()


def connections(andon, verdict):
    idle = []
    for _ in range(5200):
        try:
            connection = socket.create_connection(("127.0.0.1", andon.port), timeout=2)
        except OSError:
            continue
        idle.append(connection)
    verdict.note("idle connections made", len(idle))
    verdict.at_most("another address answered after", answered(andon, source="127.0.0.2"), 1000, " ms")
    for connection in idle:
        connection.close()


def attack(andon, verdict):
    andon.start()
    andon.define("plant", ["W1"])
    answered(andon)
    bodies(andon, verdict)
    connections(andon, verdict)


main("without_key", attack, files=12000)
