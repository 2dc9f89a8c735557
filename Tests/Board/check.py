"""Checks the board in a real browser.

    check.py BINARY [CHECK…]

Each function `check_…` is one check; its first line of documentation says what holds. Nothing waits for a length of time:
each step waits for what it needs to see, up to a limit. Ends with 1 when a check fails.
"""
import datetime
import inspect
import re
import sys
import tempfile
import time
import traceback
import urllib.parse

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect, sync_playwright

import cluster
import plant

#: Every page, by name, with the address that shows it for the demo day.
PAGES = {
    "sites": {},
    "site": {"site": plant.DEMO},
    "worker": {"site": plant.DEMO, "worker": "W01"},
    "station": {"site": plant.DEMO, "station": "ST-01"},
    "health": {"site": plant.DEMO},
    "edges": {"site": plant.DEMO},
    "data": {"site": plant.DEMO},
}
WIDTHS = [360, 768, 1440]
THEMES = ["light", "dark"]
LIMIT = 20_000
expect.set_options(timeout=LIMIT)


CHROMIUM = {"executable_path": "/usr/bin/chromium", "args": ["--no-sandbox"]}


class Skipped(Exception):
    """Says what a check would need."""


class Board:
    """A browser, and a server with figures."""

    def __init__(self, playwright, binary, server, before):
        self.playwright, self.browser = playwright, playwright.chromium.launch(**CHROMIUM)
        self.binary, self.server, self.before = binary, server, before

    def address(self, page, base=None, **more):
        state = {"page": page, **PAGES.get(page, {}), **more}
        return f"{base or self.server.url}/?{urllib.parse.urlencode(state)}"

    def open(self, url, service_workers="block", **context):
        """A page in a browser of its own, which keeps what went wrong in it."""
        settings = {"viewport": {"width": 1440, "height": 900}, "locale": "en-GB", "reduced_motion": "reduce", **context}
        page = self.browser.new_context(service_workers=service_workers, **settings).new_page()
        page.set_default_timeout(LIMIT)
        page.faults, page.hosts = [], set()
        page.on("console", lambda message: note(page, message))
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        page.on("dialog", lambda dialog: (page.faults.append(f"a dialog: {dialog.message}"), dialog.dismiss()))
        page.on("request", lambda request: page.hosts.add(urllib.parse.urlsplit(request.url).netloc))
        page.goto(url)
        return page


def note(page, message):
    """Keeps what the page complains about, but for the service worker that a check does not want."""
    if message.type in ("error", "warning") and "Service Worker registration blocked" not in message.text:
        page.faults.append(f"{message.text} ({message.location.get('url', '')})")


def settled(page):
    """Waits until every panel has an answer and has drawn it."""
    page.wait_for_selector("main .panel, main.sign-in")
    page.wait_for_function(
        """() => document.querySelectorAll('.panel[aria-busy]:not([hidden]), .skeleton').length === 0
              && [...document.querySelectorAll('.panel:not([hidden]) .panel-body')].every((one) => one.childNodes.length > 0
                 || one.parentElement.querySelector('.panel-note:not([hidden])'))""")


def written(value, language, digits):
    """A figure as the language writes it."""
    text = f"{value:,.{digits}f}"
    return text.translate(str.maketrans(",.", ".,")) if language == "de" else text


def day(**more):
    return {**plant.window(), **more}


# MARK: Checks


def check_pages(board):
    """Every page stands at every width in both themes: no error, no other host, nothing cut off, nothing axe calls serious."""
    axe, problems = Axe(), []
    for name in PAGES:
        for theme in THEMES:
            page = board.open(board.address(name, **day()), color_scheme=theme)
            settled(page)
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 900})
                over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
                if over > 0:
                    problems.append(f"{name} {theme} {width}: {over} px wider than the screen")
                if width == 768:
                    continue
                found = axe.run(page).response["violations"]
                problems += [
                    f"{name} {theme} {width}: axe {one['id']}: {one['help']}: {one['nodes'][0]['html'][:160]}"
                    for one in found if one["impact"] in ("serious", "critical")]
            problems += [f"{name} {theme}: {fault}" for fault in page.faults]
            others = page.hosts - {urllib.parse.urlsplit(board.server.url).netloc}
            problems += [f"{name} {theme}: asks {host}" for host in others]
            page.context.close()
    assert not problems, "\n".join(problems)


def check_figures(board):
    """Figures are the API's to the digit, in English and German, as known now and before late events came."""
    for language, locale in (("en", "en-GB"), ("de", "de-DE")):
        for known in (None, board.before):
            asked = day(known_at=known) if known else day()
            page = board.open(board.address("site", **asked), locale=locale)
            settled(page)
            figures = board.server.ask("/api/metrics/factory", site_id=plant.DEMO, **asked)
            digits = {"active_workers": 0, "average_utilization_percentage": 2, "total_production_count": 0, "average_production_rate": 2}
            for name, count in digits.items():
                figure = page.locator(f"andon-kpi data[data-figure={name}]")
                expect(figure).to_contain_text(written(figures[name], language, count))
                assert float(figure.get_attribute("value")) == figures[name], name
            stations = board.server.ask("/api/metrics/workstations", site_id=plant.DEMO, **asked)["items"]
            for tile, one in zip(page.locator("andon-grid .tile").all(), stations, strict=True):
                value = one["utilization_percentage"]
                expect(tile).to_contain_text("–" if value is None else f"{written(value, language, 2)} %")
            best = board.server.ask("/api/metrics/workers", site_id=plant.DEMO, sort="-utilization_percentage", limit=3, **asked)["items"]
            for place, one in zip(page.locator("andon-leaders .leader").all(), best, strict=True):
                expect(place).to_contain_text(one["worker_name"])
                expect(place).to_contain_text(f"{written(one['utilization_percentage'], language, 2)} %")
            expect(page.locator(".banner-past")).to_be_visible()
            assert page.faults == [], page.faults
            page.context.close()


def check_compare(board):
    """Compared with now, the figures that late events changed say by how much."""
    page = board.open(board.address("site", **day(known_at=board.before, compare="1")))
    settled(page)
    window = {"site_id": plant.DEMO, **day()}
    then = board.server.ask("/api/metrics/factory", known_at=board.before, **window)["total_production_count"]
    now = board.server.ask("/api/metrics/factory", **window)["total_production_count"]
    assert now - then == 111
    expect(page.locator("andon-kpi data[data-figure=total_production_count] .since")).to_have_text(" +111")
    page.context.close()


def check_address(board):
    """The address is the state: a choice changes it, the back button takes it back, a link shows the same."""
    page = board.open(board.address("site", **day()))
    settled(page)
    page.select_option("#time-within", "shifts")
    page.wait_for_url("**within=shifts**")
    expect(page.locator("#time-within")).to_have_value("shifts")
    page.locator("andon-leaders .leader a").first.click()
    page.wait_for_url("**page=worker**")
    page.go_back()
    page.wait_for_url("**page=site**within=shifts**")
    settled(page)
    page.go_back()
    expect(page.locator("#time-within")).to_have_value("")
    page.context.close()


def check_keyboard(board):
    """The keyboard alone reaches everything that can be used, sees where it is, and opens what opens."""
    usable = """[...document.querySelectorAll('a[href], button, select, input, summary, [tabindex="0"]')].filter((one) =>
        one.tabIndex >= 0 && one.checkVisibility({ visibilityProperty: true }) && !one.disabled)"""
    # The page of the site comes last, and stays for what is below.
    for name in sorted(PAGES, key=lambda one: one == "site"):
        page = board.open(board.address(name, **day()))
        settled(page)
        page.evaluate("document.activeElement?.blur()")
        for _ in range(page.evaluate(usable + ".length") + 20):
            page.keyboard.press("Tab")
            page.evaluate("document.activeElement?.setAttribute('data-reached', '')")
        missed = page.evaluate(usable + ".filter((one) => !one.hasAttribute('data-reached')).map((one) => one.outerHTML.slice(0, 120))")
        assert missed == [], (name, missed)
        if name != "site":
            page.context.close()
    hint = page.locator("andon-kpi .hint")
    hint.focus()
    expect(page.locator("#tip")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#tip")).to_be_hidden()
    page.locator("andon-kpi .menu summary").focus()
    page.keyboard.press("Enter")
    expect(page.locator("andon-kpi .menu-items")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(page.locator("andon-kpi .menu-items")).to_be_hidden()
    expect(page.locator("andon-kpi .menu summary")).to_be_focused()
    page.context.close()


def check_hostile(board):
    """Names that look like markup, turn the text around or are very long stay text on every page, and the layout stands."""
    page = board.open(board.address("site", site=plant.HOSTILE, **day()), viewport={"width": 360, "height": 800})
    settled(page)
    for name in plant.HOSTILE_NAMES:
        expect(page.locator("andon-grid .tile-name").get_by_text(name, exact=True)).to_be_attached()
        expect(page.locator("andon-now th a").get_by_text(name, exact=True)).to_be_attached()
    addresses = [board.address(name, site=plant.HOSTILE, **day()) for name in PAGES if name not in ("worker", "station")]
    addresses += [board.address(kind, site=plant.HOSTILE, **{kind: id}, **day()) for kind in ("worker", "station") for id in plant.HOSTILE_IDS]
    for url in addresses:
        page.goto(url)
        settled(page)
        assert page.locator("#app :is(script, b, img:not([src='/assets/icon.svg']))").count() == 0, url
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, url
        asked = urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)
        assert urllib.parse.parse_qs(urllib.parse.urlsplit(page.url).query) == asked
        for id in asked.get("worker", asked.get("station", [])):
            expect(page.locator("h1 bdi").last).to_have_text(id)
    # A sentence with a name goes on in its own direction.
    page.goto(board.address("site", site=plant.HOSTILE, **day()))
    settled(page)
    tips = page.locator("andon-grid .tile").evaluate_all("(all) => all.map((one) => one.dataset.tip)")
    assert any("\u2068\u202e" in tip for tip in tips), tips
    assert page.faults == [], page.faults
    page.context.close()


def check_names(board):
    """A site whose boards show no names shows ids."""
    board.server.send("PUT", "/api/sites/private", {
        "site": {"time_zone": "UTC", "board_names": False}, "workers": [{"worker_id": "W-7", "name": "Ada Adler"}], "workstations": []})
    page = board.open(board.address("site", site="private"))
    settled(page)
    expect(page.locator("andon-now th a")).to_have_text("W-7")
    expect(page.get_by_text("Ada Adler")).to_have_count(0)
    page.context.close()


def check_empty(board):
    """A site without anything says so, and what to do; a day without events too."""
    page = board.open(board.address("site", site=plant.BARE))
    settled(page)
    expect(page.locator("andon-kpi .empty")).to_contain_text("andon import")
    expect(page.locator("andon-shifts .empty")).to_contain_text("andon site show bare")
    assert page.locator(".panel-note:visible").count() == 0
    assert page.faults == [], page.faults
    # A shift of a site that has none.
    page.goto(board.address("site", site=plant.BARE, period="shift"))
    settled(page)
    expect(page.locator("andon-kpi .panel-note")).to_have_text("The site has no shifts. Choose another period or filter.")
    page.goto(board.address("sites", period="shift"))
    settled(page)
    bare = page.locator(".site-card").filter(has=page.get_by_role("link", name="Bare"))
    expect(bare).to_contain_text("The site has no shifts.")
    expect(page.get_by_text("not answer")).to_have_count(0)
    page.context.close()


def check_log(board):
    """The event log scrolls to its end and back, holding few rows, each with its event, and asks for each page once."""
    asked = []
    page = board.open("about:blank")
    page.on("request", lambda request: "/api/events?" in request.url and asked.append(request.url))
    page.goto(board.address("site", **day()))
    settled(page)
    total = len(everything(board))
    view, end = page.locator("andon-log .log-view"), page.locator("andon-log .log-end")
    view.evaluate("(one) => { one.dataset.most = '0'; }")
    page.wait_for_function(
        """() => {
            const view = document.querySelector('andon-log .log-view');
            view.dataset.most = String(Math.max(Number(view.dataset.most), view.querySelectorAll('.log-space .log-row').length));
            view.scrollTop = view.scrollHeight;
            return document.querySelector('andon-log .log-end').textContent.startsWith('No more');
        }""", timeout=60_000)
    expect(end).to_have_text("No more events.")
    rows = view.evaluate("(one) => Math.round(one.querySelector('.log-space').offsetHeight / 32)")
    assert rows == total, (rows, total)
    assert 10 < int(view.get_attribute("data-most")) < 60
    assert len(asked) == len(set(asked)) == -(-total // 500), asked
    view.evaluate("(one) => { one.scrollTop = 0; }")
    expect(page.locator("andon-log .log-row[aria-rowindex='2']")).to_be_visible()
    page.context.close()


def everything(board):
    """All events of the demo day."""
    found, cursor = [], {}
    while True:
        answer = board.server.ask("/api/events", site_id=plant.DEMO, limit=1000, **day(), **cursor)
        found += answer["items"]
        if not answer.get("next_cursor"):
            return found
        cursor = {"cursor": answer["next_cursor"]}


def check_live(board):
    """An event that is sent is on the page; without the server it says so, and goes on by itself when it is back."""
    with plant.Server(board.binary, "--open") as server:
        server.send("PUT", "/api/sites/live", {
            "site": {"name": "Live", "time_zone": "UTC"}, "workers": [{"worker_id": "W1"}], "workstations": [{"workstation_id": "S1"}]})
        page = board.open(board.address("site", base=server.url, site="live"))
        settled(page)
        units = page.locator("andon-kpi data[data-figure=total_production_count]")
        # Half a minute after midnight there is hardly any today.
        count(server, 5, 1)
        expect(units).to_have_attribute("value", "5")
        # Panels that move leave the focus where it is, and a tooltip that was sent away stays away.
        page.locator("andon-kpi .figure-name").nth(2).focus()
        expect(page.locator("#tip")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator("#tip")).to_be_hidden()
        count(server, 7, 2)
        expect(units).to_have_attribute("value", "12")
        expect(page.locator("andon-kpi .figure-name").nth(2)).to_be_focused()
        expect(page.locator("#tip")).to_be_hidden()
        expect(page.locator("andon-log .log-row[role=row]").first).to_be_visible()
        server.stop()
        expect(page.locator(".banner-lost:visible, .panel-note:visible").first).to_be_visible(timeout=60_000)
        expect(units).to_have_attribute("value", "12")
        silent_while_counting(page)
        # What is greyed can be read all the same.
        for theme in THEMES:
            page.emulate_media(color_scheme=theme)
            found = [one for one in Axe().run(page).response["violations"] if one["impact"] in ("serious", "critical")]
            assert found == [], (theme, [(one["id"], one["nodes"][0]["html"][:160]) for one in found])
        server.start()
        count(server, 1, 3)
        expect(units).to_have_attribute("value", "13", timeout=60_000)
        expect(page.locator(".banner-lost")).to_be_hidden()
        page.context.close()


def check_late(board):
    """Late repairs are counted over all changes of a period that is over; where they are too many, it says so."""
    found, cursor = 0, {}
    while cursor is not None:
        answer = board.server.ask("/api/history", factory="true", site_id=plant.DEMO, limit=100, **day(), **cursor)
        found += sum(one["cause"] == "late_event" for one in answer["items"])
        cursor = {"cursor": answer["next_cursor"]} if answer.get("next_cursor") else None
    assert found > 0
    page = board.open(board.address("site", **day()))
    settled(page)
    expect(page.locator("andon-kpi .chip-late")).to_have_text(re.compile(f"^{found} late repairs?$"))
    page.route("**/api/history*", lambda route: route.fulfill(json={"items": [{"cause": "late_event"}] * 100, "next_cursor": "more", "meta": {}}))
    page.reload()
    expect(page.locator("andon-kpi .chip-late")).to_have_text("1,000+ late repairs")
    page.context.close()


def check_cluster(board):
    """On Kafka, a site whose worker is killed says so and goes on at the next one; the other sites never stop."""
    if not cluster.is_available():
        raise Skipped("no Kafka; set ANDON_TEST_KAFKA_HOME, or ANDON_TEST_KAFKA to the host:port of a broker")
    sites = ("plant-1", "plant-2")
    sent = dict.fromkeys(sites, 0)
    with cluster.Broker() as broker, cluster.Cluster(board.binary, broker) as plants:
        def send(site):
            sent[site] += 1
            count(plants.gateway, 1, sent[site], site)

        for site in sites:
            # A worker that has just begun may not hold anything yet.
            plants.patiently(lambda: plants.gateway.send("PUT", f"/api/sites/{site}", {
                "site": {"time_zone": "UTC"}, "workers": [{"worker_id": "W1"}], "workstations": [{"workstation_id": "S1"}]}))
            send(site)
        pages = {site: board.open(board.address("site", base=plants.gateway.url, site=site)) for site in sites}
        all_sites = board.open("about:blank")
        all_sites.clock.install()
        all_sites.goto(board.address("sites", base=plants.gateway.url))
        expect(all_sites.locator(".site-card data[data-figure=total_production_count][value='1']")).to_have_count(2)

        def shows(site):
            units = pages[site].locator("andon-kpi data[data-figure=total_production_count]")
            expect(units).to_have_attribute("value", str(sent[site]), timeout=60_000)

        for site in sites:
            settled(pages[site])
            shows(site)
            expect(pages[site].locator(".live")).to_have_text("Live")
        assert plants.hold_different_partitions(*sites)

        # Whose worker is killed shows by the banner, and by that alone.
        plants.workers[0].kill()
        gone = plants.first(sites, lambda site: pages[site].locator(".banner-lost").is_visible())
        other = next(site for site in sites if site != gone)
        banner = pages[gone].locator(".banner-lost")
        expect(banner).to_contain_text(re.compile("No worker that holds partition [0-3] answers"))
        expect(pages[gone].locator("andon-kpi")).to_have_class(re.compile("stale"))
        expect(pages[gone].locator("andon-kpi .panel-note")).to_contain_text("old (of")
        all_sites.clock.fast_forward(10_000)
        expect(all_sites.locator(".site-card.away")).to_have_count(1)
        expect(all_sites.locator(".site-card.away")).to_contain_text(gone)
        expect(all_sites.locator(".site-card.away .bad")).to_contain_text("figures of")
        send(other)
        shows(other)
        expect(pages[other].locator(".banner-lost")).to_be_hidden()

        # The log takes events all the while.
        send(gone)
        shows(gone)
        expect(banner).to_be_hidden(timeout=60_000)
        expect(pages[gone].locator(".panel.stale")).to_have_count(0, timeout=60_000)
        all_sites.clock.fast_forward(10_000)
        expect(all_sites.locator(".site-card.away")).to_have_count(0, timeout=60_000)

        plants.gateway.stop()
        for site in sites:
            expect(pages[site].locator(".banner-lost")).to_contain_text("connection to the server is lost", timeout=60_000)
        plants.gateway.start()
        for site in sites:
            send(site)
            shows(site)
            expect(pages[site].locator(".banner-lost")).to_be_hidden()


def check_clock(board):
    """A browser whose clock is an hour off writes ages and times by the server's clock."""
    with plant.Server(board.binary, "--open") as server:
        server.send("PUT", "/api/sites/live", {
            "site": {"name": "Live", "time_zone": "UTC"}, "workers": [{"worker_id": "W1"}], "workstations": [{"workstation_id": "S1"}]})
        count(server, 5, 1)
        pages = []
        for hours in (-1, 1):
            page = board.open("about:blank")
            page.add_init_script(
                """const ahead = %d * 3600000, Real = Date;
                Date = class extends Real { constructor(...all) { super(...(all.length ? all : [Real.now() + ahead])); } static now() { return Real.now() + ahead; } };"""
                % hours)
            page.goto(board.address("site", base=server.url, site="live"))
            settled(page)
            expect(page.locator(".live")).to_have_text("Live")
            expect(page.locator("andon-kpi .chip-fresh")).to_have_text(re.compile(r"^(\d+ s|\d min.*) old$"))
            assert is_now(page.locator(".print-head p").text_content())
            pages.append(page)
        server.stop()
        for page in pages:
            expect(page.locator(".banner-lost")).to_be_visible(timeout=60_000)
            assert is_now(page.locator(".banner-lost").inner_text())
            expect(page.locator("andon-kpi .panel-note")).to_contain_text(re.compile(r"are (\d+ s|\d min.*) old"))
            assert is_now(page.locator("andon-kpi .panel-note").inner_text())
            page.context.close()


def is_now(text):
    """Whether a text names a time of day, UTC, of the last few minutes."""
    now = datetime.datetime.now(datetime.timezone.utc)
    hour, minute = map(int, re.search(r"(\d\d):(\d\d)", text).groups())
    return (60 * (now.hour - hour) + now.minute - minute) % 1440 < 10


def check_install(board):
    """A browser finds nothing that keeps it from installing the board."""
    with tempfile.TemporaryDirectory() as profile:
        # What it installs it keeps in a profile, so it wants one that stays.
        context = board.playwright.chromium.launch_persistent_context(profile, **CHROMIUM)
        page = context.pages[0]
        page.goto(board.address("sites"))
        settled(page)
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        devtools = context.new_cdp_session(page)
        assert devtools.send("Page.getAppManifest")["errors"] == []
        assert devtools.send("Page.getInstallabilityErrors")["installabilityErrors"] == []
        context.close()


def silent_while_counting(page):
    """What counts seconds is not read out with each of them."""
    page.evaluate(
        """() => {
            window.said = [];
            new MutationObserver((changes) => {
                for (const { target } of changes) {
                    const region = (target instanceof Element ? target : target.parentElement).closest('[aria-live], [role=status], [role=alert]');
                    if (region && region.getAttribute('aria-live') !== 'off') said.push(region.outerHTML.slice(0, 120));
                }
            }).observe(document.body, { subtree: true, childList: true, characterData: true });
        }""")
    age = page.locator("andon-kpi .panel-note")
    for _ in range(2):
        expect(age).not_to_have_text(age.text_content())
    assert page.evaluate("said") == []


def count(server, units, place, site="live"):
    """Units counted now."""
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()) + f".{place:06d}Z"
    answer = server.send_events(site, [
        {"timestamp": stamp, "worker_id": "W1", "workstation_id": "S1", "event_type": "product_count", "count": units, "confidence": 0.9},
        {"timestamp": stamp, "worker_id": "W1", "workstation_id": "S1", "event_type": "working", "confidence": 0.9}])
    assert answer["success_count"] == 2, answer


def check_session(board):
    """A key signs in and out, a link with a key signs in once, and a key that dies ends the session."""
    with plant.Server(board.binary) as server:
        admin, viewer = server.key("admin"), server.key("viewer")
        page = board.open(server.url)
        expect(page.locator(".sign-in")).to_be_visible()
        page.fill("#key", "andon_no_such_key")
        page.keyboard.press("Enter")
        expect(page.locator(".sign-in [role=alert]")).to_contain_text("does not know")
        page.fill("#key", viewer)
        page.keyboard.press("Enter")
        expect(page.locator(".settings .role")).to_have_text("viewer")
        page.locator(".settings summary").click()
        page.locator(".sign-out").click()
        expect(page.locator(".sign-in")).to_be_visible()
        page.goto(f"{server.url}/?page=sites#key={admin}")
        expect(page.locator(".settings .role")).to_have_text("admin")
        assert admin not in page.evaluate("location.href")
        site = {"site": {"time_zone": "UTC"}, "workers": [{"worker_id": "W1"}], "workstations": [{"workstation_id": "S1"}]}
        assert page.request.put(f"{server.url}/api/sites/live", data=site, headers={"Origin": server.url}).status == 201
        live = page.context.new_page()
        live.goto(f"{server.url}/?page=site&site=live")
        expect(live.locator(".live")).to_have_text("Live")
        server.run("key", "revoke", admin, "--yes", "--data-dir", str(server.folder / "data"))
        # Pages that are open notice by themselves: by the end of the stream, or when they ask the next time.
        for one in (live, page):
            expect(one.locator(".sign-in [role=alert]")).to_contain_text("session has ended", timeout=60_000)
        page.reload()
        expect(page.locator(".sign-in")).to_be_visible()
        page.context.close()


def check_offline(board):
    """Installed, it opens without a server with the figures that were seen last, and says so."""
    with plant.Server(board.binary, "--open") as server:
        server.send("PUT", "/api/sites/live", {
            "site": {"name": "Live", "time_zone": "UTC"}, "workers": [{"worker_id": "W1"}], "workstations": [{"workstation_id": "S1"}]})
        count(server, 5, 1)
        page = board.open(board.address("site", base=server.url, site="live"), service_workers="allow")
        settled(page)
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        # The first visit was not yet served by the worker: now everything passes through it.
        page.reload()
        settled(page)
        page.wait_for_function("() => caches.open('andon.last-seen').then((shelf) => shelf.keys()).then((keys) => keys.length >= 6)")
        server.stop()
        page.reload()
        units = page.locator("andon-kpi data[data-figure=total_production_count]")
        expect(units).to_have_attribute("value", "5")
        expect(page.locator("andon-kpi")).to_have_class(re.compile("stale"))
        expect(page.locator("andon-kpi .panel-note")).to_contain_text(re.compile("Seen last|These figures are"))
        # A page of which nothing was seen says so, and opens once it can.
        page.goto(board.address("health", base=server.url, site="live"))
        expect(page.locator("main [role=alert]")).to_contain_text("has not been opened here before")
        server.start()
        expect(page.locator("andon-health-status")).to_be_visible(timeout=60_000)
        page.context.close()


def check_print(board):
    """The site page prints on one sheet."""
    page = board.open(board.address("site", **day()))
    settled(page)
    sheets = page.pdf(format="A4", prefer_css_page_size=True, print_background=True)
    assert re.findall(rb"/Count (\d+)", sheets) == [b"1"]
    page.context.close()


def check_wall(board):
    """A wall shows one panel after the other, without controls; Escape leaves it."""
    page = board.open("about:blank")
    page.clock.install()
    page.goto(board.address("site", wall="1", **day()))
    settled(page)
    shown = page.locator(".panel.on-wall")
    expect(shown).to_have_count(1)
    assert shown.evaluate("(one) => one.localName") == "andon-kpi"
    page.clock.fast_forward(21_000)
    expect(page.locator("andon-leaders.on-wall")).to_be_visible()
    expect(shown).to_have_count(1)
    expect(page.locator(".time-bar")).to_be_hidden()
    expect(page.locator("h1")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.keyboard.press("Escape")
    expect(page.locator(".time-bar")).to_be_visible()
    page.context.close()


def check_weight(board):
    """The site page, its charts included, travels in 150 KB."""
    page = board.open("about:blank")
    sizes = []
    page.on("response", lambda response: "/assets/" in response.url and sizes.append(int(response.headers.get("content-length", 0))))
    page.goto(board.address("site", **day()))
    settled(page)
    expect(page.locator("andon-trend canvas, andon-trend svg").first).to_be_visible()
    assert 20_000 < sum(sizes) <= 150_000, sum(sizes)
    page.context.close()


def main(binary, names):
    import pages
    import size

    checks = {name[6:]: check for name, check in globals().items() if name.startswith("check_")} | pages.CHECKS | size.CHECKS
    unknown = [name for name in names if name not in checks]
    if unknown:
        sys.exit(f"check.py: there is no check {unknown[0]}; there are {', '.join(checks)}")
    failed = 0
    with plant.Server(binary, "--open") as server, sync_playwright() as playwright:
        board = Board(playwright, binary, server, plant.seed(server))
        for name in names or checks:
            start = time.monotonic()
            try:
                checks[name](board)
                print(f"ok: {inspect.getdoc(checks[name])} ({time.monotonic() - start:.0f} s)", flush=True)
            except Skipped as reason:
                print(f"skipped: {name}: {reason}", flush=True)
            except Exception:
                failed += 1
                print(f"FAILED: {name}: {inspect.getdoc(checks[name])}", flush=True)
                # The page as the browser tells it is long: its beginning says what was expected.
                print(traceback.format_exc()[:3000], flush=True)
            for context in board.browser.contexts:
                context.close()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: check.py BINARY [CHECK…]")
    main(sys.argv[1], sys.argv[2:])
