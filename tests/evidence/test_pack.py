import json
import re
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session
from tests.governance.office import NOON, Office

from modelward.errors import Invalid
from modelward.evidence.pack import pack
from modelward.evidence.page import to_html
from modelward.governance.retire import retire
from modelward.registry.tables import Model

DAY = timedelta(days=1)
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def office(database: Engine) -> Office:
    return Office.opened(database)


def made(office: Office, model_id: int, start: datetime = NOON - DAY, end: datetime = NOON + DAY):
    with Session(office.engine) as session:
        return pack(session, session.get_one(Model, model_id), start=start, end=end, now=NOON)


def lived(office: Office) -> int:
    card = {"purpose": HOSTILE, "owner": "growth@example.org", "training_metrics": {"accuracy": 0.91}}
    model = office.version(attributes=card)
    office.policy(approvals=1)
    office.measure(model, 0.6)
    office.submit(model)
    office.approve(model)
    office.deploy(model, "ada", override=True, justification="The groups differ by law.")
    return model


def test_the_pack_says_who_decided_knowing_what_and_how_to_check_it(office):
    found = made(office, lived(office))
    assert found["card"]["owner"] == "growth@example.org"
    assert [step["action"] for step in found["transitions"]["items"]] == ["submit", "approve", "deploy"]
    assert [one["by"] for one in found["approvals"]["items"]] == ["ada@example.org"]
    (override,) = found["overrides"]
    assert override["justification"] == "The groups differ by law."
    assert override["evidence"]["governance_status"] == "BLOCKED"
    assert found["policy"]["in_force"]["approvals"] == 1
    assert found["audit"]["head"]["position"] >= 3
    assert [entry["action"] for entry in found["audit"]["entries"]][-1] == "version.deployed"
    json.dumps(found, default=str, allow_nan=False)


def test_who_let_it_serve_knowing_what_is_told_whatever_the_period(office):
    model = lived(office)
    office.policy(approvals=0)
    found = made(office, model, start=NOON + DAY, end=NOON + 2 * DAY)
    decided = found["decision"]
    assert (decided["step"]["author"]["title"], decided["submission"]["author"]["title"]) == (
        "ada@example.org",
        "eve@example.org",
    )
    assert [one["by"] for one in decided["approvals"]] == ["ada@example.org"]
    assert [one["policy"] for one in found["policy"]["cited"]] == [{"approvals": 1}], "as it was then"
    html = to_html(found)
    assert "What was known then: BLOCKED" in html
    assert "the fairness score of sex is 0.6" in html
    assert "Version 1 for the organisation" in html


def test_what_is_not_in_production_was_let_there_by_nobody(office):
    model = lived(office)
    office.do(retire, model, justification="The demo is over.")
    assert made(office, model)["decision"] is None
    assert "It is not in production." in to_html(made(office, model))


def test_what_lies_outside_of_the_period_is_not_in_it(office):
    found = made(office, lived(office), start=NOON + DAY, end=NOON + 2 * DAY)
    assert found["transitions"]["items"] == found["overrides"] == found["audit"]["entries"] == []
    assert found["audit"]["head"] is not None


def test_the_page_stands_alone_and_shows_nothing_as_markup_that_people_wrote(office):
    html = to_html(made(office, lived(office)))
    assert "&lt;script&gt;" in html
    assert not re.search(r"<script|src=|href=|url\(", html)
    assert "Override" in html
    assert "modelward audit verify" in html


def test_an_empty_version_has_a_pack_too(office):
    html = to_html(made(office, office.version("2")))
    assert "Nothing was decided in this period." in html


def test_a_period_that_ends_before_it_begins_is_refused(office):
    with pytest.raises(Invalid, match="after it begins"):
        made(office, office.version(), start=NOON, end=NOON)
