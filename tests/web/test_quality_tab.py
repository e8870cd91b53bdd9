"""The tab of data quality on a real database and event store."""

import re

import pytest
from fastapi.testclient import TestClient
from tests.monitoring.test_quality_routes import HOUR, changed
from tests.monitoring.world import START, World
from tests.web.conftest import DAY
from tests.web.test_pages import text_of

from modelward.monitoring.capture_baseline import window_reference

TAB = "/dashboard/models/churn/quality"


@pytest.fixture
def broken(world: World) -> World:
    """A quiet day that is the reference, and one on which half of the ages are missing and a town is new."""
    world.send(world.events(1200, START, over=DAY, prefix="d0"), now=START + DAY)
    model = world.model()
    world.write(lambda session: window_reference(session, model=model, start=START, end=START + DAY, now=START + DAY))
    world.settle(START + DAY + HOUR)
    day = world.events(1000, START + DAY, over=DAY, prefix="d1")
    ages = [None if n % 2 == 0 else 40.0 + n % 7 for n in range(1000)]
    towns = ["Atlantis" if n % 3 == 0 else "Ulm" for n in range(1000)]
    world.send(changed(day, f1=ages, f2=towns), now=START + 2 * DAY)
    world.settle(START + 2 * DAY + HOUR)
    return world


def test_it_says_which_columns_were_wrong_in_which_windows(reader: TestClient, broken: World) -> None:
    page = reader.get(TAB).text
    told = text_of(page)
    assert "In 1 of 2 windows something was wrong:" in told
    grid = re.search(r'<table class="heat quality">.*?</table>', page, re.DOTALL)
    assert grid
    assert {"age", "town"} <= set(re.findall(r'class="row-name" title="([^"]+)"', grid[0]))
    links = re.findall(r'<a class="l[34]" href="([^"]+)#findings"', grid[0])
    assert links
    assert reader.get(links[0].replace("&amp;", "&")).status_code == 200
    assert "Atlantis" in told


def test_events_that_show_a_finding_are_one_click_away(reader: TestClient, broken: World) -> None:
    page = reader.get(TAB).text
    assert "d1-" not in page
    shown = re.search(r'href="([^"]*examples=true)#findings"', page)
    assert shown
    there = text_of(reader.get(shown[1].replace("&amp;", "&")).text)
    assert "d1-0" in there
    assert "Looked at 1,000 events" in there


def test_a_quiet_window_is_sound_and_can_be_looked_at(reader: TestClient, broken: World) -> None:
    told = text_of(reader.get(f"{TAB}?window=20260302T0000Z").text)
    assert "Nothing is wrong with the data." in told
    assert reader.get(f"{TAB}?window=20010101T0000Z").status_code == 404


def test_the_numbers_behind_the_grid_are_a_table(reader: TestClient, broken: World) -> None:
    part = reader.get(f"{TAB}/numbers", headers={"x-part": "numbers"}).text
    assert part.count("<tr data-from") == 2


def test_before_any_event_it_teaches_what_to_send(reader: TestClient, world: World) -> None:
    told = text_of(reader.get(TAB).text)
    assert "curl http://models.example:8000/api/v1/events" in told
    assert "Too few rows" in told
