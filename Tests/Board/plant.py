"""Servers for the checks of the board: one that everybody may ask, with sites and events, and one that wants keys."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

#: The made-up day, and the seed that makes it: the same figures every time.
DAY = "2026-01-14"
DEMO = "demo-plant"
#: A site whose every name wants to be markup.
HOSTILE = "hostile"
BARE = "bare"
HOSTILE_NAMES = ["<img src=x onerror=alert(1)>", "\u202egnp.exe \u202c right to left", "\U0001f600" * 128, "&lt;b&gt;{name}${x}"]
HOSTILE_IDS = ["<script>alert(1)</script>", "\u202eW-2", "\U0001f600" * 32, "a/b?c=d&e#f%20"]


def run(binary, *arguments, ok=(0,)):
    """Output of a command of the program."""
    done = subprocess.run([binary, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode not in ok:
        raise RuntimeError(f"andon {' '.join(arguments)} ended with {done.returncode}:\n{done.stderr}")
    return done.stdout


class Server:
    """One `andon up`, or another role, on a data directory of its own; a context manager."""

    def __init__(self, binary, *flags, role="up"):
        self.binary, self.role = str(pathlib.Path(binary).resolve()), role
        self.flags = ["--rate-limit", "0", "--log-requests", "errors", *flags]
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="andon-board-"))
        self.process = None
        self.url = None
        self.address = "127.0.0.1:0"

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        """Returns once it answers; a second start takes the same port."""
        log = open(self.folder / "log.txt", "w+")
        command = [self.binary, self.role, "--data-dir", str(self.folder / "data"), "--listen", self.address, *self.flags]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log)
        deadline = time.monotonic() + 60
        while True:
            text = (self.folder / "log.txt").read_text()
            found = re.search(r"^listening on (http://(\S+))$", text, re.M)
            if found:
                self.url, self.address = found.group(1), found.group(2)
                return
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the server did not start:\n{text}")
            time.sleep(0.05)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(60)

    def kill(self):
        """As a machine that loses its power."""
        self.process.kill()
        self.process.wait(60)

    def run(self, *arguments, ok=(0,)):
        """Output of a command of the program."""
        return run(self.binary, *arguments, ok=ok)

    def ask(self, path, **parameters):
        """The JSON of an answer."""
        query = urllib.parse.urlencode(parameters, doseq=True)
        with urllib.request.urlopen(f"{self.url}{path}?{query}") as answer:
            return json.load(answer)

    def send(self, method, path, body):
        request = urllib.request.Request(
            self.url + path, method=method, data=json.dumps(body).encode(), headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def send_events(self, site, events):
        return self.send("POST", f"/api/events/batch?site_id={site}", {"events": events})

    def key(self, role, *options):
        return self.run("key", "create", "--data-dir", str(self.folder / "data"), "--role", role, *options).strip()


def seed(server):
    """The demo day, a site with hostile names, and one with nothing.

    Returns the moment before late events changed the demo day.
    """
    folder = server.folder / "demo"
    folder.mkdir()
    server.run("demo-data", "--directory", str(folder), "--workers", "12", "--seed", "5", "--date", DAY)
    server.run("site", "apply", str(folder / "demo-site.json"), "--yes", "--url", server.url)
    server.run("import", str(folder / "demo-events.ndjson"), "--url", server.url, "--site", DEMO, ok=(0, 65))
    before = server.ask("/api/metrics/factory", site_id=DEMO, **window())["meta"]["newest_created_at"]
    workers = server.ask("/api/metrics/workers", site_id=DEMO, **window())["items"]
    busy = [one for one in workers if one["working_us"] > 0]
    event = {"event_type": "product_count", "count": 37, "confidence": 0.95, "workstation_id": "ST-01"}
    idle = {"event_type": "idle", "confidence": 0.9, "workstation_id": "ST-01"}
    late = [{**event, "timestamp": f"{DAY}T09:00:0{index}Z", "worker_id": one["worker_id"]} for index, one in enumerate(busy[:3])]
    late += [{**idle, "timestamp": f"{DAY}T09:10:00Z", "worker_id": busy[0]["worker_id"]}]
    answer = server.send_events(DEMO, late)
    assert answer["success_count"] == len(late), answer
    hostile = [{"worker_id": id, "name": name} for id, name in zip(HOSTILE_IDS, HOSTILE_NAMES)]
    stations = [{"workstation_id": id, "name": name} for id, name in zip(HOSTILE_IDS, HOSTILE_NAMES)]
    server.send("PUT", f"/api/sites/{HOSTILE}", {
        "site": {"name": HOSTILE_NAMES[0], "time_zone": "UTC"}, "workers": hostile, "workstations": stations})
    server.send_events(HOSTILE, [
        {"timestamp": f"{DAY}T0{hour}:00:00Z", "worker_id": one, "workstation_id": one, "event_type": "working",
         "confidence": 0.9, "camera_id": one, "model_version": one}
        for one in HOSTILE_IDS for hour in (8, 9)])
    server.send("PUT", f"/api/sites/{BARE}", {"site": {"name": "Bare", "time_zone": "Asia/Kolkata"}, "workers": [], "workstations": []})
    return before


def window():
    """The demo day, as the API takes it."""
    return {"from": f"{DAY}T00:00", "to": "2026-01-15T00:00"}
