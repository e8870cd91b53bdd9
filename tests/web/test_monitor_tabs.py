"""The tabs of a monitor's settings and of constraints, on a real database and event store."""

import re
from collections.abc import Callable
from dataclasses import fields
from html import unescape

import pytest
from fastapi.testclient import TestClient
from tests.monitoring.test_quality_routes import HOUR
from tests.monitoring.world import START, World
from tests.web.conftest import DAY
from tests.web.test_pages import text_of
from tests.web.test_quality_tab import broken

from modelward.accounts.principal import Role
from modelward.monitoring.constraints import constraints_answer
from modelward.monitoring.monitor_settings import monitor_of
from modelward.rules.monitor import Monitor
from modelward.web.views.monitor_form import SETTINGS, form_of, settings_from

__all__ = ["broken"]
MONITOR, CONSTRAINTS = "/dashboard/models/churn/monitor", "/dashboard/models/churn/constraints"


def token_in(page: str) -> str:
    found = re.search(r'name="form_token" value="([^"]+)"', page)
    assert found
    return found[1]


def in_force(world: World) -> dict[str, object]:
    answer = world.write(lambda session: constraints_answer(session, world.model()))
    return {entry["column"]: entry for entry in answer["in_force"]}


def test_every_setting_of_a_monitor_has_a_field_and_comes_back_as_it_was() -> None:
    assert {field.name for field in fields(Monitor)} - set(SETTINGS) == {"labels"}
    odd = Monitor(
        bins=(0.0, 1.5), tests={"a: b": "ks"}, thresholds={"a: b": 0.01, "c": "mean+3sd"}, ignore=frozenset({"x", "y"}),
        protected=("sex",), protected_edges={"age": (30.0, 45.0)}, column_bins={"c": 20}, positive="late",
    )  # fmt: skip
    written = {field.setting.name: field.value for group in form_of(odd.to_dict()) for field in group.fields}
    assert Monitor.from_dict(settings_from(written, odd.to_dict())) == odd


def test_a_threshold_is_changed_where_it_is_explained(reader: TestClient, drifted: World) -> None:
    page = reader.get(MONITOR).text
    assert 'name="psi_strong" value="0.25"' in page
    form = {"psi_strong": "0.4", "tests": "age: ks", "protected": "town", "form_token": token_in(page)}
    answer = reader.post(MONITOR, data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{MONITOR}?done=monitor-changed")
    monitor = monitor_of(drifted.model())
    assert (monitor.psi_strong, monitor.tests, monitor.protected) == (0.4, {"age": "ks"}, ("town",))
    told = text_of(reader.get(answer.headers["location"]).text)
    assert "judged anew" in told
    assert "changed" in told


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        ("psi_strong", "many", "'many' is no number"),
        ("psi_strong", "0.01", "psi_moderate must be above 0 and not above psi_strong"),
        ("tests", "age", "must be a column, a colon and a value"),
        ("tests", "nobody: ks", "which the model does not have"),
        ("time_zone", "Mars/Olympus", "Mars/Olympus"),
        ("minimum_group", "1.5", "whole number"),
    ],
)
def test_what_cannot_be_meant_is_said_and_what_was_written_stays(
    reader: TestClient, drifted: World, field: str, text: str, said: str
) -> None:
    answer = reader.post(MONITOR, data={field: text, "form_token": token_in(reader.get(MONITOR).text)})
    assert answer.status_code == 422
    assert said in unescape(text_of(answer.text))
    assert text in answer.text
    assert monitor_of(drifted.model()) == Monitor()


def test_who_may_only_look_has_no_button_and_is_refused(browser_of: Callable[..., TestClient], drifted: World) -> None:
    viewer = browser_of(Role.VIEWER)
    for address in (MONITOR, CONSTRAINTS):
        page = viewer.get(address).text
        assert "Save, and judge anew" not in page
        assert "Put what is suggested" not in page
    token = token_in(viewer.get(MONITOR).text)
    assert viewer.post(MONITOR, data={"psi_strong": "0.4", "form_token": token}).status_code == 403
    assert viewer.post(f"{CONSTRAINTS}/all", data={"act": "clear", "form_token": token}).status_code == 403


def test_the_trial_says_its_state_and_then_how_often_it_was_wrong(reader: TestClient, world: World) -> None:
    assert "There is no reference yet" in text_of(reader.get(MONITOR).text)
    for day in range(4):
        world.send(world.events(600, START + day * DAY, over=DAY, prefix=f"d{day}"), now=START + (day + 1) * DAY)
    world.write(lambda session: _reference(session, world))
    assert "about to be tried" in text_of(reader.get(MONITOR).text)
    world.settle(START + 4 * DAY + HOUR)
    told = text_of(reader.get(MONITOR).text)
    assert "of 4 windows of the reference itself were flagged" in told
    assert "nothing below 1 in 4 can be claimed" in told
    assert re.search(r"Numbers seen from [\d.]+ SD", told)


def _reference(session: object, world: World) -> object:
    from modelward.monitoring.capture_baseline import window_reference

    return window_reference(session, model=world.model(), start=START, end=START + 4 * DAY, now=START + 4 * DAY)  # type: ignore[arg-type]


def test_constraints_are_suggested_put_in_force_and_their_violations_shown(reader: TestClient, broken: World) -> None:
    page = reader.get(CONSTRAINTS).text
    assert "No constraint is in force" in text_of(page)
    assert "never missing" in text_of(page)
    token = token_in(page)
    assert reader.post(f"{CONSTRAINTS}/all", data={"act": "suggest", "form_token": token}).status_code == 303
    assert {"age", "town"} <= set(in_force(broken))
    broken.settle(START + 2 * DAY + 2 * HOUR)
    told = text_of(reader.get(CONSTRAINTS).text)
    assert "violates the constraints of" in told
    assert "334 values are not on the list of allowed ones: Atlantis" in told
    assert reader.post(f"{CONSTRAINTS}/all", data={"act": "clear", "form_token": token}).status_code == 303
    assert in_force(broken) == {}


def test_one_column_is_edited_and_taken_out_again(reader: TestClient, broken: World) -> None:
    page = reader.get(f"{CONSTRAINTS}?edit=town").text
    form = {
        "column": "town",
        "kind": "text",
        "allowed": "Ulm\nBonn",
        "severity": "warning",
        "form_token": token_in(page),
    }
    assert reader.post(CONSTRAINTS, data=form).status_code == 303
    asked = in_force(broken)["town"]
    assert isinstance(asked, dict)
    assert (asked["allowed"], asked["severity"]) == (["Ulm", "Bonn"], "warning")
    assert reader.post(CONSTRAINTS, data={**form, "act": "drop"}).status_code == 303
    assert in_force(broken) == {}
    wrong = reader.post(CONSTRAINTS, data={**form, "kind": "numeric", "minimum": "9", "maximum": "1"})
    assert wrong.status_code == 422
    assert "minimum is above maximum" in text_of(wrong.text)
    assert reader.get(f"{CONSTRAINTS}?edit=nobody").status_code == 404
