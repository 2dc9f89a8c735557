"""Checks of the pages Worker, Station, Model health, Edges and cameras, and Data; check.py runs them with its own."""
import datetime
import re
import urllib.parse

from playwright.sync_api import expect

import plant
from check import day, settled, written

WORKER = "W01"


def check_worker(board):
    """The time line of a worker has every interval and every gap, and says what is behind each (SPEC 5.9)."""
    asked = {"site_id": plant.DEMO, "worker_id": WORKER, **day()}
    explained = board.server.ask("/api/explain", **asked)
    intervals, totals = explained["intervals"], explained["totals"]
    page = board.open(board.address("worker", worker=WORKER, **day()))
    settled(page)
    line = page.locator("andon-worker-timeline")
    for state in ("working", "idle", "absent"):
        expect(line.locator(f"svg.drawing .interval.{state}")).to_have_count(sum(one["state"] == state for one in intervals))
    ends = [explained["meta"]["from"]] + [one["to"] for one in intervals]
    begins = [one["from"] for one in intervals] + [explained["meta"]["to"]]
    gaps = sum(begin > end for end, begin in zip(ends, begins))
    assert gaps > 0 and totals["unknown_us"] > 0
    expect(line.locator("svg.drawing .interval.unknown")).to_have_count(gaps)

    # Where the worker is at the end of the period, or was seen last.
    item = board.server.ask("/api/metrics/workers", **asked)["items"][0]
    current = page.locator("andon-worker-figures .current")
    expect(current).to_contain_text(f"At the end of the period: {item['current_state']}")
    busy = next(one for one in intervals if one["state"] == "working")
    window = {"from": day()["from"], "to": busy["to"][:19] + "Z"}
    then = board.open(board.address("worker", worker=WORKER, **window))
    settled(then)
    stations = board.server.ask("/api/workstations", site_id=plant.DEMO)["items"]
    station = next(one for one in stations if one["workstation_id"] == busy["workstation_id"])
    expect(then.locator("andon-worker-figures .current")).to_contain_text(f"working · {station['name']} · {station['line']} · {station['location']}")
    then.context.close()

    # By pointer: the event that opened it, and when that became known.
    place = next(place for place, one in enumerate(intervals) if one["state"] == "working" and place > 2)
    chosen = intervals[place]
    line.locator("svg.drawing .interval:not(.unknown)").nth(place).click()
    expect(line.locator(".facts")).to_contain_text(chosen["position"])
    events = board.server.ask("/api/events", limit=1000, **asked)["items"]
    event = next(one for one in events if one["position"] == chosen["position"])
    expect(line.locator(".facts")).to_contain_text(event["camera_id"])
    expect(line.locator(".facts")).to_contain_text(written(event["confidence"], "en", 4))
    expect(line.locator(".facts")).to_contain_text(event["model_version"])
    address = urllib.parse.parse_qs(urllib.parse.urlsplit(page.url).query)
    assert address["interval"] == [f"{WORKER} {chosen['from']}"]
    # A link shows the same, and the keyboard goes on from there.
    page.reload()
    settled(page)
    expect(line.locator(".facts")).to_contain_text(chosen["position"])
    page.locator("andon-worker-timeline .interval.selected").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    after = intervals[place + 1]
    key = after["from"] if after["from"] == chosen["to"] else chosen["to"]
    page.wait_for_function(f"new URLSearchParams(location.search).get('interval') === {f'{WORKER} {key}'!r}")
    line.locator("svg.drawing .interval.unknown").first.click()
    expect(line.locator(".evidence")).to_contain_text("never as idle")
    assert page.faults == [], page.faults
    page.context.close()


def check_zoom(board):
    """Zooming and moving a time line changes the window in the address, and the back button takes it back."""
    page = board.open(board.address("worker", worker=WORKER, **day()))
    settled(page)
    before = page.url
    interval = page.locator("andon-worker-timeline svg.drawing .interval[tabindex='0']")
    interval.focus()
    page.keyboard.press("+")
    page.wait_for_url("**from=*T06:00:00&to=*T18:00:00**")
    settled(page)
    page.locator("andon-worker-timeline .choice button").last.click()
    page.wait_for_url("**from=*T12:00:00&to=*T00:00:00**")
    page.go_back()
    page.go_back()
    page.wait_for_url(before)
    page.context.close()


def check_subject_figures(board):
    """Figures of a worker and of a station are the API's to the digit, in English and German."""
    subjects = {
        "worker": ("/api/metrics/workers", "worker_id", WORKER, "andon-worker-figures", {
            "utilization_percentage": 2, "availability_percentage": 2, "coverage_percentage": 2, "total_units_produced": 0,
            "units_per_hour": 2}),
        "station": ("/api/metrics/workstations", "workstation_id", "ST-01", "andon-station-figures", {
            "occupancy_percentage": 2, "utilization_percentage": 2, "total_units_produced": 0, "throughput_rate": 2}),
    }
    for name, (path, parameter, id, panel, digits) in subjects.items():
        for language, locale in (("en", "en-GB"), ("de", "de-DE")):
            for known in (None, board.before):
                asked = day(known_at=known) if known else day()
                item = board.server.ask(path, site_id=plant.DEMO, **{parameter: id}, **asked)["items"][0]
                page = board.open(board.address(name, **{name: id}, **asked), locale=locale)
                settled(page)
                for figure, count in digits.items():
                    shown = page.locator(f"{panel} data[data-figure={figure}]")
                    if item[figure] is None:
                        expect(shown).to_have_text("–")
                        continue
                    expect(shown).to_contain_text(written(item[figure], language, count))
                    assert float(shown.get_attribute("value")) == item[figure], figure
                assert page.faults == [], page.faults
                page.context.close()


def check_station(board):
    """A station shows each worker who was at it, and nothing of what they did elsewhere."""
    page = board.open(board.address("station", station="ST-01", **day()))
    settled(page)
    expected = {}
    for worker in board.server.ask("/api/workers", site_id=plant.DEMO)["items"]:
        found = board.server.ask("/api/explain", site_id=plant.DEMO, worker_id=worker["worker_id"], **day())
        here = [[one for one in found[kind] if one["workstation_id"] == "ST-01"] for kind in ("intervals", "counts")]
        if here[0] or here[1]:
            expected[worker["name"]] = len(here[0])
    assert sum(expected.values()) > 0
    drawing = page.locator("andon-station-timeline svg.timeline.drawing")
    expect(drawing.locator(".row-label")).to_have_count(len(expected))
    expect(drawing.locator(".interval")).to_have_count(sum(expected.values()))
    for name in expected:
        expect(drawing.locator(".row-label title").get_by_text(name, exact=True)).to_be_attached()
    drawing.locator(".interval").first.click()
    expect(page.locator("andon-station-timeline .facts")).to_contain_text("ST-01")
    assert page.faults == [], page.faults
    page.context.close()


def check_health(board):
    """Model health is the API's: average, cameras, cells of the heat map; the weekly report opens."""
    page = board.open(board.address("health", **day()))
    settled(page)
    answer = board.server.ask("/api/metrics/model-health", site_id=plant.DEMO, group_by="camera", **day())
    expect(page.locator("andon-health-status data[data-figure=avg_confidence]")).to_have_text(written(answer["avg_confidence"], "en", 4))
    expect(page.locator("andon-health-cameras tbody tr")).to_have_count(len(answer["groups"]))
    worst = min(answer["groups"], key=lambda group: group["avg_confidence"])
    expect(page.locator("andon-health-cameras tbody tr").first).to_contain_text(worst["camera_id"])

    cells = board.server.ask("/api/metrics/heatmap", site_id=plant.DEMO, of="cameras", bucket="hour", **day())
    grid = page.locator("andon-health-heatmap [role=grid]")
    grid.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    tip = page.locator("andon-health-heatmap .tip")
    expect(tip).to_be_visible()
    row = cells["rows"][1]
    average = row["avg_confidence"][3]
    expect(tip).to_contain_text("no samples" if average is None else written(average, "en", 4))
    seen = sum(value is not None for one in cells["rows"][:20] for value in one["avg_confidence"])
    shown = grid.locator(".row[aria-rowindex]").filter(has=page.locator(".cell")).locator(".cell:not(.none)")
    assert shown.count() >= seen
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()

    # Whoever has scrolled a table is not thrown back when it is drawn anew.
    table = page.locator("andon-health-cameras .scroll")
    table.evaluate("(one) => { one.scrollTop = 40; one.dataset.old = '1'; one.closest('andon-health-cameras').redraw(); }")
    expect(page.locator("andon-health-cameras .scroll:not([data-old])")).to_be_attached()
    assert table.evaluate("(one) => one.scrollTop") == 40

    drift = board.server.ask("/api/metrics/model-health/drift", site_id=plant.DEMO, group_by="camera", **day())
    few = [one for one in drift["groups"] if one["drift"] == "unknown"]
    assert few
    row = page.locator("andon-health-drift tbody tr").filter(has_text=few[0]["camera_id"])
    expect(row.locator("td").nth(1)).to_contain_text("–")
    expect(row.locator("td").nth(1)).to_contain_text("it takes 100 samples on each side")

    report = page.locator(".report-links a").first.get_attribute("href")
    got = page.request.get(urllib.parse.urljoin(page.url, report), headers={"Accept": "text/html"})
    assert got.status == 200, got.status
    assert page.faults == [], page.faults
    page.context.close()


def check_rows(board):
    """A heat map of a thousand cameras holds few rows, wherever it is scrolled to and wherever its cursor is."""
    page = board.open(board.address("health", **day()))
    settled(page)
    page.evaluate(
        """async () => {
            const { heatmap } = await import('/assets/draw/heatmap.js');
            const hours = Array.from({ length: 24 }, (_, hour) => ({
                from: new Date(hour * 3600000).toISOString(), to: new Date((hour + 1) * 3600000).toISOString() }));
            const rows = Array.from({ length: 1000 }, (_, row) => ({
                id: `c${row}`, name: `camera ${row}`, values: hours.map((_, hour) => (row + hour) % 100) }));
            const made = heatmap(rows, { label: 'many', buckets: hours, scale: 'percentage', corner: '',
                time: (at) => String(at), date: () => '', describe: (row, place) => `${row.name} at ${place}` });
            made.id = 'many';
            document.querySelector('main').replaceChildren(made);
        }""")
    rows = page.locator("#many .row")
    assert 10 < rows.count() < 60
    page.locator("#many [role=grid]").focus()
    page.keyboard.press("Control+End")
    expect(page.locator("#many .tip")).to_have_text("camera 999 at 23")
    assert 10 < rows.count() < 60
    page.context.close()


def check_edges(board):
    """Edges and cameras say how to begin, and show what events tell of cameras."""
    page = board.open(board.address("edges", **day()))
    settled(page)
    expect(page.locator(".page-edges code").first).to_contain_text(re.compile("andon (import|edge) .*--url http"))
    expect(page.locator("andon-health-cameras tbody tr").first).to_be_visible()
    assert page.faults == [], page.faults
    page.context.close()


def check_data(board):
    """The ledger adds up and is the API's; rebuilds are shown to operators, not to viewers."""
    page = board.open(board.address("data"))
    settled(page)
    ledger = board.server.ask("/api/ledger", site_id=plant.DEMO)
    for name in ("received", "folded", "duplicates", "low_confidence", "quarantined"):
        expect(page.locator(f"andon-ledger data[data-figure={name}]")).to_have_attribute("value", str(ledger[name]))
    expect(page.locator("andon-ledger .good")).to_be_visible()
    expect(page.locator("andon-freshness tbody tr").first).to_be_visible()
    expect(page.locator("andon-rebuilds")).to_be_visible()
    assert page.faults == [], page.faults
    page.context.close()
    with plant.Server(board.binary) as server:
        admin, viewer = server.key("admin"), server.key("viewer")
        for key, count in ((viewer, 0), (admin, 1)):
            page = board.open(f"{server.url}/?page=sites#key={key}")
            settled(page)
            page.goto(f"{server.url}/?page=data&site=none")
            settled(page)
            expect(page.locator("andon-freshness")).to_be_visible()
            page.wait_for_load_state("networkidle")
            expect(page.locator("andon-rebuilds")).to_have_count(count)
            page.context.close()


def check_subject_live(board):
    """A worker's figures and time line move with the worker's events, without a touch."""
    with plant.Server(board.binary, "--open") as server:
        server.send("PUT", "/api/sites/live", {
            "site": {"name": "Live", "time_zone": "UTC"}, "workers": [{"worker_id": "W1"}], "workstations": [{"workstation_id": "S1"}]})
        page = board.open(board.address("worker", base=server.url, site="live", worker="W1"))
        settled(page)
        units = page.locator("andon-worker-figures data[data-figure=total_units_produced]")
        for count in (5, 12):
            stamp = datetime.datetime.now(datetime.timezone.utc).isoformat()
            server.send_events("live", [
                {"timestamp": stamp, "worker_id": "W1", "workstation_id": "S1", "event_type": kind, "confidence": 0.9, **more}
                for kind, more in (("working", {}), ("product_count", {"count": count - (5 if count > 5 else 0)}))])
            expect(units).to_have_attribute("value", str(count))
            expect(page.locator("andon-worker-timeline svg.drawing .interval.working")).to_have_count(1)
        page.context.close()


CHECKS = {name[6:]: check for name, check in globals().items() if name.startswith("check_")}
