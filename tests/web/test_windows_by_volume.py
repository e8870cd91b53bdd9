"""Which windows are in effect, and why: on the model's page, on its Monitor tab, and in the monitor's own record."""

from html import unescape

import pytest
from fastapi.testclient import TestClient
from tests.monitoring.test_window_by_volume import DAY, HEAVY, HOUR, hours, watch
from tests.monitoring.world import START, World
from tests.web.test_monitor_tabs import MONITOR, token_in
from tests.web.test_pages import text_of

from modelward.monitoring.capture_baseline import window_reference
from modelward.monitoring.monitor_settings import asked_window

WHY = "60 rows an hour in the median over the last 3 days, 50 are needed"


@pytest.fixture
def heavy(world: World) -> World:
    """Three days, the first of which is the reference, and two hours of a fourth: enough for the hour."""
    watch(world)
    hours(world, START, START + DAY, HEAVY)
    model = world.model()
    world.write(lambda s: window_reference(s, model=s.merge(model), start=START, end=START + DAY, now=START + DAY))
    hours(world, START + DAY, START + 3 * DAY + 2 * HOUR, HEAVY)
    return world


def test_a_model_without_events_is_by_volume_and_says_that_nothing_was_decided(
    reader: TestClient, world: World
) -> None:
    assert asked_window(world.model()) is None
    told = text_of(reader.get(MONITOR).text)
    assert "Windows in effect, as the volume chose them: day : the volume decides" in told
    assert "has not yet" in told


def test_the_model_and_its_monitor_say_which_windows_are_in_effect_and_why(reader: TestClient, heavy: World) -> None:
    page = reader.get("/dashboard/models/churn").text
    assert WHY in unescape(text_of(page))
    assert "Each cell is one window." in text_of(page)
    assert "half of the windows hold 60 or more an hour" in text_of(page)
    told = reader.get(MONITOR).text
    assert "Windows in effect, since 5 Mar 2026, as the volume chose them: hour : 60 rows" in text_of(told)
    assert WHY in text_of(told)
    assert '<option value="" selected>by volume</option>' in told


def test_saving_something_else_leaves_the_choice_to_the_volume_and_a_kind_is_asked_for_by_choosing_it(
    reader: TestClient, heavy: World
) -> None:
    form = {"window": "", "minimum_rows": "10", "psi_strong": "0.4", "form_token": token_in(reader.get(MONITOR).text)}
    before = heavy.model().windows
    assert reader.post(MONITOR, data=form).status_code == 303
    assert (asked_window(heavy.model()), heavy.model().windows) == (None, before)
    assert reader.post(MONITOR, data={**form, "window": "day"}).status_code == 303
    assert asked_window(heavy.model()) == "day"
    told = reader.get(MONITOR).text
    assert "Windows in effect: day , as set below." in text_of(told)
    assert '<option value="day" selected>a day</option>' in told


def test_the_season_has_a_field_and_is_refused_where_it_cannot_be_meant(reader: TestClient, heavy: World) -> None:
    page = reader.get(MONITOR).text
    assert '<option value="same_hour_of_week">the same hour of the week</option>' in page
    form = {"window": "week", "reference": "same_weekday", "form_token": token_in(page)}
    answer = reader.post(MONITOR, data=form)
    assert answer.status_code == 422
    assert "every weekday and hour is in each of them" in unescape(text_of(answer.text))
    assert '<option value="same_weekday" selected>' in answer.text
    assert reader.post(MONITOR, data={**form, "window": ""}).status_code == 303
    assert heavy.model().monitor["reference"] == "same_weekday"  # type: ignore[index]


def test_the_record_of_the_monitor_tells_the_change(reader: TestClient, heavy: World) -> None:
    told = text_of(reader.get("/audit").text)
    assert "Windows that the volume changed" in told
    assert f"5 Mar churn is judged by hour : {WHY}" in told
