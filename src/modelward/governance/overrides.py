"""The end of an override: the gate holds again, and whoever is concerned hears of it.

The version itself stays where it is: Modelward may not be what serves it, and what is out there does not leave because
a row says so. What changes is the gate's answer (`governance/gate.py`), which was yes because of the override, and
depends on the version alone from then on.
"""

from datetime import datetime
from typing import Final

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from modelward.governance.lifecycle_tables import Transition
from modelward.governance.moving import EXPIRE, Why, by_itself, lock_versions, move, place_of
from modelward.governance.sight import look, newest
from modelward.jobs.loop import Write
from modelward.jobs.service import enqueue
from modelward.kit.database import reading
from modelward.registry.tables import Model
from modelward.rules.deployment_gate import staying
from modelward.rules.lifecycle import Action, Stage

KIND: Final = "override_ends"


def end_later(session: Session, step: Transition) -> None:
    """Ask for the job that ends the override of this step, at its time."""
    assert step.expires_at is not None
    enqueue(session, KIND, str(step.id), run_at=step.expires_at)


def end_override(engine: Engine, *, transition_id: int, now: datetime) -> Write | None:
    """The job: what to write when the override's time is over. Twice is the same as once."""
    with reading(engine) as session:
        step = session.get(Transition, transition_id)
    if step is None or step.ended_at is not None or step.expires_at is None or step.expires_at > now:
        return None
    return lambda writer: end_now(writer, transition_id=transition_id, now=now)


def end_now(session: Session, *, transition_id: int, now: datetime) -> None:
    """Note the end of an override, and where the version is still in production by it, tell what the gate says now."""
    step = session.get_one(Transition, transition_id)
    model = session.get_one(Model, step.model_id)
    lock_versions(session, model)
    query = select(Transition.ended_at).where(Transition.id == transition_id)
    if session.scalar(query) is not None:
        return
    step.ended_at = now
    latest = newest(session, model.id, Action.DEPLOY)
    if place_of(model) is None or latest is None or latest.id != step.id:
        return
    sight = look(session, model)
    against = staying(sight.policy, sight.known, now=now, override_ended=True)
    why = Why("The time that was given to the override is over.", sight, against)
    stage = Stage(model.deployment_status)
    move(session, model, EXPIRE, after=stage, place=place_of(model), by=by_itself(now), why=why)
