"""What time alone brings about: models that fall silent, and a monitor that does not run."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, delete, select, update
from tests.alerting.clockwork import NOON, Clockwork

from modelward.alerting.jobs import watch
from modelward.alerting.look import look_at_model
from modelward.alerting.tables import AlertRow, IncidentRow
from modelward.audit.tables import AuditCheck
from modelward.jobs.schedule import enqueue_scheduled, every
from modelward.jobs.tables import Job
from modelward.kit.database import reading, writing
from modelward.monitoring.tables import Activity
from modelward.registry.tables import Model

HOUR = timedelta(hours=1)


@pytest.fixture
def model(database: Engine) -> Clockwork:
    """A model whose events came every ten minutes until noon."""
    made = Clockwork.make(database)
    with writing(database) as session:
        activity = Activity(
            model_id=made.model_id,
            last_arrival_at=NOON,
            longest_gap_seconds=600.0,
            newest_ts=NOON,
            bucket_seconds=3600,
            time_zone="UTC",
            rebuild_not_before=NOON,
        )
        session.add(activity)
    return made


def look(model: Clockwork, after: timedelta) -> list[AlertRow]:
    with writing(model.engine) as session:
        found = look_at_model(model.engine, model_id=model.model_id, now=NOON + after)
        assert found is not None
        found(session)
    with reading(model.engine) as session:
        return list(session.scalars(select(AlertRow).order_by(AlertRow.id)))


def watches(model: Clockwork, after: timedelta) -> list[str]:
    """One round of the watch; the sentences of what fires then."""
    write = watch(model.engine, now=NOON + after)
    with writing(model.engine) as session:
        write(session)
    with reading(model.engine) as session:
        return list(session.scalars(select(AlertRow.sentence).where(AlertRow.state == "firing")))


def asked_for(model: Clockwork) -> list[str]:
    with reading(model.engine) as session:
        return list(session.scalars(select(Job.key).where(Job.kind == "governed")))


def test_a_model_that_falls_silent_is_told_of_by_arrival(model: Clockwork) -> None:
    assert look(model, 40 * HOUR) == [], "its first week: two windows may pass"
    (alert,) = look(model, 50 * HOUR)
    assert (alert.kind, alert.severity, alert.since) == ("silence", "critical", NOON)
    assert (
        alert.sentence == "no event has arrived for 2 days; the limit is 2 days, the longest gap before was 10 minutes"
    )


def test_a_model_that_is_marked_as_replayed_is_never_silent(model: Clockwork) -> None:
    with writing(model.engine) as session:
        session.execute(update(Model).values(attributes={"replayed": True}))
    assert look(model, 5000 * HOUR) == []


def test_the_watch_has_quiet_models_looked_at_and_the_longer_the_rarer(model: Clockwork) -> None:
    watches(model, HOUR / 2)
    assert asked_for(model) == []
    watches(model, 3 * HOUR)
    assert asked_for(model) == ["1"]


def test_a_look_of_a_clock_that_ran_ahead_does_not_hide_a_model_that_is_silent(model: Clockwork) -> None:
    look(model, timedelta(days=30))
    with writing(model.engine) as session:
        session.execute(delete(AlertRow))
    watches(model, 2 * HOUR)
    assert asked_for(model) == [str(model.model_id)]


def test_a_worker_that_does_nothing_is_told_of_after_a_minute(model: Clockwork) -> None:
    with writing(model.engine) as session:
        every(session, "monitoring", kind="sweep", seconds=30, first_at=NOON)
        enqueue_scheduled(session, NOON)
    assert watches(model, timedelta(seconds=50)) == []
    assert watches(model, timedelta(seconds=70)) == [], "it must hold for a minute"
    (said,) = watches(model, timedelta(seconds=140))
    assert said.startswith("no verdict can come")
    with writing(model.engine) as session:
        session.delete(session.scalars(select(Job).where(Job.kind == "sweep")).one())
    watches(model, timedelta(seconds=150))
    watches(model, timedelta(seconds=460))
    with reading(model.engine) as session:
        assert session.scalars(select(AlertRow.state)).all() == ["resolved"]


def test_work_that_failed_too_often_names_its_models(model: Clockwork) -> None:
    with writing(model.engine) as session:
        session.add(Job(kind="evaluate", key="1", run_at=NOON, attempts=5, fence=5, state="dead", error="no"))
    watches(model, timedelta(0))
    (said,) = watches(model, timedelta(minutes=2))
    assert said.startswith("the work `evaluate` failed too often for `churn`")


def test_a_broken_audit_chain_is_told_of(model: Clockwork) -> None:
    with writing(model.engine) as session:
        check = AuditCheck(
            organisation_id=model.organisation_id,
            checked_at=NOON,
            entries=4,
            hash="0" * 64,
            position=5,
            code="changed",
            sentence="Entry 5 was changed.",
        )
        session.add(check)
    watches(model, timedelta(0))
    assert watches(model, timedelta(minutes=2)) == ["the audit chain is broken: Entry 5 was changed"]
    with reading(model.engine) as session:
        assert session.scalars(select(IncidentRow.model_id)).all() == [None]


def test_an_incident_whose_job_was_lost_is_found_again(model: Clockwork) -> None:
    model.sees("age")
    with writing(model.engine) as session:
        session.execute(delete(Job))
    watches(model, timedelta(minutes=1))
    with reading(model.engine) as session:
        assert session.scalars(select(Job.key).where(Job.kind == "alert_group")).all() == ["1"]
