"""The looks of past windows, put right when something of them is measured anew."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from modelward.governance.looks import look_of
from modelward.governance.policies import InForce, in_force
from modelward.governance.policy_tables import PolicyVersion
from modelward.governance.risk_entries import Entry, Last
from modelward.governance.risk_tables import GovernanceState, RiskRecord
from modelward.governance.standing import standing
from modelward.monitoring.tables import Evaluation, Fairness, Performance
from modelward.registry.tables import Model
from modelward.rules.risk_step import RiskEvent, differs, step_between

OVERLAP = timedelta(minutes=5)
"""Two jobs that measured at once may be written in any order: so far back what was measured is looked at again."""
MOST_ROWS = 400

_OF_WINDOWS = frozenset({RiskEvent.FIRST, RiskEvent.WINDOW, RiskEvent.DAILY})


def corrections(session: Session, model: Model, state: GovernanceState) -> tuple[Last | None, list[Entry]]:
    """The newest step as it is right, and the rows that have to be put right, each told against the one before it."""
    since = _measured_again(session, model, state)
    entries: list[Entry] = []
    last: Last | None = None
    for row in _rows(session, model.id, since):
        found = Last.of(row)
        end = _closed_end(row)
        known = last is not None or found.event is RiskEvent.FIRST
        if since is not None and end is not None and end >= since and known:
            right = look_of(standing(session, model, until=end, policy=_policy_then(session, row)))
            if differs(found.look, right):
                step = replace(step_between(last.look if last else None, right), event=found.event)
                entries.append(Entry(right, step, row.at, row.id, corrected=True))
                found = replace(found, look=right)
        last = found
    return last, entries


def last_before(session: Session, model_id: int, moment: datetime) -> Last | None:
    """The newest step up to a moment; None where the history begins later."""
    query = select(RiskRecord).where(RiskRecord.model_id == model_id, RiskRecord.at <= moment)
    row = session.scalars(query.order_by(RiskRecord.at.desc(), RiskRecord.id.desc()).limit(1)).first()
    return None if row is None else Last.of(row)


def _measured_again(session: Session, model: Model, state: GovernanceState) -> datetime | None:
    """The earliest end of a closed window that was counted, and measured since the last look."""
    if state.window_until is None or state.measured_at is None:
        return None
    ends = [
        session.scalar(
            select(func.min(table.ends_at)).where(
                table.model_id == model.id,
                table.closed,
                table.starts_at <= state.window_until,
                table.evaluated_at > state.measured_at - OVERLAP,
            )
        )
        for table in (Evaluation, Fairness, Performance)
    ]
    return min((end for end in ends if end is not None), default=None)


def _rows(session: Session, model_id: int, since: datetime | None) -> Sequence[RiskRecord]:
    """The newest row; where windows are put right all rows from the one before them on, oldest first."""
    of_model = select(RiskRecord).where(RiskRecord.model_id == model_id)
    query = of_model.order_by(RiskRecord.at.desc(), RiskRecord.id.desc())
    if since is None:
        return session.scalars(query.limit(1)).all()
    newest = session.scalars(query.limit(MOST_ROWS)).all()
    later = sum(row.at >= since for row in newest)
    return newest[: later + 1][::-1]


def _closed_end(row: RiskRecord) -> datetime | None:
    """The end of the closed window that a row is the look of; None: it is of something else."""
    source = row.sources.get("drift")
    if row.event not in _OF_WINDOWS or not source or not source["closed"]:
        return None
    return datetime.fromisoformat(source["end"])


def _policy_then(session: Session, row: RiskRecord) -> InForce:
    """The policy that the row cites: another one that came since does not change what was said under the former."""
    ids = [cited["id"] for cited in row.sources.get("policy", []) if cited["id"] is not None]
    found = {version.id: version for version in session.scalars(select(PolicyVersion).where(PolicyVersion.id.in_(ids)))}
    return in_force([found[version_id] for version_id in ids])
