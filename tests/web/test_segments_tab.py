"""The tab of segments on a real database and event store."""

import re

import pytest
from fastapi.testclient import TestClient
from tests.monitoring.test_segment_profiles import declare, refer, work
from tests.monitoring.test_segments import in_one_town
from tests.monitoring.world import START, World
from tests.web.conftest import DAY
from tests.web.test_pages import text_of

from modelward.monitoring.capture_baseline import window_reference

TAB = "/dashboard/models/churn/segments"


@pytest.fixture
def bonn(world: World) -> World:
    """A reference day, a quiet one, and one on which the ages of Bonn are told in months."""
    model = world.model()
    for day in range(3):
        table = world.events(3000, START + day * DAY, over=DAY, prefix=f"s{day}")
        world.send(in_one_town(table, "Bonn", 12.0) if day == 2 else table, now=START + (day + 1) * DAY)
        if day == 0:
            world.write(lambda s: window_reference(s, model=model, start=START, end=START + DAY, now=START + DAY))
    world.settle(START + 3 * DAY)
    return world


def test_the_segment_that_drifted_comes_first_and_opens_its_column(reader: TestClient, bonn: World) -> None:
    page = reader.get(f"{TAB}?by=town&over=window&range=7d").text
    told = text_of(page)
    assert "1 of the 3 segments of town moved: Bonn ." in told
    rows = re.findall(r'<tr><th scope="row"[^>]*>([^<]+)</th><td class="said">', page)
    assert rows[0] == "Bonn"
    assert set(rows) == {"Bonn", "Köln", "Ulm"}
    link = re.search(r'href="([^"]+)" aria-label="Look at age"', page)
    assert link
    assert "range=7d" in link[1]
    assert reader.get(link[1].replace("&amp;", "&")).status_code == 200


def test_nothing_is_divided_before_a_column_is_chosen(reader: TestClient, bonn: World) -> None:
    page = reader.get(TAB).text
    assert "<option>town</option>" in page
    assert '<section id="segments"' not in page


def test_what_cannot_be_divided_is_said_in_a_sentence_on_the_page(reader: TestClient, bonn: World) -> None:
    answer = reader.get(f"{TAB}?by=shoe")
    assert answer.status_code == 200
    assert "The model has no column &#39;shoe&#39; to divide by" in answer.text


def test_a_model_without_events_says_what_will_be_here(reader: TestClient, world: World) -> None:
    page = text_of(reader.get(TAB).text)
    assert "curl http://models.example:8000/api/v1/events" in page


def test_a_declared_segment_has_a_line_a_value_and_its_alarm_is_on_the_page_of_the_model(
    reader: TestClient, world: World
) -> None:
    declare(world, ["town", "vip"])
    for day in range(3):
        table = world.events(1500, START + day * DAY, over=DAY, prefix=f"s{day}")
        world.send(in_one_town(table, "Bonn", 12.0) if day == 2 else table, now=START + (day + 1) * DAY)
    refer(world)
    work(world)
    page = reader.get(f"{TAB}?range=7d").text
    told = text_of(page)
    assert "Only where town is Bonn : age moved" in told
    assert page.count('class="line series-') == 3
    rows = re.findall(r'<rect class="key-series-\d" width="12" height="12" rx="2"/></svg> (\w+)</th>', page)
    assert rows == ["Bonn", "Köln", "Ulm"]
    assert "Largest PSI of any column" in told
    front = text_of(reader.get("/dashboard/models/churn?range=7d").text)
    assert "Only where town is Bonn : age moved" in front
    searched = text_of(reader.get(f"{TAB}?slices=drift&range=7d").text)
    assert "sampled rows against 1,500" in searched
    refused = text_of(reader.get(f"{TAB}?slices=loss&range=7d").text)
    assert "A loss needs rows with an outcome" in refused
    apart = text_of(reader.get(f"{TAB}?together=1&over=window&range=7d").text)
    assert "1,500 sampled rows against 1,500." in apart
    assert "What gives the rows away AUC lost without it age" in apart


def test_it_is_not_for_strangers(stranger: TestClient, world: World) -> None:
    assert stranger.get(TAB).status_code == 303
