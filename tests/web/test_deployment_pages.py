"""The pages of a version's life, as a browser without scripts would use them."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from tests.governance.office import NOON, Office
from tests.permissions.place import Town, town

from modelward.web.pages import environment


@pytest.fixture
def ours(tmp_path, database: Engine) -> Iterator[Town]:
    with town(tmp_path, database) as settled:
        yield settled


def test_a_version_is_submitted_and_deployed_by_forms_and_the_page_says_what_was_decided(ours: Town) -> None:
    page = "/dashboard/models/churn/deployment"
    client = ours.caller("member", page=True)
    assert "Request deployment" in client.get(page).text
    for action in ("submit", "deploy"):
        answer = client.post(f"{page}/{action}", data={"justification": "<b>It is better.</b>"})
        assert answer.status_code == 303
    shown = client.get(page).text
    assert "is deployed, and in production" in shown
    assert "&lt;b&gt;It is better" in shown
    refused = client.post(f"{page}/rollback", data={"justification": ""})
    assert refused.status_code == 422
    assert "Say why" in refused.text
    assert "Roll back" not in ours.caller("viewer", page=True).get(page).text


def test_the_gate_s_reasons_stand_on_the_page_before_one_clicks_and_an_override_in_red_after(ours: Town) -> None:
    page = "/dashboard/models/churn/deployment"
    Office(ours.whole.database, ours.organisation_id).measure(ours.model_id, 0.6)
    member, admin = (ours.caller(kind, page=True) for kind in ("member", "admin"))
    assert "BLOCKED" in member.get(page).text
    assert 'name="override"' not in member.get(page).text
    assert 'name="override"' in admin.get(page).text
    said = {"justification": "The groups differ by law.", "override": "yes", "days": "7"}
    assert member.post(f"{page}/deploy", data=said).status_code == 409
    assert admin.post(f"{page}/deploy", data=said).status_code == 303
    shown = admin.get(page).text
    assert 'class="overridden"' in shown
    assert "by law.." not in shown
    assert "Request approval afterwards" not in shown, "the policy asks for none"
    known = shown.partition("What was known then")[2]
    assert "The status was BLOCKED." in known
    assert "The fairness score of sex is 0.6" in known
    assert "There was no reference." in known


def test_what_waits_for_the_reader_stands_on_a_page(ours: Town) -> None:
    ours.caller("member", page=True).post("/dashboard/models/churn/deployment/submit", data={})
    assert "1 version waits for your approval" in ours.caller("admin", page=True).get("/approvals").text
    assert "Nothing waits for you" in ours.caller("viewer", page=True).get("/approvals").text


def test_the_differences_of_two_versions_are_shown_with_their_intervals() -> None:
    side = {"drift": None, "quality": None, "fairness": None, "performance": None, "why_not": {"drift": "no reference"}}
    one = {"metric": "brier_score", "this": 0.1, "other": 0.2, "difference": -0.1, "low": -0.12, "high": -0.08}
    found = {
        "told": "Compared on the 400 events that both predicted.",
        "differences": [{**one, "events": 400, "better": "this"}],
        "this": side,
        "other": side,
    }
    template = environment().get_template("model_compare.html")
    html = "".join(
        template.blocks["tab"](template.new_context({"found": found, "titles": ("churn 2", "churn 1"), "now": NOON}))
    )
    assert "brier score" in html
    assert "churn 2" in html
    assert "no reference" in html
