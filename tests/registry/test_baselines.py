"""References: one is current, people's word counts more than the machine's, and nothing is lost."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.exc import IntegrityError

from modelward.errors import Conflict, NotFound
from modelward.kit.database import change, reading, writing
from modelward.registry.baselines import confirm_baseline, current_baseline, finish_baseline, save_baseline
from modelward.registry.tables import Baseline

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)


def save(engine: Engine, model_id: int, status: str, **more: Any) -> int:
    with writing(engine) as session:
        return save_baseline(session, model_id=model_id, status=status, source="upload", now=NOON, **more).id


def current(engine: Engine, model_id: int) -> Baseline | None:
    with reading(engine) as session:
        return current_baseline(session, model_id)


def statuses(engine: Engine) -> list[str]:
    with reading(engine) as session:
        return list(session.scalars(select(Baseline.status).order_by(Baseline.id)))


def test_a_model_begins_without_a_reference(each_database: Engine, churn: int) -> None:
    assert current(each_database, churn) is None


def test_a_new_reference_replaces_the_one_before(each_database: Engine, churn: int) -> None:
    save(each_database, churn, "provisional", rows=250, profile=b"first")
    newest = save(each_database, churn, "confirmed", rows=9, profile=b"second", note="the good week")
    told = current(each_database, churn)
    assert told
    assert (told.id, told.rows, told.profile, told.note, told.confirmed_at) == (
        newest,
        9,
        b"second",
        "the good week",
        NOON,
    )
    assert statuses(each_database) == ["replaced", "confirmed"]


def test_a_provisional_one_never_replaces_what_a_person_confirmed(each_database: Engine, churn: int) -> None:
    save(each_database, churn, "confirmed")
    with pytest.raises(Conflict, match="does not replace it"):
        save(each_database, churn, "provisional")


def test_a_person_confirms_a_provisional_one_and_may_say_so_twice(each_database: Engine, churn: int) -> None:
    provisional = save(each_database, churn, "provisional")
    for moment in (NOON, LATER):
        with writing(each_database) as session:
            confirmed = confirm_baseline(session, baseline_id=provisional, now=moment)
    assert (confirmed.status, confirmed.confirmed_at) == ("confirmed", NOON)


def test_one_that_is_being_built_counts_only_when_it_is_ready(each_database: Engine, churn: int) -> None:
    old = save(each_database, churn, "confirmed")
    building = save(each_database, churn, "building")
    before = current(each_database, churn)
    with writing(each_database) as session:
        finish_baseline(session, baseline_id=building, profile=b"p", rows=7, now=LATER)
    after = current(each_database, churn)
    assert before
    assert after
    assert (before.id, after.id, after.rows, after.confirmed_at) == (old, building, 7, LATER)
    assert statuses(each_database) == ["replaced", "confirmed"]


def test_only_the_current_one_can_be_confirmed_and_only_one_being_built_be_finished(
    each_database: Engine, churn: int
) -> None:
    replaced, now_current = save(each_database, churn, "confirmed"), save(each_database, churn, "confirmed")
    with pytest.raises(Conflict, match="is replaced"), writing(each_database) as session:
        confirm_baseline(session, baseline_id=replaced, now=LATER)
    with pytest.raises(Conflict, match="not being built"), writing(each_database) as session:
        finish_baseline(session, baseline_id=now_current, profile=b"", rows=0, now=LATER)
    with pytest.raises(NotFound), writing(each_database) as session:
        confirm_baseline(session, baseline_id=4711, now=LATER)


def test_the_database_itself_allows_but_one_current_reference(each_database: Engine, churn: int) -> None:
    for _ in range(2):
        save(each_database, churn, "confirmed")
    with pytest.raises(IntegrityError), writing(each_database) as session:
        change(session, update(Baseline).values(status="confirmed"))
