"""The pages in a real browser: the policy holds, nothing hostile runs, and everything can be reached and read."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, sync_playwright
from tests.web import flights_readings as flights
from tests.web.served import serving

CHROMIUM = "/usr/bin/chromium"
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
MODEL = "/dashboard/models/flights-late"
PAGES = {
    "overview": "/dashboard",
    "no model": "/empty",
    "drifted": MODEL,
    "categories": f"{MODEL}?column=carrier",
    "200 columns": "/dashboard/models/wide",
    "no events": "/dashboard/models/churn",
    "hostile": "/dashboard/models/hostile",
    "sign in": "/login",
    "not found": "/dashboard/models/none",
    "away": "/away",
}

FOCUSED = """(e => e === document.body ? null :
    [e.tagName, e.className, !!e.closest('.heat td'), getComputedStyle(e).outlineStyle])(document.activeElement)"""
LAYOUT_SHIFT = """new Promise(done => { let sum = 0;
    new PerformanceObserver(list => { for (const e of list.getEntries()) if (!e.hadRecentInput) sum += e.value; })
        .observe({type: 'layout-shift', buffered: true});
    requestAnimationFrame(() => requestAnimationFrame(() => done(sum))); })"""
WITHOUT_CHARTS = """() => { const copy = document.documentElement.cloneNode(true);
    for (const e of copy.querySelectorAll('svg, .heat, details.numbers')) e.remove();
    return copy.outerHTML.length; }"""
TELL = "addEventListener('securitypolicyviolation', e => console.error('CSP', e.violatedDirective, e.blockedURI))"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not shutil.which(CHROMIUM), reason="no Chromium on this machine: apt-get install chromium"),
]


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with serving() as address:
        yield address


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    opened = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
    yield opened
    opened.close()


@dataclass
class Visit:
    """A page, and what went on behind it."""

    page: Page
    site: str
    complaints: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def open(self, address: str) -> Page:
        self.page.goto(self.site + address)
        return self.page

    def hear(self, said: ConsoleMessage) -> None:
        if said.type in ("error", "warning"):
            self.complaints.append(said.text)

    def settle(self, page: Page) -> None:
        """Wait until nothing more is asked for; a page that waits for the first event never stops asking."""
        page.wait_for_load_state("load" if page.locator("[data-waiting]").count() else "networkidle")

    def draw_timeline(self) -> None:
        if self.page.locator(".timeline").count():
            self.page.locator(".timeline").scroll_into_view_if_needed()
            self.page.wait_for_selector(".timeline[data-drawn]")


@pytest.fixture
def visit(browser: Browser, site: str) -> Iterator[Visit]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.clock.set_fixed_time(flights.NOW)
    page.add_init_script(TELL)
    seen = Visit(page, site)
    page.on("console", seen.hear)
    page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    page.on("request", lambda request: seen.hosts.add(urlsplit(request.url).netloc))
    yield seen
    context.close()


@pytest.mark.parametrize("name", PAGES)
def test_no_page_breaks_the_policy_or_asks_another_host(visit: Visit, name: str) -> None:
    visit.settle(visit.open(PAGES[name]))
    visit.draw_timeline()
    expected = ["404", "503"] if name in ("not found", "away") else []
    assert [c for c in visit.complaints if not any(code in c for code in expected)] == []
    assert visit.hosts == {urlsplit(visit.site).netloc}


def test_hostile_names_never_execute(visit: Visit) -> None:
    page = visit.open(PAGES["hostile"])
    visit.draw_timeline()
    for place in (".heat a", ".hit", ".badge", "time"):
        page.locator(place).first.hover(force=True)
    page.locator(".heat tbody tr").nth(2).locator("a").first.click()
    page.wait_for_url("**column=**")
    page.wait_for_selector("#column:not([aria-busy])")
    assert page.evaluate("window.hacked") is None
    assert page.locator("img, main script, .timeline a").count() == 0
    assert flights.HOSTILE in (page.locator("h1").text_content() or "")
    assert flights.HOSTILE[:6] in (page.locator(".timeline .legend").text_content() or "")
    assert visit.complaints == []


@pytest.mark.parametrize("name", PAGES)
def test_a_phone_shows_each_page_without_scrolling_sideways(visit: Visit, name: str) -> None:
    visit.page.set_viewport_size({"width": 360, "height": 740})
    page = visit.open(PAGES[name])
    visit.draw_timeline()
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    outside = """() => [...document.querySelectorAll('main *')]
        .filter(e => !e.closest('.scroll, svg, .timeline, .hidden, pre, [hidden]'))
        .filter(e => e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 120))"""
    assert page.evaluate(outside) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_both_themes_follow_the_system_and_a_choice_is_kept(visit: Visit, scheme: Literal["light", "dark"]) -> None:
    visit.page.emulate_media(color_scheme=scheme)
    page = visit.open("/dashboard")
    background = "getComputedStyle(document.body).backgroundColor"
    light, dark = "rgb(246, 246, 244)", "rgb(19, 21, 24)"
    assert page.evaluate(background) == (light if scheme == "light" else dark)
    page.get_by_role("button", name="Light or dark").click()
    assert page.evaluate(background) == (dark if scheme == "light" else light)
    page.reload()
    assert page.evaluate(background) == (dark if scheme == "light" else light)


def test_a_cell_opens_its_column_in_place_and_the_address_follows(visit: Visit) -> None:
    page = visit.open(MODEL)
    loads: list[str] = []
    page.on("framenavigated", lambda frame: loads.append(frame.url))
    page.locator(".heat tbody tr", has_text="carrier").locator("td a").first.click()
    page.wait_for_selector("#column h2 code:text-is('carrier')")
    page.wait_for_url("**column=carrier**")
    assert page.locator(".heat .chosen").inner_text().startswith("carrier")
    assert visit.complaints == []
    page.go_back()
    page.wait_for_selector("#column h2 code:text-is('distance')")
    page.wait_for_load_state("networkidle")
    assert visit.complaints == []


def test_the_picker_opens_a_column_too(visit: Visit) -> None:
    page = visit.open(MODEL)
    page.get_by_label("Column", exact=True).select_option("carrier")
    page.wait_for_selector("#column h2 code:text-is('carrier')")
    assert "column=carrier" in page.url
    assert "range=1y" in page.url


def test_the_keyboard_reaches_everything_and_the_map_is_one_stop(visit: Visit) -> None:
    page = visit.open(MODEL)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    stops = []
    for _ in range(200):
        page.keyboard.press("Tab")
        stop = page.evaluate(FOCUSED)
        if stop is None:
            break
        stops.append(stop)
    assert sum(in_map for _, _, in_map, _ in stops) == 1
    assert {"SUMMARY", "A", "SELECT", "INPUT", "BUTTON"} <= {name for name, *_ in stops}
    assert [stop for stop in stops if stop[3] == "none" and stop[1] != "whole"] == []


def test_arrows_move_in_the_map_and_the_values_are_told(visit: Visit) -> None:
    page = visit.open(MODEL)
    page.locator(".heat td a").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    row, column = page.evaluate("(e => [e.closest('tr').rowIndex, e.closest('td').cellIndex])(document.activeElement)")
    assert (row, column) == (2, 2)
    assert "PSI" in page.locator("#tip").inner_text()
    page.keyboard.press("Escape")
    assert page.locator("#tip").is_hidden()


def test_numbers_can_be_read_in_the_map(visit: Visit) -> None:
    page = visit.open(MODEL)
    page.get_by_label("PSI as numbers").check()
    cell = page.locator(".heat tbody tr").first.locator("td a").last
    assert cell.inner_text().startswith("0.8")
    assert cell.evaluate("e => parseFloat(getComputedStyle(e).fontSize)") >= 11


def test_the_timeline_draws_zooms_and_gives_its_range_to_the_page(visit: Visit) -> None:
    page = visit.open(MODEL)
    assert page.evaluate("typeof Plotly") == "undefined"
    visit.draw_timeline()
    assert page.locator(".timeline .scatterlayer .trace").count() >= 8
    place = page.locator(".timeline .nsewdrag").first.bounding_box()
    assert place
    page.mouse.move(place["x"] + place["width"] * 0.6, place["y"] + 40)
    page.mouse.down()
    page.mouse.move(place["x"] + place["width"] * 0.9, place["y"] + 60, steps=5)
    page.mouse.up()
    page.get_by_role("link", name="Use this range for the whole page").click()
    page.wait_for_url("**from=2013-**")
    assert visit.complaints == []


def test_nothing_moves_while_a_page_loads(visit: Visit) -> None:
    for name in ("overview", "drifted", "200 columns"):
        page = visit.open(PAGES[name])
        visit.draw_timeline()
        assert page.evaluate(LAYOUT_SHIFT) < 0.01, name


def test_times_are_told_in_the_zone_of_the_reader(browser: Browser, site: str) -> None:
    context = browser.new_context(timezone_id="Asia/Tokyo", locale="en-GB")
    page = context.new_page()
    page.clock.set_fixed_time(flights.NOW)
    page.goto(site + MODEL)
    first = page.locator(".events time").first
    assert first.inner_text() == "12:13:00"
    assert first.get_attribute("title") == "1 Jan 2014, 12:13:00 (your time)\n2014-01-01 03:13:00 UTC"
    context.close()


def test_without_scripts_the_page_still_says_everything(browser: Browser, site: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site + MODEL)
    assert page.locator(".reason").inner_text().startswith("distance moved from median 872")
    assert page.locator(".heat td a").count() > 700
    page.locator(".heat tbody tr", has_text="carrier").locator("th a").click()
    assert page.locator("#column h2 code").inner_text() == "carrier"
    assert page.locator(".scripted").first.is_hidden()
    page.locator("details.numbers summary").first.click()
    assert page.locator("details.numbers table").first.is_visible()
    page.locator("#latency summary").click()
    page.get_by_role("link", name="Latency by window").click()
    assert page.locator("table tbody tr").count() == 300
    context.close()


def test_the_numbers_of_a_chart_come_when_they_are_asked_for_and_tell_its_hover(visit: Visit) -> None:
    page = visit.open(MODEL)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    chart = page.locator("#latency .plot")
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 60)
    page.wait_for_selector("#tip:not([hidden])")
    told = page.locator("#tip").inner_text()
    assert "2013" in told
    assert "p95: " in told
    page.mouse.move(box["x"] + box["width"] / 2 + 40, box["y"] + 60)
    page.wait_for_function("old => document.getElementById('tip').innerText !== old", arg=told)
    page.locator("#latency summary").click()
    assert page.locator("#latency tbody tr").count() == 300
    assert len([url for url in asked if "part=latency" in url]) == 1
    page.mouse.move(2, 2)
    assert page.locator("#tip").is_hidden()
    assert visit.complaints == []


def test_a_calm_cell_tells_its_window_and_level_too(visit: Visit) -> None:
    page = visit.open(MODEL)
    page.locator(".heat td a.l1").first.hover()
    assert re.fullmatch(r"\d+ \w+ to \d+ \w+ 2013\nno drift, PSI [\d.]+", page.locator("#tip").inner_text())


def test_a_page_on_paper_is_light_and_whole(visit: Visit) -> None:
    visit.page.emulate_media(media="print", color_scheme="dark")
    page = visit.open(MODEL)
    assert page.evaluate("getComputedStyle(document.querySelector('.reason')).color") == "rgb(27, 31, 36)"
    assert page.locator(".top").is_hidden()
    assert page.locator("#column .chart").first.is_visible()


def test_pages_are_light_before_their_charts(visit: Visit) -> None:
    page = visit.open(MODEL)
    bare = page.evaluate(WITHOUT_CHARTS)
    sizes = "performance.getEntriesByType('resource').map(r => r.decodedBodySize)"
    assert bare + sum(page.evaluate(sizes)) < 150_000
    assert len(page.content()) < 230_000  # with the charts of a year, before it is compressed
