"""Governance's due work: `measured` is asked for by whatever writes something of a model, its key is the model's id.

`risk_daily` looks at all models, so that each has a look at least daily, and none stays without. A model that is
replayed has its looks by the days of its data, and is not due again because our day has passed.
"""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Engine, or_, select
from sqlalchemy.orm import Session

from modelward.governance.overrides import KIND as OVERRIDE_ENDS
from modelward.governance.overrides import end_override
from modelward.governance.refresh_risk import DAILY, refresh_risk
from modelward.governance.risk_tables import GovernanceState
from modelward.jobs.loop import Handler, Together
from modelward.jobs.schedule import every
from modelward.jobs.service import enqueue
from modelward.kit import clock
from modelward.kit.database import reading, writing
from modelward.monitoring.tables import Evaluation
from modelward.registry.service import is_replayed
from modelward.registry.tables import Model

DAILY_SECONDS = 900
"""How often it is asked whose last look is a day old."""

Write = Callable[[Session], object]


def handlers(engine: Engine) -> dict[str, Handler | Together]:
    """What to do for each kind of job. Asks for the daily look too, so that whoever runs jobs has it."""
    with writing(engine) as session:
        every(session, "risk_daily", kind="risk_daily", seconds=DAILY_SECONDS, first_at=clock.now())
    return {
        "measured": lambda claim: refresh_risk(engine, model_id=int(claim.key), now=clock.now()),
        OVERRIDE_ENDS: lambda claim: end_override(engine, transition_id=int(claim.key), now=clock.now()),
        "risk_daily": lambda _claim: look_daily(engine, now=clock.now()),
    }


def look_daily(engine: Engine, *, now: datetime) -> Write:
    """Ask for a look at every model whose last one is a day old, or that was judged and never looked at."""
    due = or_(GovernanceState.recorded_at.is_(None), GovernanceState.recorded_at <= now - DAILY)
    with reading(engine) as session:
        judged = select(Evaluation.model_id).distinct().subquery()
        query = (
            select(Model)
            .join(judged, judged.c.model_id == Model.id)
            .outerjoin(GovernanceState, GovernanceState.model_id == Model.id)
            .where(due)
        )
        seen = set(session.scalars(select(GovernanceState.model_id)))
        # A model that is replayed has no today: its days are those of its data.
        model_ids = sorted(one.id for one in session.scalars(query) if one.id not in seen or not is_replayed(one))

    def write(writer: Session) -> None:
        for model_id in model_ids:
            enqueue(writer, "measured", str(model_id), run_at=now)

    return write
