"""Signals: what changed, from what to what, and why."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine

from modelward.kit.database import reading, writing
from modelward.signals.service import emit, recent
from modelward.signals.tables import Signal

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def tell(engine: Engine, subject: str, **more: Any) -> Signal:
    values: dict[str, Any] = {
        "organisation_id": 1,
        "model_id": 7,
        "kind": "health",
        "before": "healthy",
        "after": "drifted",
    }
    with writing(engine) as session:
        return emit(session, **{**values, "subject": subject, "reason": "It moved.", "at": NOON, **more})


def test_a_signal_keeps_all_that_it_was_told(each_database: Engine) -> None:
    tell(each_database, "churn", evidence={"psi": 0.83, "columns": ["distance"]})
    with reading(each_database) as session:
        [signal] = recent(session, organisation_id=1)
    assert (signal.subject, signal.before, signal.after, signal.reason) == ("churn", "healthy", "drifted", "It moved.")
    assert (signal.at, signal.claimed_at) == (NOON, None)
    assert signal.evidence == {"psi": 0.83, "columns": ["distance"]}


def test_the_latest_come_first_and_of_one_organisation_only(each_database: Engine) -> None:
    for subject, organisation in (("a", 1), ("not ours", 2), ("b", 1), ("c", 1)):
        tell(each_database, subject, organisation_id=organisation)
    with reading(each_database) as session:
        newest = recent(session, organisation_id=1, limit=2)
        older = recent(session, organisation_id=1, before=newest[-1].id)
    assert [signal.subject for signal in newest] == ["c", "b"]
    assert [signal.subject for signal in older] == ["a"]


def test_signals_can_be_asked_for_by_model_and_by_kind(each_database: Engine) -> None:
    tell(each_database, "a", model_id=8)
    tell(each_database, "b", kind="schema_changed")
    tell(each_database, "c", model_id=None)
    with reading(each_database) as session:
        assert [signal.subject for signal in recent(session, organisation_id=1, model_id=8)] == ["a"]
        assert [signal.subject for signal in recent(session, organisation_id=1, kind="schema_changed")] == ["b"]
