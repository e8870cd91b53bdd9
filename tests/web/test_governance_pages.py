"""The pages of governance on a real database: all models, the tab of one, and policies with their preview."""

import re
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from tests.governance.measured_world import CALM, MeasuredWorld
from tests.monitoring.world import World
from tests.web.test_pages import text_of

from modelward.accounts.principal import Role

TAB = "/dashboard/models/churn/governance?range=all"


@pytest.fixture
def governed(world: World) -> MeasuredWorld:
    """A model that was calm, then lost one column and its fairness; and one beside it that is calm."""
    model = MeasuredWorld(world.engine, world.organisation_id, world.model_id)
    calm = model.another("calm")
    for day in range(3):
        calm.window(day)
        model.window(day, {**CALM, "fare": 0.3} if day == 2 else None)
        model.fairness(day, 0.96 if day < 2 else 0.84, low=0.8, high=0.88, attribute="sex")
        for one in (model, calm):
            one.look(model.after(day + 1))
    return model


def test_the_tab_says_the_status_the_parts_the_columns_and_the_event_behind_each_step(
    reader: TestClient, governed: MeasuredWorld
) -> None:
    page = reader.get(TAB).text
    told = text_of(page)
    assert "At risk" in told
    assert "The risk is 62.0; from 50 on a model is at risk." in told
    assert "Risk 62.0 = 0.6 × drift 50.0 + 0.4 × fairness 80.0." in told
    assert "1 of 4 columns has drifted ( fare ); half of them are the limit." in told
    assert "Fairness of sex is 0.84 (interval 0.8 to 0.88); the four-fifths rule asks for 0.8." in told
    assert "Risk rose from 8.0 to 62.0, now at risk: in the window from 2026-03-04 00:00 UTC" in told
    assert "Risk below 50 : the risk is 62.0." in told
    assert re.search(r"on windows until 5 Mar(ch)? 2026", told)
    assert 'class="line current"' in page
    assert page.count('class="threshold"') == 2


def test_the_window_of_the_fairness_part_is_that_of_the_attribute_that_counts(
    reader: TestClient, governed: MeasuredWorld
) -> None:
    governed.fairness(3, 0.99, low=0.97, high=1.0, attribute="age")
    told = text_of(reader.get(TAB).text)
    assert re.search(r"Fairness of sex is 0.84 .*? Wed 4 Mar 2026", told), "age was measured on the day after"


def test_the_numbers_behind_the_chart_are_a_table(reader: TestClient, governed: MeasuredWorld) -> None:
    address = TAB.replace("governance", "governance/numbers")
    part = reader.get(address, headers={"x-part": "numbers"}).text
    assert re.findall(r"<td>([\d.]+)</td>", part) == ["62.0", "8.0", "8.0"]
    assert "<!doctype html>" in reader.get(address).text


def test_a_model_that_was_never_measured_learns_what_will_be_here(reader: TestClient, world: World) -> None:
    told = text_of(reader.get(TAB).text)
    assert "Not measured" in told
    assert "Here will be every step of this model's risk" in told
    assert "The risk is not known: drift, because no window has enough rows" in told


def test_the_command_center_counts_and_orders_models_by_risk(reader: TestClient, governed: MeasuredWorld) -> None:
    told = text_of(reader.get("/command-center").text)
    assert "2 models: 1 at risk, 1 approved." in told
    assert told.index("churn") < told.index("calm")
    assert "The risk is 62.0; from 50 on a model is at risk." in told
    assert "Compliance 75 %" in told.replace("\u202f", " "), "1 of 2 checks, and 1 of 1"
    assert "No version was in production in these days." in told


def test_the_days_of_the_command_center_end_with_the_data_of_a_replayed_year(
    reader: TestClient, governed: MeasuredWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = governed.after(4_000)
    monkeypatch.setattr("modelward.web.governance_routes.now", lambda: later)
    page = reader.get("/command-center?range=30d").text
    assert "4 Feb to 5 Mar 2026: the newest windows of these models end there." in text_of(page)
    numbers = reader.get("/command-center/numbers?range=30d", headers={"x-part": "numbers"}).text
    assert "<td>31.0</td>" in numbers, "the mean of 62 and of 0, on the day on which the risk rose"
    whole = reader.get("/command-center/numbers?range=all", headers={"x-part": "numbers"}).text
    assert 100 < whole.count('scope="row"') <= 400, "eleven years are told in parts of some days"


def test_the_command_center_without_a_model_teaches(reader: TestClient, world: World) -> None:
    assert "1 model: 1 not measured." in text_of(reader.get("/command-center").text)
    for range_ in ("30d", "1y", "all"):
        assert reader.get(f"/command-center?range={range_}").status_code == 200
    assert reader.get("/command-center?range=century").status_code == 422
    assert reader.get("/command-center/numbers").status_code == 200


def test_the_risk_stands_on_the_overview_and_at_the_head_of_the_model(
    reader: TestClient, governed: MeasuredWorld
) -> None:
    assert "risk 62, at risk" in text_of(reader.get("/dashboard").text) or "Waiting" in reader.get("/dashboard").text
    head = text_of(reader.get("/dashboard/models/churn").text)
    assert "Risk 62 at risk, measured" in head
    assert "Fairness 0.84 sex , 0.80 to 0.88" in head


def test_a_policy_is_tried_before_it_is_saved(browser_of: Callable[..., TestClient], governed: MeasuredWorld) -> None:
    admin = browser_of(Role.ADMIN)
    tried = admin.post("/policies/preview", data={"blocked": "60", "based_on": "0"})
    told = text_of(tried.text)
    assert tried.status_code == 200
    assert "1 of 2 models would have another status. Nothing is saved yet." in told
    assert "The risk is 62.0; from 60 on a model is blocked." in told
    assert 'name="blocked" value="60"' in tried.text
    assert "Nobody has written one yet" in told
    saved = admin.post("/policies", data={"blocked": "60", "approver_roles": ["owner"], "note": "Stricter."})
    assert (saved.status_code, saved.headers["location"]) == (303, "/policies?done=policy-changed")
    told = text_of(admin.get("/policies?done=policy-changed").text)
    assert "The policy has a new version." in told
    assert "Version 1 in force admin@example.org" in told
    assert "Stricter." in told


def test_what_a_form_cannot_mean_is_said_and_kept(
    browser_of: Callable[..., TestClient], governed: MeasuredWorld
) -> None:
    admin = browser_of(Role.ADMIN)
    wrong = admin.post("/policies", data={"at_risk": "much", "blocked": "70"})
    assert wrong.status_code == 422
    assert "At risk from is a number, and not" in text_of(wrong.text)
    assert 'value="70"' in wrong.text
    assert admin.post("/policies/preview", data={"at_risk": "90"}).status_code == 422
    assert admin.post("/policies", data={"at_risk": "40"}).status_code == 303
    late = admin.post("/policies", data={"at_risk": "45", "based_on": "0"})
    assert late.status_code == 409
    assert "Version 0 is not the newest any more, 1 is" in text_of(late.text)


def test_a_model_inherits_what_its_own_policy_leaves_empty(
    browser_of: Callable[..., TestClient], governed: MeasuredWorld
) -> None:
    admin = browser_of(Role.ADMIN)
    admin.post("/policies", data={"fairness_limit": "none", "four_eyes": "no"})
    page = admin.get("/policies?model=churn").text
    assert 'name="fairness_limit" value="" placeholder="none"' in page
    assert "as above: no" in page
    assert admin.post("/policies?model=churn", data={"approvals": "2"}).status_code == 303
    assert "version 1 of the organisation&#39;s policy with version 1 of the model&#39;s policy" in admin.get(TAB).text


def test_who_may_not_change_a_policy_reads_it(browser_of: Callable[..., TestClient], governed: MeasuredWorld) -> None:
    member = browser_of(Role.MEMBER)
    page = member.get("/policies")
    assert page.status_code == 200
    assert "Changing it is for an admin" in text_of(page.text)
    assert '<fieldset class="policy-group" disabled>' in page.text
    assert member.post("/policies", data={"at_risk": "40"}).status_code == 403
