"""A server before a server: it passes every question on, and plays a live stream of its own making (SPEC 7.5).

A day of frames takes a real plant a day. Played, it takes as long as a page needs to draw them, and the page runs the same
code: the snapshots are the real server's, and each change is made from them.
"""
import http.server
import json
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

#: Members that move with the clock in every frame, whatever happens.
CLOCKS = {"workers": "working_us", "workstations": "present_us"}
STATES = ["working", "idle", "absent", "unknown"]


class Player:
    """Plays `frames` frames of every topic at `pace` frames a second; a context manager."""

    def __init__(self, server, frames, pace, events=20):
        self.server, self.frames, self.pace, self.events = server, frames, pace, events
        self.played = 0
        self.bytes = 0
        self.began_with = 0
        self._http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"player": self}))
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._http.shutdown()
        self._http.server_close()

    def count(self, number):
        """Units of the factory after frame `number`."""
        return self.began_with + sum(1 + one % 7 for one in range(1, number + 1))

    def snapshots(self, parameters):
        """Topic by topic what the stream begins with."""
        window = {name: value for name, value in parameters.items() if name in ("site_id", "period", "within")}
        paths = {
            "factory": "metrics/factory", "workers": "metrics/workers", "workstations": "metrics/workstations",
            "alerts": "alerts", "shifts": "metrics/shifts"}
        found = {}
        for topic in parameters["topics"].split(","):
            asked = {name: value for name, value in window.items() if name != "within" or topic not in ("alerts", "shifts")}
            if topic == "events":
                found[topic] = self.server.ask("/api/events", site_id=window["site_id"], limit=200)
            else:
                found[topic] = self.server.ask(f"/api/{paths[topic]}", **asked)
        return found

    def change(self, topic, answer, number):
        """What frame `number` says of a topic; `answer` is the state of it, and moves on."""
        if topic == "factory":
            answer["total_production_count"] += 1 + number % 7
            answer["average_utilization_percentage"] = 40 + number % 2000 / 100
            return answer
        if topic == "events":
            return {"items": [self._event(number, place) for place in range(self.events)][::-1], "skipped": 0, "meta": answer["meta"]}
        if topic == "alerts":
            return self._alerts(answer, number)
        for place, item in enumerate(answer["items"]):
            if topic in CLOCKS:
                item[CLOCKS[topic]] += 1_000_000
                item["utilization_percentage"] = (place * 7 + number // 4) % 10_000 / 100
                item["total_units_produced"] += (place + number) % 5 == 0
                # One in forty does something else now.
                if topic == "workers" and (place * 13 + number) % 40 == 0:
                    item["current_state"] = STATES[(place + number) // 40 % 4]
                    item["last_seen"] = moment(time.time())
            else:
                item["total_production_count"] += 1
        return {"items": answer["items"], "removed": [], "meta": answer["meta"]}

    def _event(self, number, place):
        stamp = moment(self.began + number + place / 1000)
        kind = ("working", "idle", "product_count", "absent")[(number + place) % 4]
        return {
            "timestamp": stamp, "worker_id": f"W{place:04}", "workstation_id": f"S{place % 60:02}", "event_type": kind,
            "confidence": 0.7 + (number + place) % 30 / 100, "count": 3 if kind == "product_count" else None, "camera_id": "c1",
            "model_version": "m1", "position": f"0:{1_000_000 + number}:{place}", "created_at": stamp, "low_confidence": False}

    def _alerts(self, answer, number):
        """Every ten minutes one begins; it ends after twenty."""
        if number % 600:
            return None
        hour = moment(self.began + number)
        alert = {
            "kind": "low_average", "scope": "camera:c1", "hour": hour, "average": 0.7, "reference": 0.75, "samples": 100,
            "severity": "warning", "message": "made up", "current": True}
        gone = moment(self.began + number - 1200)
        return {"items": [alert], "removed": [f"low_average camera:c1 {gone}"], "meta": answer["meta"]}

    def play(self, parameters, write):
        """Writes the stream until it is over, or the reader is gone."""
        answers = self.snapshots(parameters)
        self.began = time.time()
        self.began_with = answers["factory"]["total_production_count"] if "factory" in answers else 0
        for topic, answer in answers.items():
            self._frame(write, topic, {"kind": "snapshot", **answer}, 0)
        start = time.monotonic()
        for number in range(1, self.frames + 1):
            for topic, answer in answers.items():
                change = self.change(topic, answer, number)
                if change:
                    self._frame(write, topic, {"kind": "change", **change}, number)
            self.played = number
            time.sleep(max(0, start + number / self.pace - time.monotonic()))
        while True:
            write(b": over\n\n")
            time.sleep(5)

    def _frame(self, write, topic, data, number):
        block = f"event: {topic}\nid: 0:{number}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n".encode()
        self.bytes += len(block)
        write(block)


class _Handler(http.server.BaseHTTPRequestHandler):
    player: Player

    def do_GET(self):
        parts = urllib.parse.urlsplit(self.path)
        if parts.path != "/api/stream":
            return self._pass()
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        try:
            self.player.play(dict(urllib.parse.parse_qsl(parts.query)), self.wfile.write)
        except OSError:
            pass  # The page has closed.
        self.close_connection = True

    def _pass(self):
        names = ("Accept", "If-None-Match")
        request = urllib.request.Request(
            self.player.server.url + self.path, headers={name: self.headers[name] for name in names if self.headers[name]})
        try:
            with urllib.request.urlopen(request) as answer:
                status, headers, body = answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            status, headers, body = error.code, error.headers, error.read()
        self.send_response(status)
        for name in ("Content-Type", "ETag", "Cache-Control", "Content-Security-Policy", "Date"):
            if headers[name]:
                self.send_header(name, headers[name])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            pass

    def log_message(self, *_):
        pass


def moment(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{int(seconds % 1 * 1e6):06d}Z"
