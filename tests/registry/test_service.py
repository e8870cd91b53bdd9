"""Models: registered once, found by id or key, counted; and nobody sees another organisation's."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, delete, select

from modelward.accounts.principal import Scope
from modelward.errors import Conflict, Invalid, NotFound
from modelward.kit.database import reading, writing
from modelward.registry.service import register, resolve, resolve_or_register, touch
from modelward.registry.tables import Model, Project

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def found(engine: Engine, organisation_id: int, name: str | int) -> Model:
    with reading(engine) as session:
        return resolve(session, Scope(organisation_id), name)


def made(engine: Engine, organisation_id: int, key: str, **more: Any) -> Model:
    with writing(engine) as session:
        return register(session, scope=Scope(organisation_id), key=key, now=NOON, **more)


def sent_to(engine: Engine, organisation_id: int, name: str | int, **more: Any) -> Model:
    with writing(engine) as session:
        return resolve_or_register(session, scope=Scope(organisation_id), name=name, now=NOON, **more)


def test_a_model_is_found_by_its_id_its_key_and_its_name(each_database: Engine, ours: int) -> None:
    model = made(each_database, ours, "fraud/v2", version="1.0", attributes={"training_accuracy": 0.9})
    for name in (model.id, str(model.id), "fraud-v2", "fraud/v2", "  fraud/v2 "):
        assert found(each_database, ours, name).id == model.id
    assert (model.name, model.version, model.attributes) == ("fraud-v2", "1.0", {"training_accuracy": 0.9})
    assert (model.health, model.event_count, model.time_zone) == ("too_few", 0, "UTC")


@pytest.mark.parametrize("name", ["nobody", 99, "99", 2**31, 2**70, "9" * 5000, 0, -1, "churn ", "CHURN2"])
def test_a_model_that_is_not_there_is_not_found(each_database: Engine, ours: int, name: str | int) -> None:
    with pytest.raises(NotFound, match="There is no model"):
        found(each_database, ours, name)


def test_a_key_is_unique_in_its_organisation_and_free_in_another(
    each_database: Engine, organisation: Callable[[str], int], ours: int, churn: int
) -> None:
    with pytest.raises(Conflict, match="There is a model 'churn' already"):
        made(each_database, ours, "churn")
    assert made(each_database, organisation("Theirs"), "churn").id != churn


def test_the_model_of_another_organisation_is_not_there(
    each_database: Engine, organisation: Callable[[str], int], churn: int
) -> None:
    theirs = organisation("Theirs")
    for name in (churn, str(churn), "churn"):
        with pytest.raises(NotFound):
            found(each_database, theirs, name)


def test_an_unknown_key_is_registered_by_what_is_sent_and_an_unknown_id_is_not(
    each_database: Engine, ours: int
) -> None:
    first = sent_to(each_database, ours, "new", project="flights")
    assert sent_to(each_database, ours, "new", project="flights").id == first.id
    with pytest.raises(NotFound, match="send its key"):
        sent_to(each_database, ours, "4711")


def test_projects_are_made_when_they_are_named_and_may_be_numbers(each_database: Engine, ours: int) -> None:
    for key, project in (("a", "42"), ("b", "42"), ("c", None)):
        made(each_database, ours, key, project=project)
    with reading(each_database) as session:
        assert sorted(session.scalars(select(Project.key))) == ["42", "default"]


def test_an_id_is_never_given_twice(each_database: Engine, ours: int, churn: int) -> None:
    with writing(each_database) as session:
        session.execute(delete(Model))
    assert made(each_database, ours, "another").id > churn


def test_an_unknown_time_zone_is_refused(each_database: Engine, ours: int) -> None:
    assert made(each_database, ours, "nepal", time_zone="Asia/Kathmandu").time_zone == "Asia/Kathmandu"
    for zone in ("Mars/Olympus", "", "../../etc/passwd", "/etc/passwd", "x\0y"):
        with pytest.raises(Invalid, match="use a name such as Europe/Berlin"):
            made(each_database, ours, "x", time_zone=zone)


def test_many_who_send_the_first_event_at_once_register_one_model(each_database: Engine, ours: int) -> None:
    together = threading.Barrier(6)
    outcomes: list[int] = []

    def send() -> None:
        together.wait()
        outcomes.append(sent_to(each_database, ours, "rush").id)

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 6
    assert set(outcomes) == {found(each_database, ours, "rush").id}


def test_events_are_counted_and_the_earliest_and_latest_are_kept(each_database: Engine, churn: int, ours: int) -> None:
    for hours, first in ((2, None), (1, -3), (-5, None)):
        moment = NOON + timedelta(hours=hours)
        earliest = NOON + timedelta(hours=first) if first else None
        with writing(each_database) as session:
            touch(session, model_id=churn, events=10, last_event_at=moment, first_event_at=earliest)
    model = found(each_database, ours, churn)
    assert model.event_count == 30
    assert (model.first_event_at, model.last_event_at) == (NOON - timedelta(hours=5), NOON + timedelta(hours=2))
