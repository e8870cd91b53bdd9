"""The page of the audit: lines for admins, the monitor's record for readers, and no stranger's markup."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from tests.audit.chains import ADA, by_hand, tell
from tests.permissions.place import Town, town

from modelward.audit.author import Author
from modelward.kit.database import writing
from modelward.web.views.audit import phrase

EVIL = '<script>alert("x")</script>'


@pytest.fixture
def ours(tmp_path, database: Engine) -> Iterator[Town]:
    with town(tmp_path, database) as settled:
        yield settled


def page(ours: Town, kind: str = "admin", query: str = "") -> str:
    answer = ours.caller(kind, page=True).get(f"/audit{query}")
    assert answer.status_code == 200
    return answer.text


def test_an_admin_reads_who_changed_what_for_whom_from_where_and_why(ours: Town) -> None:
    by = Author('the admin key "ci"', "key", 4, on_behalf_of="grace@example.org", address="198.51.100.4")
    with writing(ours.whole.database) as session:
        tell(session, 1, organisation_id=ours.organisation_id, author=by, reason="A new quarter.")
    text = page(ours)
    for said in (
        "the admin key &#34;ci&#34;",
        "changed the model",
        "churn 1",
        "on behalf of grace@example.org",
        "198.51.100.4",
    ):
        assert said in text
    assert "<del>of customers 1</del>" in text
    assert "<ins>Ärger &amp; Söhne</ins>" in text
    assert "“A new quarter.”" in text


def test_a_reader_sees_what_the_monitor_did_and_nobodys_address(ours: Town) -> None:
    with writing(ours.whole.database) as session:
        tell(session, 1, organisation_id=ours.organisation_id)
    text = page(ours, "viewer")
    assert "What the monitor did" in text
    assert "admins of the organisation read it" in text
    assert str(ADA.address) not in text
    assert "ada@example.org" not in text


def test_what_a_stranger_wrote_is_shown_and_never_run(ours: Town) -> None:
    with writing(ours.whole.database) as session:
        tell(session, 1, organisation_id=ours.organisation_id, object_title=EVIL, after={EVIL: EVIL}, reason=EVIL)
    text = page(ours, query="?q=%3Cscript%3E")
    assert EVIL not in text
    assert text.count("&lt;script&gt;") >= 4


def test_the_state_of_the_chain_is_said_and_can_be_asked_for(ours: Town) -> None:
    assert "was not verified yet" in page(ours)
    admin = ours.caller("admin", page=True)
    answer = admin.post("/audit/verify")
    assert (answer.status_code, answer.headers["location"]) == (303, "/audit?done=audit-verified")
    assert "each as it was written" in page(ours)
    by_hand(
        ours.whole.database,
        "UPDATE audit_entries SET reason = 'x' WHERE position = 2 AND organisation_id = :own",
        own=ours.organisation_id,
    )
    admin.post("/audit/verify")
    text = page(ours)
    assert "Broken" in text
    assert "At position 2: Entry 2 is not what was written there" in text


def test_filters_stay_in_the_form_in_the_next_page_and_in_the_file(ours: Town) -> None:
    with writing(ours.whole.database) as session:
        for number in range(60):
            tell(session, number, organisation_id=ours.organisation_id, model_id=None)
    text = page(ours, query="?action=model.&q=churn&from=2026-01-01&to=2026-01-31")
    assert 'value="churn"' in text
    assert 'href="/audit?q=churn&amp;action=model.&amp;from=2026-01-01&amp;to=2026-01-31&amp;cursor=' in text
    assert "format=csv&amp;q=churn&amp;action=model.&amp;start=2026-01-01" in text
    assert "No entry is like that" in page(ours, query="?q=nothing-like-that")
    for wrong in ("?from=yesterday", "?cursor=none"):
        assert ours.caller("admin", page=True).get(f"/audit{wrong}").status_code == 422


@pytest.mark.parametrize(
    ("action", "kind", "words"),
    [
        ("model.registered", "model", "registered the model"),
        ("policy.changed", "policy", "changed the policy"),
        ("user.password_reset", "user", "ended the password of"),
        ("key.rotated", "key", "rotated"),
    ],
)
def test_an_action_is_a_phrase(action: str, kind: str, words: str) -> None:
    assert phrase(action, kind) == words
