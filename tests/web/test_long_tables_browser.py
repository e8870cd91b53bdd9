"""Tables of many columns with long and hostile names, in a real browser: found by a field, and none leaves its card."""

import shutil
import threading
from collections.abc import Iterator

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from tests.monitoring.world import START, World
from tests.web.conftest import DAY
from tests.web.test_browser import CHROMIUM, QUIET, TELL

from modelward.accounts.sessions import PLAIN_COOKIE, begin_session
from modelward.kit.clock import now
from modelward.monitoring.capture_baseline import window_reference
from modelward.registry.service import widen
from modelward.web.security import SecurityHeaders

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not shutil.which(CHROMIUM), reason="no Chromium on this machine: apt-get install chromium"),
]
LONG = "a" * 150
NAMES = [LONG, '"><img src=x onerror=alert(1)>', *(f"feature_{n:03d}" for n in range(38))]
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield opened
        opened.close()


@pytest.fixture
def wide(world: World) -> World:
    """A model with a day of events, and forty columns more."""
    world.send(world.events(600, START, over=DAY), now=START + DAY)
    features = dict.fromkeys(NAMES, "numeric")
    world.write(lambda session: widen(session, model_id=world.model_id, features=features, prediction=None, now=START))
    world.settle(START + DAY)
    return world


@pytest.fixture
def visitor(chromium: Browser, app: FastAPI, wide: World) -> Iterator[tuple[BrowserContext, str]]:
    """Somebody who is signed in, and where the pages are."""
    token = wide.write(lambda session: begin_session(session, organisation_id=wide.organisation_id, now=now()))
    server = uvicorn.Server(uvicorn.Config(SecurityHeaders(app), port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
    address = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    context.add_cookies([{"name": PLAIN_COOKIE, "value": token, "url": address}])
    yield context, address
    context.close()
    server.should_exit = True
    thread.join(20)


def opened(visitor: tuple[BrowserContext, str], tab: str) -> tuple[Page, list[str]]:
    context, address = visitor
    page = context.new_page()
    complaints: list[str] = []
    page.add_init_script(TELL)
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.goto(f"{address}/dashboard/models/churn/{tab}")
    return page, complaints


def test_a_field_finds_rows_of_a_long_table(visitor: tuple[BrowserContext, str]) -> None:
    page, complaints = opened(visitor, "constraints")
    rows = page.locator("#constraint-rows tbody tr")
    everything = rows.count()
    field = page.get_by_role("searchbox", name="Find")
    field.fill("feature_01")
    assert rows.locator("visible=true").count() == 10
    assert page.locator(".find output").inner_text() == f"10 of {everything}"
    field.fill("")
    assert rows.locator("visible=true").count() == everything
    assert complaints == []


def test_without_scripts_the_table_is_whole_and_has_no_field(
    chromium: Browser, visitor: tuple[BrowserContext, str]
) -> None:
    signed_in, address = visitor
    context = chromium.new_context(java_script_enabled=False, storage_state=signed_in.storage_state())
    page = context.new_page()
    page.goto(f"{address}/dashboard/models/churn/constraints")
    assert page.locator("#constraint-rows tbody tr").locator("visible=true").count() >= len(NAMES)
    assert page.get_by_role("searchbox", name="Find").count() == 0
    context.close()


@pytest.mark.parametrize("width", [360, 1280])
def test_a_long_name_pushes_no_other_cell_out_of_sight(visitor: tuple[BrowserContext, str], width: int) -> None:
    page, _ = opened(visitor, "constraints")
    page.set_viewport_size({"width": width, "height": 800})
    name = page.locator("#constraint-rows tbody tr", has_text=LONG).locator("th")
    box = name.bounding_box()
    assert box is not None
    assert box["width"] < width / 2
    assert page.evaluate(SIDEWAYS) == 0


@pytest.mark.parametrize("width", [360, 1280])
def test_a_list_of_long_names_stays_in_its_card(visitor: tuple[BrowserContext, str], width: int) -> None:
    page, _ = opened(visitor, "segments")
    page.set_viewport_size({"width": width, "height": 800})
    inside = "e => e.getBoundingClientRect().right <= e.closest('.card').getBoundingClientRect().right"
    assert page.locator("select[name=by]").evaluate(inside)
    assert page.evaluate(SIDEWAYS) == 0


def test_the_report_of_the_range_opens_from_the_page_and_needs_no_script(
    visitor: tuple[BrowserContext, str], world: World
) -> None:
    model = world.model()
    world.write(lambda session: window_reference(session, model=model, start=START, end=START + DAY, now=START + DAY))
    page, complaints = opened(visitor, "quality")
    page.get_by_role("link", name="Report", exact=True).click()
    page.wait_for_selector("h1")
    assert page.locator("h2", has_text="All columns").count() == 1
    assert page.locator("script").count() == 0
    assert complaints == []
