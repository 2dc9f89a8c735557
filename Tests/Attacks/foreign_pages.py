#!/usr/bin/env python3
"""Web pages that use an open server: a foreign Origin, a foreign Host, and a POST without a Content-Type."""

import json

from attack import event, main, raw, status

DEFINITION = json.dumps({
    "site": {"name": "x", "time_zone": "UTC"}, "workers": [{"worker_id": "W1"}], "workstations": [{"workstation_id": "S1"}],
})


def attack(andon, verdict):
    andon.start()
    body = json.dumps([event("W1", "2026-01-12T08:00:00Z")])

    def send(method, path, body, host=None, headers=()):
        lines = [f"{method} {path} HTTP/1.1", f"Host: {host or f'127.0.0.1:{andon.port}'}", *headers]
        lines += [f"Content-Length: {len(body)}", "Connection: close", "", body]
        return status(raw(andon.port, "\r\n".join(lines).encode()))

    json_type = "Content-Type: application/json"
    events = "/api/events/batch?site_id=plant"
    verdict.holds("its own client may", send("PUT", "/api/sites/plant", DEFINITION, headers=[json_type]) in (200, 201))
    verdict.holds("and store", send("POST", events, body, headers=[json_type]) == 200)
    foreign = "Origin: http://evil.example"
    refused = {
        "foreign Origin": send("POST", events, body, headers=[json_type, foreign]),
        "Origin null": send("POST", events, body, headers=[json_type, "Origin: null"]),
        "foreign Host": send("POST", events, body, "evil.example", [json_type]),
        "definition by a foreign Host": send("PUT", "/api/sites/other", DEFINITION, "evil.example", [json_type]),
        "question by a foreign Host": send("GET", "/api/sites", "", "evil.example"),
        "no Content-Type": send("POST", events, body),
        "a form's Content-Type": send("POST", events, body, headers=["Content-Type: text/plain"]),
    }
    for name, code in refused.items():
        verdict.holds(f"{name} refused ({code})", 400 <= code < 500)
    _, ledger = andon.ask("GET", "/api/ledger?site_id=plant", key="")
    verdict.holds("nothing of them stored", isinstance(ledger, dict) and ledger.get("received") == 1)
    _, sites = andon.ask("GET", "/api/sites", key="")
    verdict.holds("no site of them", len(sites["items"]) == 1)


main("foreign_pages", attack, options=("--rate-limit", "0", "--open"))
