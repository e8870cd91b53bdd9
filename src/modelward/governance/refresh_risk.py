"""A model's risk brought up to what monitoring holds now, and its history with it.

Every closed window gets its look, as it stood when the window had closed; so a history that is back-filled is as long
as the data. What is measured late for windows that have their look already puts those looks right, without a word. What
holds now comes last: it alone changes the state, and so is told.

The history of a model that is replayed runs on the clock of its data throughout. A replay comes in pieces, and a look
dated by ours after the first would be the newest for ever: all windows that follow would lie at that one moment.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from modelward.governance.checks import checks_of
from modelward.governance.correct_risk import corrections, last_before
from modelward.governance.looks import look_in, look_of
from modelward.governance.measured import Source, measured, speaking_windows
from modelward.governance.policies import InForce, policy_of
from modelward.governance.risk_entries import Entry, Last, write_entries
from modelward.governance.risk_tables import GovernanceState
from modelward.governance.standing import standing, standing_under
from modelward.governance.tell_risk import tell
from modelward.jobs.service import enqueue
from modelward.kit.database import reading
from modelward.monitoring.tables import Evaluation
from modelward.registry.service import is_replayed
from modelward.registry.tables import Model
from modelward.rules.policy_checks import Check
from modelward.rules.risk_step import Look, RiskEvent, RiskStep, differs, same_windows, step_between

DAILY = timedelta(days=1)
PAST = timedelta(hours=2)
"""A window that closed so long ago is history: its look is dated by its end, and not by when we came to it."""
MOST_STEPS = 400

Write = Any


@dataclass(frozen=True)
class Refreshed:
    """What a model's risk came to, to be written in one transaction: call it with the session."""

    model_id: int
    base: tuple[Any, ...]
    entries: tuple[Entry, ...]
    look: Look
    checks: tuple[Check, ...]
    window_until: datetime | None
    measured_at: datetime | None
    now: datetime

    def __call__(self, session: Session) -> None:
        model = session.get(Model, self.model_id)
        if model is None:
            return
        state = session.get(GovernanceState, self.model_id, with_for_update=True, populate_existing=True)
        if _base(state) != self.base:
            enqueue(session, "measured", str(self.model_id), run_at=self.now)
            return
        before = look_in(state) if state else None
        self._keep(session, state)
        tell(session, model=model, before=before, after=self.look, at=self.now)
        enqueue(session, "governed", str(self.model_id), run_at=self.now)

    def _keep(self, session: Session, state: GovernanceState | None) -> None:
        last = write_entries(session, model_id=self.model_id, entries=self.entries, now=self.now)
        if state is None:
            state = GovernanceState(model_id=self.model_id, since=self.now, recorded_at=self.now, record_id=None)
            session.add(state)
        elif state.status != self.look.status:
            state.since = self.now
        if last is not None:
            state.record_id, state.recorded_at = last.id, max(state.recorded_at, last.at)
        state.status, state.risk_score = self.look.status, self.look.risk_score
        state.components, state.unmeasured = list(self.look.components), list(self.look.unmeasured)
        state.reasons, state.sources = list(self.look.reasons), dict(self.look.sources)
        state.checks = [check.to_dict() for check in self.checks]
        state.window_until, state.measured_at = self.window_until, self.measured_at
        session.flush()


def refresh_risk(engine: Engine, *, model_id: int, now: datetime) -> Write | None:
    """Look at a model; the answer writes what came of it. None: it is gone, or nothing of it was ever measured."""
    with reading(engine) as session:
        model, state = session.get(Model, model_id), session.get(GovernanceState, model_id)
        if model is None:
            return None
        policy = policy_of(session, model)
        found = measured(session, model)
        present = standing_under(found, policy)
        if state is None and present.measured_at is None:
            return None
        last, corrected = corrections(session, model, state) if state else (None, [])
        after = state.window_until if state else None
        fresh = speaking_windows(session, model, after=after, limit=MOST_STEPS)
        before = last_before(session, model.id, fresh[0].ends_at) if _is_back_filled(fresh, last, now) else last
        told, added = _of_windows(session, model, fresh, before, policy=policy, now=now)
        last = max((one for one in (last, told) if one), key=lambda one: one.at, default=None)
        looked_at = _of_its_data(found.sources, now) if is_replayed(model) else now
        entries = (*corrected, *added, *_of_present(last, look_of(present), looked_at))
        return Refreshed(
            model_id,
            _base(state),
            entries,
            look_of(present),
            checks_of(session, model, present, now=now),
            fresh[-1].starts_at if fresh else after,
            present.measured_at or (state.measured_at if state else None),
            now,
        )


def _base(state: GovernanceState | None) -> tuple[Any, ...]:
    """By which a look knows whether another one was written meanwhile."""
    return () if state is None else (state.record_id, state.recorded_at, state.measured_at, state.window_until)


def _of_windows(
    session: Session, model: Model, windows: Sequence[Evaluation], last: Last | None, *, policy: InForce, now: datetime
) -> tuple[Last | None, list[Entry]]:
    """The looks of windows that have closed, where they differ from the one before or are a day later."""
    entries = []
    for window in windows:
        look = look_of(standing(session, model, until=window.ends_at, policy=policy))
        at = window.ends_at if now - window.ends_at > PAST else now
        at = max(at, last.at) if last else at
        if last is None or differs(last.look, look) or at - last.at >= DAILY:
            step = step_between(last.look if last else None, look)
            entries.append(Entry(look, step, at))
            last = Last(look, at, step.event)
    return last, entries


def _is_back_filled(windows: Sequence[Evaluation], last: Last | None, now: datetime) -> bool:
    """Whether these windows are of days before the newest look: they get their looks there, and not after it."""
    return bool(windows) and last is not None and windows[0].ends_at < min(last.at, now - PAST)


def _of_its_data(measured_on: Mapping[str, Source], now: datetime) -> datetime:
    """Until when the data go that a look was made from: by drift, which the windows that follow go by.

    Outcomes may be measured of later days already, while drift catches up with them.
    """
    ends = [measured_on["drift"].ends_at] if "drift" in measured_on else [one.ends_at for one in measured_on.values()]
    return min([now, *ends])


def _of_present(last: Last | None, look: Look, at: datetime) -> list[Entry]:
    """What is written of the look that holds now: nothing, where it is the last one and that is not a day old."""
    if last is None:
        return [Entry(look, step_between(None, look), at)]
    step = step_between(last.look, look)
    if not differs(last.look, look):
        return [Entry(look, step, at)] if at - last.at >= DAILY else []
    if last.record_id is not None and _amends(last, look, step):
        corrected = step.event is RiskEvent.CORRECTION
        return [Entry(look, replace(step, event=last.event), last.at, last.record_id, corrected)]
    return [Entry(look, step, max(at, last.at))]


def _amends(last: Last, look: Look, step: RiskStep) -> bool:
    """Whether the newest row is put right rather than followed: late data, or a window that is open still."""
    if step.event is RiskEvent.CORRECTION:
        return True
    if step.event is not RiskEvent.OPEN_WINDOW or last.event is not RiskEvent.OPEN_WINDOW:
        return False
    return last.look.status == look.status and same_windows(last.look, look)
