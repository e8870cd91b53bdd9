"""All models of a scope under their policies, now and day by day."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from modelward.accounts.principal import Scope
from modelward.governance.moving import SIGNAL
from modelward.governance.queries import states_of
from modelward.governance.risk_tables import GovernanceState, RiskRecord
from modelward.monitoring.tables import Evaluation
from modelward.registry.service import within
from modelward.registry.tables import Model, Project
from modelward.signals.tables import Signal

MOST_DAYS = 400
DEPLOYED = "deployed"
ENDED = "override_expired"
"""An override that ran out changes whether the version may serve, and not its stage."""


@dataclass(frozen=True)
class Governed:
    """A model, what was told last of it, the share of its policy's checks that hold, and how far its version is."""

    model: Model
    project: str | None
    state: GovernanceState | None
    compliance: float | None
    stage: str


@dataclass(frozen=True)
class Day:
    """How things were at the end of a day (of some days, in a long span): mean risk, models by status, versions in
    production.
    """

    start: datetime
    end: datetime
    risk: float | None
    at_risk: int
    blocked: int
    deployed: int


@dataclass(frozen=True)
class CommandCenter:
    """Models by risk, the highest first; how many have each status; and the days, oldest first."""

    models: tuple[Governed, ...]
    counts: Mapping[str | None, int]
    days: tuple[Day, ...]


def command_center(session: Session, scope: Scope, *, start: datetime, end: datetime) -> CommandCenter:
    """All models of the scope, and every day of UTC in [start, end); a long span in at most `MOST_DAYS` parts."""
    models = _governed(session, scope)
    counts = Counter(entry.state.status if entry.state else None for entry in models)
    return CommandCenter(models, counts, _days(session, [entry.model.id for entry in models], start, end))


def measured_span(session: Session, scope: Scope) -> tuple[datetime, datetime] | None:
    """From the first closed window of the scope's models to the end of the newest; None where there is none."""
    mine = (Evaluation.model_id == Model.id, *within(scope), Evaluation.closed)
    ends = select(func.min(Evaluation.starts_at), func.max(Evaluation.ends_at)).join(Model, mine[0]).where(*mine[1:])
    first, last = session.execute(ends).one()
    return (first, last) if all((first, last)) else None


def _governed(session: Session, scope: Scope) -> tuple[Governed, ...]:
    query = select(Model, Project.key).outerjoin(Project, Project.id == Model.project_id).where(*within(scope))
    found = session.execute(query).all()
    states = states_of(session, [model.id for model, _ in found])
    models = [
        Governed(model, project, state, share_held(state), model.deployment_status)
        for model, project in found
        for state in (states.get(model.id),)
    ]
    return tuple(sorted(models, key=_gravity))


def share_held(state: GovernanceState | None) -> float | None:
    """A model's compliance as of the last look; None where nothing can be said."""
    held = [check["holds"] for check in state.checks if check["holds"] is not None] if state else []
    return sum(held) / len(held) if held else None


_ORDER = {"BLOCKED": 0, "AT_RISK": 1, "APPROVED": 2}


def _gravity(entry: Governed) -> tuple[int, float, str]:
    state = entry.state
    status = _ORDER.get(state.status or "", 3) if state else 4
    return status, -((state.risk_score if state else None) or 0.0), entry.model.key


def _days(session: Session, model_ids: Sequence[int], start: datetime, end: datetime) -> tuple[Day, ...]:
    steps = _steps(session, model_ids, end)
    moves = _moves(session, model_ids, end)
    scores: dict[int, tuple[float | None, str | None]] = {}
    stages: dict[int, str | None] = {}
    days, step, move, at = [], 0, 0, start
    each = timedelta(days=max(1, -((start - end) // timedelta(days=MOST_DAYS))))
    while at < end:
        following = min(end, at + each)
        while step < len(steps) and steps[step][0] < following:
            scores[steps[step][1]] = (steps[step][2], steps[step][3])
            step += 1
        while move < len(moves) and moves[move][0] < following:
            stages[moves[move][1]] = moves[move][2]
            move += 1
        days.append(_day(at, following, scores.values(), stages.values()))
        at = following
    return tuple(days)


def _day(
    start: datetime, end: datetime, scores: Iterable[tuple[float | None, str | None]], stages: Iterable[str | None]
) -> Day:
    looks = list(scores)
    known = [score for score, _ in looks if score is not None]
    by_status = Counter(status for _, status in looks)
    return Day(
        start,
        end,
        sum(known) / len(known) if known else None,
        by_status["AT_RISK"],
        by_status["BLOCKED"],
        sum(stage == DEPLOYED for stage in stages),
    )


def _steps(
    session: Session, model_ids: Sequence[int], end: datetime
) -> list[tuple[datetime, int, float | None, str | None]]:
    rows = session.execute(
        select(RiskRecord.at, RiskRecord.model_id, RiskRecord.risk_score, RiskRecord.status)
        .where(RiskRecord.model_id.in_(model_ids), RiskRecord.at < end)
        .order_by(RiskRecord.at, RiskRecord.id)
    )
    return [(row.at, row.model_id, row.risk_score, row.status) for row in rows]


def _moves(session: Session, model_ids: Sequence[int], end: datetime) -> list[tuple[datetime, int, str | None]]:
    """When versions changed their stage: each tells it by a signal."""
    rows = session.execute(
        select(Signal.at, Signal.model_id, Signal.after)
        .where(Signal.model_id.in_(model_ids), Signal.kind == SIGNAL, Signal.at < end, Signal.after != ENDED)
        .order_by(Signal.at, Signal.id)
    )
    return [(row.at, row.model_id, row.after) for row in rows]
