"""What the windows say of the model, and the word that others are told when that changes."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from modelward.monitoring.joint import Watched
from modelward.monitoring.judged_windows import judged_by
from modelward.monitoring.tables import Fairness, Performance, PerformanceState
from modelward.registry.tables import Model
from modelward.rules.concept_drift import ConceptDrift, concept_drift
from modelward.rules.fairness import FairnessVerdict, judge_fairness_history
from modelward.rules.performance import PerformanceVerdict, judge_history
from modelward.rules.window_spans import WindowSpans
from modelward.rules.windows import Window
from modelward.signals.service import emit

HISTORY = 30
"""Closed windows that the model is judged by."""


@dataclass(frozen=True)
class _Word:
    """A change that others are told."""

    kind: str
    subject: str
    before: str | None
    after: str
    reason: str


def settle(session: Session, *, watched: Watched, reviewed: Sequence[Window], now: datetime) -> None:
    """Bring what is said of the model up to its windows, unless only its past was corrected."""
    state, model = watched.state, session.get(Model, watched.model_id)
    if state is None or model is None or not reviewed:
        return
    newest = max(window.start for window in reviewed)
    if state.judged_until is None or newest >= state.judged_until:
        _settle_performance(session, model, state, watched.windows, now)
    _settle_fairness(session, model, state, watched.windows, newest=newest, now=now)


def drift_of_concept(windows: Sequence[Performance]) -> ConceptDrift:
    """Whether truth and estimate part in these windows, oldest first; those the curve was learned on do not count."""
    return concept_drift([(w.starts_at, None if w.calibrated_on else w.parted) for w in windows])


def _settle_performance(
    session: Session, model: Model, state: PerformanceState, spans: WindowSpans, now: datetime
) -> None:
    windows = _closed(session, model.id, spans)
    judged = [window.starts_at for window in windows if PerformanceVerdict(window.verdict).judged]
    state.judged_until = judged[-1] if judged else None
    found = judge_history([(w.starts_at, PerformanceVerdict(w.verdict), w.reason) for w in windows])
    concept = drift_of_concept(windows)
    if concept.since is not None:
        said = f"{concept.reason}, since {concept.since.isoformat()}" + (f"; {found[1]}" if found else "")
        found = PerformanceVerdict.CONCEPT_DRIFT, said
    if found is None:
        return
    verdict, reason = found
    if verdict.value != state.verdict:
        before = PerformanceVerdict(state.verdict) if state.verdict else None
        state.since = concept.since or (windows[-1].starts_at if windows else now)
        if verdict.alarming or (before is not None and before.alarming):
            word = _Word("performance", model.key, state.verdict, verdict.value, reason)
            _tell(session, model, word, now=now, evidence=_evidence(windows))
    state.verdict, state.reason = verdict.value, reason


def _settle_fairness(
    session: Session, model: Model, state: PerformanceState, spans: WindowSpans, *, newest: datetime, now: datetime
) -> None:
    """Each attribute by its newest closed windows that say anything."""
    said = dict(state.fairness)
    for attribute, windows in _newest_fairness(session, model.id, spans).items():
        found = judge_fairness_history([(FairnessVerdict(w.verdict), w.reason) for w in windows])
        known, last = said.get(attribute), windows[-1]
        if found is None or (known is not None and newest < datetime.fromisoformat(known["window"])):
            continue
        verdict, reason = found
        before = FairnessVerdict(known["verdict"]) if known else None
        if verdict is not before and (verdict.alarming or (before is not None and before.alarming)):
            word = _Word("fairness", attribute, before.value if before else None, verdict.value, reason)
            evidence = {"window": last.starts_at.isoformat(), "score": last.score, "high": last.high}
            _tell(session, model, word, now=now, evidence=evidence)
        since = known["since"] if known and verdict is before else last.starts_at.isoformat()
        window = last.starts_at.isoformat()
        said[attribute] = {"verdict": verdict.value, "since": since, "reason": reason, "window": window}
    state.fairness = said


def _closed(session: Session, model_id: int, spans: WindowSpans) -> list[Performance]:
    newest = session.scalars(
        select(Performance)
        .where(Performance.model_id == model_id, judged_by(Performance, spans), Performance.closed)
        .order_by(Performance.starts_at.desc())
        .limit(HISTORY)
    ).all()
    return list(reversed(newest))


def _newest_fairness(session: Session, model_id: int, spans: WindowSpans) -> dict[str, list[Fairness]]:
    """Of each attribute the newest closed windows in which there were enough rows to say, oldest first."""
    rows = session.scalars(
        select(Fairness)
        .options(defer(Fairness.measures))
        .where(
            Fairness.model_id == model_id,
            judged_by(Fairness, spans),
            Fairness.closed,
            Fairness.verdict != FairnessVerdict.NOT_ENOUGH.value,
        )
        .order_by(Fairness.starts_at.desc())
        .limit(HISTORY * 10)
    )
    found: defaultdict[str, list[Fairness]] = defaultdict(list)
    for row in rows:
        found[row.attribute].insert(0, row)
    return found


def _evidence(windows: Sequence[Performance]) -> dict[str, Any]:
    last = windows[-1]
    return {
        "window": last.starts_at.isoformat(),
        "metric": last.metric,
        "value": last.value,
        "estimate": last.estimate,
        "labelled": last.labelled,
        "rows": last.rows,
    }


def _tell(session: Session, model: Model, word: _Word, *, now: datetime, evidence: dict[str, Any]) -> None:
    emit(
        session,
        organisation_id=model.organisation_id,
        model_id=model.id,
        kind=word.kind,
        subject=word.subject,
        before=word.before,
        after=word.after,
        reason=word.reason,
        at=now,
        evidence=evidence,
    )
