"""Checks of large sites and of pages that stay open; check.py runs them with its own. measure.py says what they cost."""
import re
import urllib.parse

from playwright.sync_api import expect

import measure
import plant
import player
from check import settled

#: More than the board asks for at once.
MANY = 1500


def check_many(board):
    """Of very many workers and stations a page asks for few, says how many there are, and finds the others by id."""
    with plant.Server(board.binary, "--open") as server:
        server.send("PUT", "/api/sites/many", {
            "site": {"name": "Many", "time_zone": "UTC"},
            "workers": [{"worker_id": f"W{place:04}", "name": f"Person {place}"} for place in range(MANY)],
            "workstations": [{"workstation_id": f"S{place:04}"} for place in range(MANY)]})
        asked, frames = [], []
        page = board.open("about:blank")
        page.on("request", lambda request: asked.append(urllib.parse.urlsplit(request.url)))
        page.goto(board.address("site", base=server.url, site="many"))
        settled(page)
        expect(page.locator("andon-now")).to_contain_text("The 100 of 1,500 workers who were seen last")
        expect(page.locator("andon-grid")).to_contain_text("The first 120 of 1,500 stations")
        expect(page.locator("andon-now tbody tr")).to_have_count(100)
        expect(page.locator("andon-grid .tile")).to_have_count(120)
        for panel, id, found in (("now", "W1234", "tbody tr"), ("grid", "S1234", ".tile")):
            page.locator(f"andon-{panel} .search").fill(id)
            expect(page.locator(f"andon-{panel} {found}")).to_have_count(1)
            expect(page.locator(f"andon-{panel} {found}")).to_contain_text("Person 1234" if panel == "now" else id)
            page.locator(f"andon-{panel} .search").fill("nobody")
            expect(page.locator(f"andon-{panel}")).to_contain_text("Nothing has exactly this id")
            page.locator(f"andon-{panel} .search").fill("")
        expect(page.locator("andon-now tbody tr")).to_have_count(100)
        # Neither a whole list nor a definition is asked for, nor followed.
        for url in asked:
            parameters = urllib.parse.parse_qs(url.query)
            if re.fullmatch("/api/metrics/work(ers|stations)", url.path):
                assert parameters.keys() & {"limit", "worker_id", "workstation_id"}, url
            assert url.path != "/api/sites/many", url
            frames += parameters.get("topics", [])
        assert frames and not any("work" in topics for topics in frames), frames
        assert page.locator("*").count() < 3000
        page.context.close()


def check_endless(board):
    """Frames that come and go leave no element, listener or memory behind."""
    with measure.busy(board.binary, [], 24, 24) as server, player.Player(server, 900, 60) as played:
        page = board.open(board.address("site", base=played.url, site="busy"), reduced_motion="no-preference")
        settled(page)
        tools = page.context.new_cdp_session(page)
        tools.send("Performance.enable")
        units = page.locator("andon-kpi data[data-figure=total_production_count]")
        held = []
        for number in (300, 900):
            # Frame by frame the count grows by one to seven, as the player has it.
            count = played.count(number)
            page.wait_for_function("(count) => Number(document.querySelector('andon-kpi data[data-figure=total_production_count]').value) >= count", arg=count)
            for _ in range(2):
                tools.send("HeapProfiler.collectGarbage")
            metrics = {one["name"]: one["value"] for one in tools.send("Performance.getMetrics")["metrics"]}
            held.append({**metrics, "elements": page.locator("*").count()})
        expect(units).to_have_attribute("value", str(played.count(900)))
        before, after = held
        assert after["JSHeapUsedSize"] < before["JSHeapUsedSize"] + 2e6, held
        assert after["JSEventListeners"] <= before["JSEventListeners"] + 20, held
        # At the beginning the log fills up; then it has as many rows as fit into its view.
        assert after["elements"] < before["elements"] + 300, held
        assert page.faults == [], page.faults
        page.context.close()


CHECKS = {name[6:]: check for name, check in globals().items() if name.startswith("check_")}
