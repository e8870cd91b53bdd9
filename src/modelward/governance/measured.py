"""What monitoring has measured of a model, as the rules of governance take it: a few indexed look-ups.

`until` asks for what was known when a window had closed: only windows that ended by then count, and no open one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, defer

from modelward.monitoring.columns import LABEL, LATENCY, PREDICTION, SCORE, feature_key, title_of
from modelward.monitoring.judged_windows import judged_by
from modelward.monitoring.monitor_settings import monitor_of, windows_of
from modelward.monitoring.tables import ColumnEvaluation, Evaluation, Fairness, Performance
from modelward.registry.tables import Model
from modelward.rules.explanation_settings import weights_in
from modelward.rules.fairness import FairnessVerdict
from modelward.rules.governance_status import Figures, PerformanceMeasure
from modelward.rules.performance import PerformanceVerdict
from modelward.rules.risk import (
    ColumnDrift,
    Component,
    FairnessMeasure,
    Unmeasured,
    drift_component,
    fairness_component,
    importances,
    while_open,
)
from modelward.rules.verdict import Verdict

HISTORY = 30
"""So many of the newest windows are looked through for one with enough rows; what is older says nothing of today."""


@dataclass(frozen=True)
class Source:
    """The window that a part was measured on."""

    window_id: int
    starts_at: datetime
    ends_at: datetime
    closed: bool
    measured_at: datetime

    def to_dict(self) -> dict[str, Any]:
        """As JSON, by which a step of the history names its event."""
        return {
            "id": self.window_id,
            "start": self.starts_at.isoformat(),
            "end": self.ends_at.isoformat(),
            "closed": self.closed,
            "measured": self.measured_at.isoformat(),
        }


@dataclass(frozen=True)
class Measured:
    """The parts of the risk, the figures that hard limits look at, and the windows that both come from."""

    drift: Component | Unmeasured
    fairness: Component | Unmeasured
    figures: Figures
    sources: Mapping[str, Source] = field(default_factory=dict)
    baseline_id: int | None = None

    @property
    def parts(self) -> tuple[Component | Unmeasured, ...]:
        return self.drift, self.fairness

    @property
    def measured_at(self) -> datetime | None:
        """When the newest of it was measured."""
        return max((source.measured_at for source in self.sources.values()), default=None)


def measured(session: Session, model: Model, *, until: datetime | None = None) -> Measured:
    """All that governance asks of monitoring."""
    drift, window = _drift(session, model, until)
    fairness, attributes = _fairness(session, model, until)
    performance, judged = _performance(session, model, until)
    sources = {
        name: _source(row) for name, row in (("drift", window), ("fairness", fairness), ("performance", judged)) if row
    }
    baseline = model.attributes.get("fairness_baseline")
    figures = Figures(attributes, baseline if isinstance(baseline, int | float) else None, performance)
    return Measured(
        drift, fairness_component(attributes), figures, sources, window.baseline_id if window is not None else None
    )


def speaking_windows(session: Session, model: Model, *, after: datetime | None, limit: int) -> list[Evaluation]:
    """The closed windows with enough rows that begin after a moment, oldest first, the newest `limit` of them."""
    query = _speaking(model).where(Evaluation.closed).limit(limit)
    if after is not None:
        query = query.where(Evaluation.starts_at > after)
    return list(reversed(session.scalars(query).all()))


def _speaking(model: Model) -> Select[Evaluation]:
    """The windows with enough rows, newest first."""
    return (
        select(Evaluation)
        .options(defer(Evaluation.comparison), defer(Evaluation.measures))
        .where(
            Evaluation.model_id == model.id,
            judged_by(Evaluation, windows_of(model)),
            Evaluation.level.not_in(["too_few", "reference"]),
        )
        .order_by(Evaluation.starts_at.desc())
    )


def _source(row: Evaluation | Fairness | Performance) -> Source:
    return Source(row.id, row.starts_at, row.ends_at, row.closed, row.evaluated_at)


def _drift(session: Session, model: Model, until: datetime | None) -> tuple[Component | Unmeasured, Evaluation | None]:
    """Drift by the newest closed window with enough rows, or by a newer open one where that is worse."""
    enough = _speaking(model).limit(1)
    closed = session.scalars(_before(enough.where(Evaluation.closed), Evaluation.ends_at, until)).first()
    settled = _drift_in(session, model, closed)
    if until is not None:
        return settled, closed
    open_window = session.scalars(enough.where(Evaluation.closed.is_(False), Evaluation.drifted)).first()
    if open_window is None or (closed is not None and open_window.starts_at <= closed.starts_at):
        return settled, closed
    provisional = _drift_in(session, model, open_window)
    if isinstance(provisional, Component) and _score(provisional) > _score(settled):
        return provisional, open_window
    return settled, closed


def _score(part: Component | Unmeasured) -> float:
    return part.score if isinstance(part, Component) else 0.0


def _drift_in(session: Session, model: Model, window: Evaluation | None) -> Component | Unmeasured:
    if window is None:
        return drift_component(())
    rows = session.scalars(select(ColumnEvaluation).where(ColumnEvaluation.evaluation_id == window.id)).all()
    features = [row for row in rows if row.column not in (PREDICTION, SCORE, LABEL, LATENCY)]
    weights = importances([row.column for row in features], _given(model))
    columns = [_column(row, weights[row.column]) for row in features]
    answers = [_column(row, 1.0) for row in rows if row.column in (PREDICTION, SCORE)]
    if not window.closed:
        columns, answers = while_open(columns), while_open(answers)
    return drift_component(columns, answers)


def _given(model: Model) -> dict[str, float]:
    given = {**weights_in(model.attributes.get("importance")), **monitor_of(model).importance}
    return {feature_key(name): value for name, value in given.items()}


def _column(row: ColumnEvaluation, importance: float) -> ColumnDrift:
    return ColumnDrift(title_of(row.column), Verdict(row.level), row.psi, importance, row.p_value)


def _fairness(
    session: Session, model: Model, until: datetime | None
) -> tuple[Fairness | None, tuple[FairnessMeasure, ...]]:
    """Of each attribute the newest closed window in which there were enough rows to say; the newest of them first."""
    newest: dict[str, Fairness] = {}
    query = (
        select(Fairness)
        .options(defer(Fairness.measures))
        .where(Fairness.model_id == model.id, judged_by(Fairness, windows_of(model).calendar), Fairness.closed)
        .where(Fairness.starts_at.in_(_newest_starts(model, until)), Fairness.score.is_not(None))
        .order_by(Fairness.starts_at.desc())
    )
    for row in session.scalars(query):
        if row.verdict != FairnessVerdict.NOT_ENOUGH.value:
            newest.setdefault(row.attribute, row)
    measures = tuple(
        FairnessMeasure(
            row.attribute,
            row.score or 0.0,
            _or(row.low, row.score),
            _or(row.high, row.score),
            row.rows,
            row.starts_at,
            row.ends_at,
        )
        for row in newest.values()
    )
    return max(newest.values(), key=lambda row: row.starts_at, default=None), measures


def _newest_starts(model: Model, until: datetime | None) -> Select[datetime]:
    starts = (
        select(Fairness.starts_at)
        .where(Fairness.model_id == model.id, judged_by(Fairness, windows_of(model).calendar), Fairness.closed)
        .distinct()
        .order_by(Fairness.starts_at.desc())
        .limit(HISTORY)
    )
    return _before(starts, Fairness.ends_at, until)


def _performance(
    session: Session, model: Model, until: datetime | None
) -> tuple[tuple[PerformanceMeasure, ...], Performance | None]:
    """The metrics of the newest closed window that labels have judged, each with its standard."""
    judged = [verdict.value for verdict in PerformanceVerdict if verdict.judged]
    query = (
        select(Performance)
        .where(
            Performance.model_id == model.id,
            judged_by(Performance, windows_of(model).calendar),
            Performance.closed,
            Performance.verdict.in_(judged),
        )
        .order_by(Performance.starts_at.desc())
        .limit(1)
    )
    window = session.scalars(_before(query, Performance.ends_at, until)).first()
    if window is None:
        return (), None
    return _metrics(window), window


def _metrics(window: Performance) -> tuple[PerformanceMeasure, ...]:
    found = window.measures.get("metrics", {})
    return tuple(
        PerformanceMeasure(
            name,
            found[name]["value"],
            _or(found[name].get("low"), found[name]["value"]),
            _or(found[name].get("high"), found[name]["value"]),
            standard["value"],
            standard["source"],
            window.labelled,
        )
        for name, standard in window.measures.get("standards", {}).items()
        if (found.get(name) or {}).get("value") is not None
    )


def _before(query: Select[Any], column: Any, until: datetime | None) -> Select[Any]:
    return query if until is None else query.where(column <= until)


def _or(value: float | None, other: float | None) -> float:
    return value if value is not None else other or 0.0
