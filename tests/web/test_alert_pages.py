"""From real drift to the pages of alerts: the incident, its message, its rule, and a silence."""

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select
from tests.monitoring.world import START, World
from tests.web.conftest import DAY
from tests.web.test_pages import text_of

from modelward.accounts.principal import Role
from modelward.alerting.look import look_at_model
from modelward.alerting.move import move_due
from modelward.alerting.tables import AlertRow, IncidentRow
from modelward.kit.database import reading

CLOSED = START + 4 * DAY + timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def told(drifted: World) -> World:
    """The drift is seen as its day closes, and told a minute later."""
    look = look_at_model(drifted.engine, model_id=drifted.model_id, now=CLOSED)
    assert look is not None
    drifted.write(look)
    drifted.write(lambda session: move_due(session, incident_id=1, now=CLOSED + MINUTE))
    return drifted


def test_a_day_that_drifted_is_an_incident_with_its_message(reader: TestClient, told: World) -> None:
    listed = text_of(reader.get("/alerts").text)
    assert "churn: the data is broken and a column has drifted" in listed
    page = text_of(reader.get("/alerts/1").text)
    assert "`age`" not in page
    assert "age moved from" in page
    assert "What people were told" in page
    assert "Nobody is told: the data of age is broken, and that is told instead" in page
    assert "group_wait" in page
    assert "first" in page
    assert "Incident: the data is broken and a column has drifted" in text_of(
        reader.get("/dashboard/models/churn").text
    )


def test_the_alert_knows_since_when_by_the_events_own_time(told: World) -> None:
    with reading(told.engine) as session:
        alert = session.scalars(select(AlertRow).where(AlertRow.subject == "age")).one()
    assert (alert.since, alert.state, alert.stale) == (START + 3 * DAY, "firing", False)


def test_the_rule_says_what_it_would_have_done(reader: TestClient, told: World) -> None:
    told.write(lambda session: setattr(session.merge(told.model()), "attributes", {"replayed": True}))
    page = text_of(reader.get("/alerts/rules/drift").text)
    assert "This rule would have fired once in the last 30 days, counted back from the newest window." in page
    tried = reader.post("/alerts/rules/drift", data={"act": "preview", "columns": "town", "at_least": "moderate"})
    assert "would have fired never" in text_of(tried.text)


def test_an_old_window_of_a_model_that_is_not_replayed_is_no_news(drifted: World, reader: TestClient) -> None:
    look = look_at_model(drifted.engine, model_id=drifted.model_id, now=CLOSED + 30 * DAY)
    assert look is not None
    drifted.write(look)
    drifted.write(lambda session: move_due(session, incident_id=1, now=CLOSED + 30 * DAY + MINUTE))
    with reading(drifted.engine) as session:
        drift = session.scalars(select(AlertRow).where(AlertRow.kind == "drift")).one()
    assert drift.stale
    assert "Kept quiet" in text_of(reader.get("/alerts/1").text)


def test_an_incident_is_acknowledged_with_a_note_on_its_page(reader: TestClient, told: World) -> None:
    done = reader.post("/alerts/1/acknowledge", data={"note": "we retrain on Monday"})
    assert done.status_code == 303
    page = text_of(reader.get(done.headers["location"]).text)
    assert "reminders stop" in page
    assert "we retrain on Monday" in page
    assert "churn: the data is broken" in text_of(reader.get("/alerts?show=mine").text)


def test_a_viewer_reads_everything_and_is_offered_nothing_to_change(browser_of, told: World) -> None:
    viewer = browser_of(Role.VIEWER)
    assert "Acknowledge</button>" not in viewer.get("/alerts/1").text
    assert "Save the change" not in viewer.get("/alerts/rules/drift").text
    assert "Silence it</button>" not in viewer.get("/alerts/silences").text
    assert viewer.post("/alerts/1/acknowledge").status_code == 403


def test_a_rule_is_written_tried_switched_off_and_taken_back(reader: TestClient, told: World) -> None:
    form = {"kind": "latency", "title": "Slow", "percentile": "99", "limit": "5", "bound": "model:churn", "wait": "0"}
    assert "would have fired" in text_of(reader.post("/alerts/rules", data={**form, "act": "preview"}).text)
    assert "Give the rule a title" in text_of(reader.post("/alerts/rules", data={**form, "title": " "}).text)
    assert "needs a limit" in text_of(reader.post("/alerts/rules", data={**form, "limit": ""}).text)
    assert reader.post("/alerts/rules", data=form).status_code == 303
    assert "limit 5 ms at the 99th percentile" in text_of(reader.get("/alerts/rules").text)
    off = {**form, "enabled": "false", "limit": "7,5"}
    assert reader.post("/alerts/rules/1", data=off).status_code == 303
    assert "limit 7.5 ms" in text_of(reader.get("/alerts/rules").text)
    assert reader.post("/alerts/rules/1/remove", data={}).status_code == 422
    assert reader.post("/alerts/rules/1/remove", data={"understood": "true"}).status_code == 303
    assert "Slow" not in text_of(reader.get("/alerts/rules").text)


@pytest.mark.parametrize("kind", ["drift", "silence", "performance", "fairness", "governance_status", "monitor"])
def test_every_kind_of_rule_has_a_form(reader: TestClient, kind: str) -> None:
    assert reader.get("/alerts/rules/new", params={"kind": kind}).status_code == 200


def test_a_silence_is_made_and_ended_on_its_page(reader: TestClient, told: World) -> None:
    made = reader.post("/alerts/silences", data={"reason": "we know", "model": "churn", "hours": "24", "column": "age"})
    assert made.status_code == 303
    page = text_of(reader.get("/alerts/silences").text)
    assert "Everything on age of churn" in page
    assert "Nobody is told: silenced by" in text_of(reader.get("/alerts/1").text)
    assert reader.post("/alerts/silences/1/expire").status_code == 303
    assert "ended early by" in text_of(reader.get("/alerts/silences").text)
    wrong = reader.post("/alerts/silences", data={"reason": " ", "hours": "24"})
    assert (wrong.status_code, "needs a reason" in text_of(wrong.text)) == (422, True)


def test_empty_pages_teach(reader: TestClient) -> None:
    assert "Nothing fires" in text_of(reader.get("/alerts").text)
    assert "No incident is over yet" in text_of(reader.get("/alerts?show=history").text)
    assert "None of the open incidents is yours" in text_of(reader.get("/alerts?show=mine").text)
    assert "Nothing is kept quiet" in text_of(reader.get("/alerts/silences").text)
    assert "hold without anybody writing one" in text_of(reader.get("/alerts/rules").text)
    assert reader.get("/alerts/1").status_code == 404


def test_what_is_said_is_never_markup(reader: TestClient, told: World) -> None:
    told.write(lambda session: setattr(session.get_one(IncidentRow, 1), "title", "<script>alert(1)</script>"))
    for page in ("/alerts", "/alerts/1", "/dashboard/models/churn"):
        assert "<script>alert(1)" not in reader.get(page).text
