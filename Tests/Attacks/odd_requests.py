#!/usr/bin/env python3
"""Requests that proxies and servers take apart differently, and clients that close their sending side."""

import json

from attack import event, main, raw, status


def attack(andon, verdict):
    andon.start()
    andon.define("plant", ["W1"])
    body = json.dumps([event("W1", "2026-01-12T08:00:00Z")]).encode()

    def send(*lines, body=body, half_close=False, version="1.1"):
        head = [f"POST /api/events/batch?site_id=plant HTTP/{version}", *lines, f"Authorization: Bearer {andon.key}"]
        head += ["Content-Type: application/json", "", ""]
        return raw(andon.port, "\r\n".join(head).encode() + body, half_close=half_close, seconds=10)

    host, length = f"Host: 127.0.0.1:{andon.port}", f"Content-Length: {len(body)}"
    close = "Connection: close"
    chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    expected = {
        "two Host headers": (400, send(host, "Host: other.example", length, close)),
        "chunked with a space": (400, send(host, "Transfer-Encoding : chunked", close, body=chunks)),
        "unknown Expect": (417, send(host, "Expect: the-best", length, close)),
    }
    for name, (code, answer) in expected.items():
        verdict.holds(f"{name} {status(answer)}", status(answer) == code)
        verdict.holds("one head", answer.count(b"HTTP/1.1 ") == 1)
    answer = send(host, length, half_close=True)
    verdict.holds(f"half-closed client answered {status(answer)}", status(answer) == 200 and b'"success_count":1' in answer)
    _, ledger = andon.ask("GET", "/api/ledger?site_id=plant")
    verdict.holds("only that one stored", ledger["received"] == 1)


main("odd_requests", attack)
