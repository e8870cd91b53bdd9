"""Alerting's due work by kind.

`governed` (key = the model's id) says that something of a model was measured: its rules are asked. `alert_group` (key
= the incident's id) comes when an incident is to be decided on. `alert_watch` comes every few seconds, for what time
alone brings about: a model that falls silent, a rule that has waited long enough, the monitor itself.
`alert_rules_changed` (key = the organisation's id) has all models looked at again.
"""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Engine, Select, exists, select
from sqlalchemy.orm import Session

from modelward.accounts.tables import Organisation
from modelward.alerting.look import Write, look_at_model, look_at_organisation
from modelward.alerting.manage_rules import RULES_CHANGED
from modelward.alerting.move import MOVE, move_due
from modelward.alerting.settle import OVERTAKEN_BY
from modelward.alerting.tables import AlertRow, Group, IncidentRow
from modelward.jobs.loop import Handler
from modelward.jobs.schedule import every
from modelward.jobs.service import Claim, enqueue
from modelward.kit import clock
from modelward.kit.database import reading, writing
from modelward.monitoring.tables import Activity
from modelward.registry.tables import Model
from modelward.rules.alert_rules import AlertKind
from modelward.rules.alert_states import AlertState

WATCH_SECONDS: Final = 10
SILENT_FOR: Final = timedelta(hours=1)
"""No rule calls a model silent before."""
LOOKED_AGAIN: Final = timedelta(minutes=1)
"""A quiet model is looked at again so often."""
RARER: Final = 20
"""After a silence of twenty hours, once an hour."""
OVERDUE: Final = timedelta(seconds=5)
"""An incident that was not decided on for so long lost its job."""
GOVERNED, WATCH = "governed", "alert_watch"


def handlers(engine: Engine) -> dict[str, Handler]:
    """What to do for each kind of job. Asks for the recurring watch too, so that whoever runs jobs has it."""
    with writing(engine) as session:
        every(session, WATCH, kind=WATCH, seconds=WATCH_SECONDS, first_at=clock.now())

    def do_move(claim: Claim) -> Write:
        return lambda session: move_due(session, incident_id=int(claim.key), now=clock.now())

    return {
        GOVERNED: lambda claim: look_at_model(engine, model_id=int(claim.key), now=clock.now()),
        MOVE: do_move,
        WATCH: lambda _claim: watch(engine, now=clock.now()),
        RULES_CHANGED: lambda claim: ask_again(engine, organisation_id=int(claim.key), now=clock.now()),
    }


def watchman(engine: Engine) -> dict[str, Handler]:
    """What a process that does no other work should do too, so that a worker that is gone is told of. All of it is
    quick: models are looked at elsewhere.
    """
    return {kind: handler for kind, handler in handlers(engine).items() if kind in (WATCH, MOVE)}


def watch(engine: Engine, *, now: datetime) -> Write:
    """Look at organisations, at models that time alone may have changed, and at incidents whose job was lost."""
    with reading(engine) as session:
        owners = session.scalars(select(Organisation.id).where(exists().where(_has_models()))).all()
        models = {*_quiet(session, now), *_waiting(session)}
        due = session.scalars(_due(now)).all()
    looks = [look_at_organisation(engine, organisation_id=owner, now=now) for owner in owners]

    def write(writer: Session) -> None:
        for look in looks:
            if look is not None:
                look(writer)
        for model_id in sorted(models):
            enqueue(writer, GOVERNED, str(model_id), run_at=now)
        for incident_id in due:
            enqueue(writer, MOVE, str(incident_id), run_at=now)

    return write


def ask_again(engine: Engine, *, organisation_id: int, now: datetime) -> Write:
    """Look at every model of an organisation whose rules have changed."""
    watched = select(Model.id).join(Activity, Activity.model_id == Model.id)
    with reading(engine) as session:
        models = session.scalars(watched.where(Model.organisation_id == organisation_id)).all()

    def write(writer: Session) -> None:
        for model_id in models:
            enqueue(writer, GOVERNED, str(model_id), run_at=now)

    return write


def _has_models() -> ColumnElement[bool]:
    return Model.organisation_id == Organisation.id


def _quiet(session: Session, now: datetime) -> set[int]:
    """Models from which nothing has arrived for an hour, and of which that is not told yet; the longer, the rarer."""
    told = exists().where(
        AlertRow.group_key == Group.key,
        AlertRow.kind == AlertKind.SILENCE.value,
        AlertRow.state == AlertState.FIRING.value,
    )
    rows = session.execute(
        select(Activity.model_id, Activity.last_arrival_at, Group.looked_at)
        .outerjoin(Group, Group.model_id == Activity.model_id)
        .where(Activity.last_arrival_at < now - SILENT_FOR, ~told)
    ).all()
    return {
        model_id
        for model_id, arrived, looked in rows
        if looked is None or looked > now + OVERTAKEN_BY or now - looked >= max(LOOKED_AGAIN, (now - arrived) / RARER)
    }


def _waiting(session: Session) -> set[int]:
    """Models with an alert that has not held for as long as its rule waits."""
    pending = AlertRow.state == AlertState.PENDING.value
    found = session.scalars(select(Group.model_id).join(AlertRow, AlertRow.group_key == Group.key).where(pending))
    return {model_id for model_id in found if model_id is not None}


def _due(now: datetime) -> Select[int]:
    return select(IncidentRow.id).where(IncidentRow.state == "open", IncidentRow.due_at <= now - OVERDUE)
