"""What the attacks share: the program on a data directory of its own, a client, and figures that are compared."""

import http.client
import json
import os
import re
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

MIB = 1 << 20


class Failed(Exception):
    """The attack could not be carried out, which is no good news either."""


class Andon:
    """The program, started with `up` on an empty folder."""

    def __init__(self, binary, options=("--rate-limit", "0"), files=None):
        if files:
            resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
        self.binary = os.path.abspath(binary)
        self.options = list(options)
        self.folder = tempfile.mkdtemp(prefix="andon-attack-")
        self.directory = os.path.join(self.folder, "data")
        self.process = None
        self.key = None

    def make_key(self, role, *more):
        made = subprocess.run(
            [self.binary, "key", "create", "--data-dir", self.directory, "--role", role, *more],
            capture_output=True, text=True, check=False)
        if made.returncode != 0:
            raise Failed(f"no key: {made.stderr.strip()}")
        key = made.stdout.strip()
        # A running process honours it within a second.
        until = time.monotonic() + 5
        while self.ask("GET", "/api/sites", key=key)[0] == 401:
            if time.monotonic() > until:
                raise Failed("the key is not honoured")
            time.sleep(0.05)
        return key

    def start(self, seconds=600):
        """Starts the program and waits until it is ready; how long that took, in seconds."""
        seconds_taken = self.launch(seconds)
        if self.key is None:
            self.key = self.make_key("admin")
        return seconds_taken

    def launch(self, seconds):
        begin = time.monotonic()
        self.log = open(os.path.join(self.folder, "stderr"), "ab+")
        place = self.log.tell()
        self.process = subprocess.Popen(
            [self.binary, "up", "--data-dir", self.directory, "--listen", "127.0.0.1:0", *self.options],
            stdout=subprocess.DEVNULL, stderr=self.log)
        while time.monotonic() - begin < seconds:
            with open(self.log.name, "rb") as text:
                text.seek(place)
                found = re.search(rb"listening on http://127\.0\.0\.1:(\d+)", text.read())
            if found:
                self.port = int(found.group(1))
                return time.monotonic() - begin
            if self.process.poll() is not None:
                raise Failed(f"the program ended with {self.process.returncode}: {self.last_words()}")
            time.sleep(0.02)
        raise Failed(f"not ready after {seconds} s: {self.last_words()}")

    def last_words(self):
        with open(self.log.name, "rb") as text:
            return text.read()[-500:].decode(errors="replace").strip()

    def stop(self, how=signal.SIGTERM, seconds=120):
        """Ends the program; how long that took."""
        begin = time.monotonic()
        self.process.send_signal(how)
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        return time.monotonic() - begin

    def restart(self, how=signal.SIGTERM):
        self.stop(how)
        return self.start()

    def close(self):
        if self.process and self.process.poll() is None:
            self.stop(signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)

    # What it takes.

    def is_alive(self):
        return self.process.poll() is None

    def memory(self, name="VmRSS"):
        """MiB of resident memory; VmHWM: the most it ever was."""
        if not self.is_alive():
            raise Failed(f"the program ended with {self.process.returncode}: {self.last_words()}")
        with open(f"/proc/{self.process.pid}/status") as status:
            return int(re.search(rf"{name}:\s+(\d+) kB", status.read()).group(1)) / 1024

    def disk(self, *names):
        """MiB of files in the data directory, of these or of all."""
        found = names or os.listdir(self.directory)
        paths = [os.path.join(self.directory, name) for name in found]
        return sum(os.path.getsize(path) for path in paths if os.path.isfile(path)) / MIB

    # Requests.

    def connect(self, seconds=120, source=None):
        return http.client.HTTPConnection(
            "127.0.0.1", self.port, timeout=seconds, source_address=(source, 0) if source else None)

    def ask(self, method, path, body=None, headers=None, connection=None, key=None):
        """Status and JSON of one request."""
        used = connection or self.connect()
        sent = {"Authorization": f"Bearer {self.key if key is None else key}", "Content-Type": "application/json"}
        sent.update(headers or {})
        if key == "":
            del sent["Authorization"]
        sent = {name: value for name, value in sent.items() if value is not None}
        try:
            used.request(method, path, body if body is None or isinstance(body, bytes) else json.dumps(body), sent)
            answer = used.getresponse()
            text = answer.read()
        finally:
            if connection is None:
                used.close()
        try:
            return answer.status, json.loads(text)
        except ValueError:
            return answer.status, text.decode(errors="replace")

    def define(self, site, workers, stations=("S1",), **settings):
        definition = {
            "site": {"name": site, "time_zone": "UTC", **settings},
            "workers": [{"worker_id": worker} for worker in workers],
            "workstations": [{"workstation_id": station} for station in stations],
        }
        status, answer = self.ask("PUT", f"/api/sites/{site}", definition)
        if status not in (200, 201):
            raise Failed(f"the definition of {site}: {status} {answer}")

    def post(self, site, events, connection=None, headers=None, key=None):
        return self.ask(
            "POST", f"/api/events/batch?site_id={site}", events, headers, connection=connection, key=key)

    def post_all(self, site, batches, threads=4):
        """Sends batches that are made when their turn comes; counts of verdicts and the last position."""
        work, lock = iter(batches), threading.Lock()
        counts = {"success_count": 0, "duplicate_count": 0, "error_count": 0}
        positions, faults = [], []

        def send():
            connection = self.connect()
            while not faults:
                with lock:
                    batch = next(work, None)
                if batch is None:
                    break
                try:
                    status, answer = self.post(site, batch, connection)
                except (OSError, http.client.HTTPException) as error:
                    faults.append(error)
                    break
                with lock:
                    if status != 200:
                        faults.append(f"{status} {answer}")
                        break
                    for name in counts:
                        counts[name] += answer[name]
                    if answer["position"]:
                        positions.append(answer["position"])
            connection.close()

        senders = [threading.Thread(target=send) for _ in range(threads)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        if faults:
            raise Failed(f"events of {site}: {faults[0]}")
        newest = max(positions, key=lambda each: int(each.split(":")[1]), default=None)
        return counts, newest

    def wait_for(self, site, position, seconds=300):
        """Until the fold has passed a position."""
        until = time.monotonic() + seconds
        while position and time.monotonic() < until:
            status, _ = self.ask("GET", f"/api/ledger?site_id={site}&min_position={position}")
            if status == 200:
                return
            if status != 503:
                raise Failed(f"the ledger of {site}: {status}")
        if position:
            raise Failed(f"{position} is not folded after {seconds} s")

    def question(self, path, times=7):
        """Median time of a question in milliseconds."""
        taken = []
        connection = self.connect()
        for _ in range(times):
            begin = time.monotonic()
            status, answer = self.ask("GET", path, connection=connection)
            taken.append(1000 * (time.monotonic() - begin))
            if status != 200:
                raise Failed(f"{path}: {status} {answer}")
        connection.close()
        return statistics.median(taken)


class Verdict:
    """What was seen, beside its bounds."""

    def __init__(self):
        self.figures = []
        self.missed = []

    def note(self, name, value, unit=""):
        self.figures.append(f"{name} {self.text(value)}{unit}")

    def at_most(self, name, value, bound, unit=""):
        self.figures.append(f"{name} {self.text(value)}{unit} (≤ {self.text(bound)})")
        if value > bound:
            self.missed.append(name)

    def holds(self, name, value):
        self.figures.append(f"{name} {'yes' if value else 'NO'}")
        if not value:
            self.missed.append(name)

    @staticmethod
    def text(value):
        return f"{value:.1f}" if isinstance(value, float) else str(value)


def main(name, attack, **options):
    """Runs one attack against the program named on the command line."""
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} BINARY")
    verdict, andon = Verdict(), None
    begin = time.monotonic()
    try:
        andon = Andon(sys.argv[1], **options)
        attack(andon, verdict)
        if not andon.is_alive():
            verdict.missed.append(f"the program ended with {andon.process.returncode}")
    except (Failed, LookupError, TypeError, OSError, http.client.HTTPException) as error:
        ended = ""
        if andon and andon.process and not andon.is_alive():
            ended = f"; the program ended with {andon.process.returncode}"
        verdict.missed.append(f"{type(error).__name__}: {error}{ended}")
    finally:
        if andon:
            andon.close()
    result = "MISSED" if verdict.missed else "held"
    print(f"{result:7}{name:20}{', '.join(verdict.figures)} [{time.monotonic() - begin:.0f} s]", flush=True)
    for missed in verdict.missed:
        print(f"       missed: {missed}", flush=True)
    sys.exit(1 if verdict.missed else 0)


def event(worker, time, station="S1", kind="working", **more):
    return {
        "timestamp": time, "worker_id": worker, "workstation_id": station, "event_type": kind, "confidence": 0.95, **more,
    }


def instant(seconds):
    """RFC 3339 of seconds after the beginning of 2026."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(1767225600 + seconds))


def raw(port, data, half_close=False, seconds=30, source="127.0.0.1"):
    """Sends bytes as they are; everything that comes back until the server closes or the time is up."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds, source_address=(source, 0)) as connection:
        connection.sendall(data)
        if half_close:
            connection.shutdown(socket.SHUT_WR)
        received = b""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                piece = connection.recv(65536)
            except OSError:
                break
            if not piece:
                break
            received += piece
            if not half_close and re.search(rb"\r\n\r\n", received) and complete(received):
                break
        return received


def complete(received):
    """Whether an answer of known length is there as a whole."""
    head, _, body = received.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: *(\d+)", head)
    return bool(length) and len(body) >= int(length.group(1))


def status(received):
    found = re.match(rb"HTTP/1\.[01] (\d{3})", received)
    return int(found.group(1)) if found else 0
