"""Measures what the board costs the browser, where `check.py` says only whether it is right.

    measure.py BINARY [--web FOLDER] [log | live | day | wall | wide | first]…

`log`    scrolls the event log through a million events
`live`   one minute of 1,000 workers at 60 stations, told every second, with and without motion
`day`    twelve hours of frames, one a second, played as fast as the page draws them
`wall`   the same on a wall
`wide`   every page of a site with 100,000 workers, with one, with none
`first`  when the first figures are there, warm and on a slow machine and line

Figures of a machine with other work on it say little: times are those that the browser's main thread and processes
spent, where they can be.
"""
import contextlib
import glob
import json
import os
import re
import sys
import time
import urllib.parse

from playwright.sync_api import sync_playwright

import plant
import player

#: The site of `bench-part`, and when it happened.
BENCH = "bench"
BENCH_TIME = {"from": "2026-01-01T00:00", "to": "2026-01-06T00:00"}
COSTS = ("ScriptDuration", "LayoutDuration", "RecalcStyleDuration", "TaskDuration")


class Page:
    """A page of the board in a browser of its own, and what it costs."""

    def __init__(self, playwright, url, **context):
        arguments = ["--no-sandbox", "--enable-precise-memory-info"]
        self.browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=arguments)
        self.page = self.browser.new_context(service_workers="block", viewport={"width": 1440, "height": 900}, **context).new_page()
        self.page.set_default_timeout(120_000)
        self.faults, self.bytes, self.requests = [], 0, 0
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.tools = self.page.context.new_cdp_session(self.page)
        # Not the time that passes: what others on the machine do is left out.
        self.tools.send("Performance.enable", {"timeDomain": "threadTicks"})
        self.tools.send("Network.enable")
        self.tools.on("Network.loadingFinished", self._finished)
        if url:
            self.page.goto(url)

    def _finished(self, event):
        self.bytes += event["encodedDataLength"]
        self.requests += 1

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for fault in self.faults:
            print(f"  the page complained: {fault[:300]}")
        self.browser.close()

    def metrics(self):
        return {one["name"]: one["value"] for one in self.tools.send("Performance.getMetrics")["metrics"]}

    def held(self):
        """What is left after a collection: MB of heap, nodes of the document, nodes alive, listeners."""
        for _ in range(2):
            self.tools.send("HeapProfiler.collectGarbage")
        found = self.metrics()
        elements = self.page.evaluate("document.querySelectorAll('*').length")
        return f"heap {found['JSHeapUsedSize'] / 1e6:.1f} MB, {elements} elements, {found['Nodes']:.0f} nodes, {found['JSEventListeners']:.0f} listeners"

    def seconds(self):
        """Seconds of processor that each kind of process of this browser has used."""
        spent = {}
        for path in glob.glob("/proc/[0-9]*/stat"):
            with contextlib.suppress(OSError):
                command = open(path.replace("stat", "cmdline")).read()
                if "chromium" not in command or not self._is_mine(path):
                    continue
                kind = re.search(r"--type=([a-z-]+)", command)
                kind = kind.group(1) if kind else "browser"
                fields = open(path).read().rsplit(")", 1)[1].split()
                spent[kind] = spent.get(kind, 0) + (int(fields[11]) + int(fields[12])) / 100
        return spent

    def _is_mine(self, path):
        """Whether this process descends from this script."""
        number = path.split("/")[2]
        while number not in ("0", "1"):
            if int(number) == os.getpid():
                return True
            number = open(f"/proc/{number}/stat").read().rsplit(")", 1)[1].split()[1]
        return False


def address(base, page="site", **more):
    return f"{base}/?{urllib.parse.urlencode({'page': page, **more})}"


@contextlib.contextmanager
def bench(binary, web, workers, events):
    """A server with the site of `bench-part`, filled."""
    server = plant.Server(binary, "--open", *web)
    (server.folder / "data").mkdir()
    case = {
        "part": "fill", "workers": workers, "events": events, "grouping": "request", "latePercent": 0, "seed": 1,
        "eventsPerRequest": 100, "connections": 64, "idleConnections": 0, "seconds": 5, "pace": 0, "intervalSeconds": 10,
        "timeZone": "UTC", "streams": 0, "streamMilliseconds": 1000, "directory": str(server.folder / "data")}
    server.run("bench-part", json.dumps(case))
    with server:
        server.send("PUT", f"/api/sites/{BENCH}", {
            "site": {"name": "Bench", "time_zone": "UTC"},
            "workers": [{"worker_id": f"w{place:06}", "name": f"Person {place}"} for place in range(workers)],
            "workstations": [{"workstation_id": f"s{place:04}"} for place in range(min(workers, 5000))]})
        yield server


@contextlib.contextmanager
def busy(binary, web, workers, stations):
    """A server with a site where everybody did something today."""
    with plant.Server(binary, "--open", *web) as server:
        server.send("PUT", "/api/sites/busy", {
            "site": {"name": "Busy", "time_zone": "UTC", "shifts": [{"name": "All day", "start": "00:00", "end": "00:00"}]},
            "workers": [{"worker_id": f"W{place:04}", "name": f"Person {place}"} for place in range(workers)],
            "workstations": [{"workstation_id": f"S{place:02}", "name": f"Station {place}"} for place in range(stations)]})
        began = time.time() - 60
        for step, kind in enumerate(("working", "product_count", "working")):
            events = [{
                "timestamp": player.moment(began + step * 20), "worker_id": f"W{place:04}", "workstation_id": f"S{place % stations:02}",
                "event_type": kind, "confidence": 0.9, **({"count": 2} if kind == "product_count" else {})} for place in range(workers)]
            for first in range(0, workers, 1000):
                server.send_events("busy", events[first:first + 1000])
        yield server


# MARK: What is measured


def measure_log(playwright, binary, web):
    """Through a million events, as fast as the pages come, then to the middle, the beginning and the end."""
    events = 1_000_000
    with bench(binary, web, 50, events) as server, Page(playwright, address(server.url, site=BENCH, **BENCH_TIME), reduced_motion="reduce") as shown:
        page = shown.page
        page.wait_for_selector("andon-log .log-space .log-row")
        print(f"at the beginning: {shown.held()}", flush=True)
        page.evaluate("""() => {
            const view = document.querySelector('andon-log .log-view');
            view.scrollIntoView();
            window.frames_ = { count: 0, total: 0, began: performance.now(), most: 0 };
            let last = performance.now();
            const step = (now) => {
              if (frames_.over) return;
              frames_.count += 1;
              frames_.total += now - last;
              frames_.most = Math.max(frames_.most, view.querySelectorAll('.log-row').length);
              last = now;
              view.scrollTop += 1500;
              requestAnimationFrame(step);
            };
            requestAnimationFrame(step);
        }""")
        before, start, told = shown.metrics(), time.monotonic(), 0
        while True:
            page.wait_for_timeout(2000)
            state = page.evaluate("() => { const { pages } = document.querySelector('andon-log'); return { ...frames_, ended: pages.isWhole, rows: pages.count }; }")
            if time.monotonic() - start > told:
                told += 30
                print(f"{time.monotonic() - start:4.0f} s: {state['rows']} rows, {frame(shown, before, state)}; {shown.held()}", flush=True)
            if state["ended"] or time.monotonic() - start > 900:
                break
        print(f"{time.monotonic() - start:4.0f} s: {state['rows']} rows, {frame(shown, before, state)}; {shown.held()}", flush=True)
        page.evaluate("frames_.over = true")
        for name, share in (("middle", 0.5), ("beginning", 0), ("end", 1)):
            before = shown.metrics()
            page.evaluate("(share) => { const view = document.querySelector('andon-log .log-view'); view.scrollTop = view.scrollHeight * share; }", share)
            page.wait_for_timeout(100)
            page.wait_for_function("() => !document.querySelector('andon-log .log-lines').textContent.includes('…')")
            first = page.evaluate("Number(document.querySelector('andon-log .log-lines .log-row').getAttribute('aria-rowindex')) - 2")
            print(f"to the {name}: from row {first} on, {page.locator('andon-log .log-space .log-row').count()} rows drawn, task {shown.metrics()['TaskDuration'] - before['TaskDuration']:.3f} s")
        assert events <= state["rows"], state


def frame(shown, before, state):
    now = shown.metrics()
    cost = [(now[name] - before[name]) * 1000 / max(1, state["count"]) for name in COSTS]
    return (f"{state['count']} frames, {state['total'] / max(1, state['count']):.1f} ms apart, "
            f"ms a frame: script {cost[0]:.2f}, layout {cost[1]:.2f}, style {cost[2]:.2f}, all of the main thread {cost[3]:.2f}, at most {state['most']} rows")


def measure_live(playwright, binary, web):
    """A minute of 1,000 workers at 60 stations, each frame with news of all of them."""
    with busy(binary, web, 1000, 60) as server:
        for motion in ("reduce", "no-preference"):
            with player.Player(server, 100_000, 1) as played, Page(playwright, address(played.url, site="busy"), reduced_motion=motion) as shown:
                cost(shown, played, motion, 60)


def cost(shown, played, name, seconds):
    shown.page.wait_for_selector("data[data-figure=total_production_count]")
    shown.page.wait_for_function("() => document.querySelector('.live')?.dataset.kind === 'live'")
    shown.page.wait_for_timeout(8000)
    first, before, start, frames, size = shown.seconds(), shown.metrics(), time.monotonic(), played.played, played.bytes
    shown.page.wait_for_timeout(seconds * 1000)
    passed, spent, now = time.monotonic() - start, shown.seconds(), shown.metrics()
    shares = {kind: f"{(spent[kind] - first.get(kind, 0)) / passed:.1%}" for kind in spent}
    parts = {one: f"{(now[one] - before[one]) / passed:.1%}" for one in COSTS}
    print(f"{name}: {played.played - frames} frames of {(played.bytes - size) / max(1, played.played - frames) / 1000:.0f} KB in {passed:.0f} s; of a core: {shares}; of the main thread: {parts}", flush=True)


def measure_day(playwright, binary, web, wall=False):
    """Twelve hours of a plant of 24, one frame a second, played sixty times as fast."""
    hours = 12
    more = {"wall": "1"} if wall else {}
    with busy(binary, web, 24, 24) as server, player.Player(server, hours * 3600, 60) as played, Page(playwright, address(played.url, site="busy", **more)) as shown:
        shown.page.wait_for_function("() => document.querySelector('.live')?.dataset.kind === 'live'", timeout=60_000)
        told = 0
        while played.played < played.frames:
            shown.page.wait_for_timeout(1000)
            if played.played >= told * 3600 * hours / 12:
                told += 1
                print(f"frame {played.played}: {shown.held()}", flush=True)
        shown.page.wait_for_timeout(2000)
        print(f"frame {played.played}: {shown.held()}", flush=True)


def measure_wall(playwright, binary, web):
    """The same on a wall."""
    measure_day(playwright, binary, web, wall=True)


def measure_wide(playwright, binary, web):
    """Every page of sites of every size."""
    for workers in (100_000, 1, 0):
        with bench(binary, web, max(1, workers), 1_000_000 if workers > 1 else 100) as server:
            site = BENCH
            if workers == 0:
                site = "none"
                server.send("PUT", "/api/sites/none", {"site": {"time_zone": "UTC"}, "workers": [], "workstations": []})
            for window in ({}, BENCH_TIME):
                for name in ("sites", "site", "worker", "station", "health", "edges", "data"):
                    open_page(playwright, server, workers, name, {"site": site, **window})


def open_page(playwright, server, workers, name, state):
    state = {**state, **({"worker": "w000000"} if name == "worker" else {}), **({"station": "s0000"} if name == "station" else {})}
    with Page(playwright, None, reduced_motion="reduce") as shown:
        start = time.monotonic()
        shown.page.goto(address(server.url, name, **state))
        shown.page.wait_for_selector("main .panel")
        shown.page.wait_for_function("() => document.querySelectorAll('.panel[aria-busy]:not([hidden]), .skeleton').length === 0")
        ready = time.monotonic() - start
        notes = shown.page.evaluate("[...document.querySelectorAll('.panel-note:not([hidden])')].map((one) => one.innerText).filter(Boolean)")
        shown.page.wait_for_timeout(5000)
        found = shown.metrics()
        print(f"{workers} workers, {name}{', now' if 'from' not in state else ''}: {ready:.1f} s, {shown.bytes / 1000:.0f} KB in {shown.requests} answers, task {found['TaskDuration']:.1f} s, {shown.held()} {notes or ''}", flush=True)


def measure_first(playwright, binary, web):
    """When the first figure of the site page is there, and what has travelled once all of it is."""
    script = "() => document.querySelector('andon-kpi data[data-figure=total_production_count]') && performance.now()"
    with plant.Server(binary, "--open", *web) as server:
        plant.seed(server)
        for name, rate, line in (("warm", 1, None), ("again", 1, None), ("processor ÷ 4, 1.6 Mbit/s", 4, 200_000)):
            with Page(playwright, None) as shown:
                if line:
                    shown.tools.send("Network.emulateNetworkConditions", {"offline": False, "latency": 40, "downloadThroughput": line, "uploadThroughput": line})
                    shown.tools.send("Emulation.setCPUThrottlingRate", {"rate": rate})
                shown.page.goto(address(server.url, site=plant.DEMO, **plant.window()), wait_until="commit")
                first = shown.page.wait_for_function(script).json_value()
                shown.page.wait_for_selector("andon-trend canvas, andon-trend svg")
                shown.page.wait_for_timeout(3000)
                print(f"{name}: first figures after {first:.0f} ms; {shown.bytes / 1000:.0f} KB in {shown.requests} answers", flush=True)


def main(binary, names, web):
    measures = {name[8:]: one for name, one in globals().items() if name.startswith("measure_")}
    unknown = [name for name in names if name not in measures]
    if unknown:
        sys.exit(f"measure.py: there is no {unknown[0]}; there are {', '.join(measures)}")
    with sync_playwright() as playwright:
        for name in names or measures:
            print(f"{name}: {measures[name].__doc__}", flush=True)
            measures[name](playwright, binary, ["--board-dir", web] if web else [])


if __name__ == "__main__":
    arguments = sys.argv[1:]
    web = None
    if "--web" in arguments:
        place = arguments.index("--web")
        web = arguments[place + 1]
        del arguments[place:place + 2]
    if not arguments:
        sys.exit("usage: measure.py BINARY [--web FOLDER] [NAME]…")
    main(arguments[0], arguments[1:], web)
