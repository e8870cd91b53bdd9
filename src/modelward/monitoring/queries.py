"""What pages and the API read: each a few indexed look-ups, none of them touching raw events.

Windows are of the kind that was in effect when they began; ranges are [start, end).
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session, defer

from modelward.accounts.principal import Scope
from modelward.kit.paging import Page, listed
from modelward.monitoring.alarms import column_alarms
from modelward.monitoring.distributions import distribution
from modelward.monitoring.judged_windows import judged_by
from modelward.monitoring.measures import latency_from, spread_from
from modelward.monitoring.monitor_settings import windows_of
from modelward.monitoring.readings import (
    Distribution,
    EvaluationView,
    HeatCell,
    HeatMap,
    HeatRow,
    ModelCard,
    Quantiles,
    ReferenceView,
    Side,
    Spread,
    WindowPoint,
)
from modelward.monitoring.schemas import EvaluationsAsked
from modelward.monitoring.subject import read_reference
from modelward.monitoring.tables import ColumnEvaluation, Evaluation
from modelward.registry.service import current_baseline, within
from modelward.registry.tables import Baseline, Model, Project
from modelward.rules.window_spans import WindowSpans

__all__ = [
    "Distribution",
    "EvaluationView",
    "HeatCell",
    "HeatMap",
    "HeatRow",
    "ModelCard",
    "Quantiles",
    "ReferenceView",
    "Side",
    "Spread",
    "WindowPoint",
    "distribution",
    "drifted_since",
    "evaluation",
    "evaluations_page",
    "heat_map",
    "latest_evaluation",
    "model_card",
    "model_windows",
    "overview",
    "reference",
    "window_history",
    "window_kind",
]


_CELLS = select(  # Columns rather than objects: a map has thousands of cells.
    ColumnEvaluation.evaluation_id,
    ColumnEvaluation.column,
    ColumnEvaluation.kind,
    ColumnEvaluation.psi,
    ColumnEvaluation.ks,
    ColumnEvaluation.level,
    ColumnEvaluation.drifted,
    ColumnEvaluation.p_value,
    ColumnEvaluation.reason,
)
_URGENCY = {"drifted": 0, "warning": 1, "silent": 2, "too_few": 3, "healthy": 4}
_RECENT = 30


def overview(session: Session, *, scope: Scope) -> tuple[ModelCard, ...]:
    """All models that the reader may see, those in need of attention first."""
    found = session.execute(
        select(Model, Project.key).join(Project, Project.id == Model.project_id).where(*within(scope))
    ).all()
    statuses = _reference_statuses(session, [model.id for model, _ in found])
    cards = [_card(session, model, project, statuses.get(model.id, "none")) for model, project in found]
    return tuple(sorted(cards, key=lambda card: (_URGENCY.get(card.health, 9), card.name.lower(), card.id)))


def model_card(session: Session, *, model_id: int) -> ModelCard | None:
    """One model as the overview shows it, or None."""
    model = session.get(Model, model_id)
    if model is None:
        return None
    project = session.scalar(select(Project.key).where(Project.id == model.project_id))
    return _card(session, model, project, _reference_statuses(session, [model_id]).get(model_id, "none"))


def heat_map(
    session: Session, *, model_id: int, start: datetime | None = None, end: datetime | None = None, limit: int = 92
) -> HeatMap:
    """Column × window for the range, the newest `limit` windows of it."""
    evaluations = _evaluations(session, model_id, start=start, end=end, limit=limit)
    shown = {entry.kind for entry in evaluations} or {window_kind(session, model_id)}
    kind = shown.pop() if len(shown) == 1 else "window"
    position = {evaluation.id: at for at, evaluation in enumerate(evaluations)}
    cells: defaultdict[str, list[HeatCell | None]] = defaultdict(lambda: [None] * len(evaluations))
    kinds: dict[str, str] = {}
    for row in session.execute(_CELLS.where(ColumnEvaluation.evaluation_id.in_(position))):
        kinds[row.column] = row.kind
        cells[row.column][position[row.evaluation_id]] = HeatCell(
            row.psi, row.ks, row.level, row.drifted, row.p_value, row.reason
        )
    since = drifted_since(session, model_id=model_id)
    heat_rows = [_heat_row(column, kinds[column], line, since) for column, line in cells.items()]
    heat_rows.sort(key=lambda row: (row.drifted_since is None, -row.worst, row.column))
    return HeatMap(kind, _points(session, evaluations), tuple(heat_rows))


def window_history(
    session: Session, *, model_id: int, start: datetime | None = None, end: datetime | None = None, limit: int = 400
) -> tuple[WindowPoint, ...]:
    """Volume, latency and predictions by window, oldest first, the newest `limit` of the range."""
    return _points(session, _evaluations(session, model_id, start=start, end=end, limit=limit))


def evaluations_page(session: Session, *, model_id: int, asked: EvaluationsAsked) -> Page[WindowPoint]:
    """The windows that were asked for, by pages."""
    columns = {name: getattr(Evaluation, name) for name in ("starts_at", "verdict", "level", "drifted", "closed")}
    query = _evaluated(session, model_id, start=asked.start, end=asked.end)
    page = listed(session, query, asked, columns=columns, key=Evaluation.id)
    return Page(_points(session, page.items), page.next)


def latest_evaluation(session: Session, *, model_id: int, closed: bool | None = None) -> EvaluationView | None:
    """The evaluation that speaks for the model now: the newest with enough rows, else the newest; None before any."""
    of_model = select(Evaluation).where(Evaluation.model_id == model_id, _in_effect(session, model_id))
    if closed is not None:
        of_model = of_model.where(Evaluation.closed.is_(closed))
    newest = of_model.order_by(Evaluation.starts_at.desc()).limit(1)
    enough = newest.where(Evaluation.level.not_in(["too_few", "reference"]))
    found = session.scalars(enough).first() or session.scalars(newest).first()
    return None if found is None else _view(found)


def evaluation(session: Session, *, model_id: int, starts_at: datetime) -> EvaluationView | None:
    """The evaluation of the window that starts at `starts_at`."""
    of_model = (Evaluation.model_id == model_id, _in_effect(session, model_id))
    found = session.scalars(select(Evaluation).where(*of_model, Evaluation.starts_at == starts_at)).first()
    return None if found is None else _view(found)


def drifted_since(session: Session, *, model_id: int) -> Mapping[str, datetime]:
    """Columns in alarm now, worst first, with the start of the first window of the unbroken run that led to it."""
    alarms = column_alarms(session, model_id=model_id, windows=model_windows(session, model_id))
    return {column: alarm.since for column, alarm in alarms.items() if alarm.level.alarming and alarm.since}


def reference(session: Session, *, model_id: int) -> ReferenceView | None:
    """The reference in use, or None."""
    baseline = current_baseline(session, model_id)
    held = read_reference(session, baseline)
    if baseline is None or held is None:
        return None
    return ReferenceView(
        id=baseline.id,
        status=baseline.status,
        source=baseline.source,
        rows=baseline.rows,
        starts_at=baseline.starts_at,
        ends_at=baseline.ends_at,
        note=baseline.note,
        created_at=baseline.created_at,
        confirmed_at=baseline.confirmed_at,
        columns=tuple(held.profile.columns),
    )


def window_kind(session: Session, model_id: int) -> str:
    """The kind of the model's windows that is in effect: hour, day, week or events."""
    return model_windows(session, model_id).kind


def model_windows(session: Session, model_id: int) -> WindowSpans:
    """The kinds of the model's windows over time."""
    model = session.get(Model, model_id)
    return WindowSpans.of("day", "UTC") if model is None else windows_of(model)


def _in_effect(session: Session, model_id: int) -> ColumnElement[bool]:
    return judged_by(Evaluation, model_windows(session, model_id))


def _evaluations(
    session: Session, model_id: int, *, start: datetime | None, end: datetime | None, limit: int
) -> list[Evaluation]:
    query = _evaluated(session, model_id, start=start, end=end).order_by(Evaluation.starts_at.desc()).limit(limit)
    return list(reversed(session.scalars(query).all()))


def _evaluated(session: Session, model_id: int, *, start: datetime | None, end: datetime | None) -> Select[Evaluation]:
    query = (
        select(Evaluation)
        .options(defer(Evaluation.comparison))  # The whole comparison is ten times the rest, and read one at a time.
        .where(Evaluation.model_id == model_id, _in_effect(session, model_id))
    )
    if start is not None:
        query = query.where(Evaluation.ends_at > start)
    if end is not None:
        query = query.where(Evaluation.starts_at < end)
    return query


def _points(session: Session, evaluations: Sequence[Evaluation]) -> tuple[WindowPoint, ...]:
    drifted: defaultdict[int, list[str]] = defaultdict(list)
    rows = session.execute(
        select(ColumnEvaluation.evaluation_id, ColumnEvaluation.column)
        .where(
            ColumnEvaluation.evaluation_id.in_([entry.id for entry in evaluations]), ColumnEvaluation.drifted.is_(True)
        )
        .order_by(func.coalesce(ColumnEvaluation.psi, 0.0).desc())
    )
    for row in rows:
        drifted[row.evaluation_id].append(row.column)
    return tuple(_point(entry, tuple(drifted[entry.id])) for entry in evaluations)


def _point(entry: Evaluation, drifted_columns: tuple[str, ...]) -> WindowPoint:
    return WindowPoint(
        starts_at=entry.starts_at,
        ends_at=entry.ends_at,
        closed=entry.closed,
        rows=entry.rows,
        verdict=entry.verdict,
        level=entry.level,
        drifted=entry.drifted,
        drifted_columns=drifted_columns,
        latency=latency_from(entry.measures),
        prediction=spread_from(entry.measures, "prediction"),
        score=spread_from(entry.measures, "score"),
    )


def _heat_row(column: str, kind: str, cells: Sequence[HeatCell | None], since: Mapping[str, datetime]) -> HeatRow:
    worst = max((cell.psi for cell in cells if cell and cell.psi is not None), default=0.0)
    return HeatRow(column, kind, tuple(cells), since.get(column), worst)


def _card(session: Session, model: Model, project: str | None, status: str) -> ModelCard:
    points = window_history(session, model_id=model.id, limit=_RECENT)
    return ModelCard(
        id=model.id,
        key=model.key,
        name=model.name,
        version=model.version,
        project=project,
        health=model.health,
        health_since=model.health_since,
        health_reason=model.health_reason,
        reference=status,
        event_count=model.event_count,
        last_event_at=model.last_event_at,
        drifted_columns=tuple(drifted_since(session, model_id=model.id)),
        latest=points[-1] if points else None,
        recent=points,
    )


def _reference_statuses(session: Session, model_ids: Sequence[int]) -> dict[int, str]:
    """The status of every model's current reference; one that is still being built counts where there is no other."""
    rows = session.execute(
        select(Baseline.model_id, Baseline.status).where(
            Baseline.model_id.in_(model_ids), Baseline.status.in_(["building", "provisional", "confirmed"])
        )
    ).all()
    return dict(sorted(((row.model_id, row.status) for row in rows), key=lambda pair: pair[1] != "building"))


def _view(found: Evaluation) -> EvaluationView:
    comparison = found.comparison
    order = {"drifted": 0, "warning": 1, "ok": 2}
    findings = sorted(
        ({**entry, "level": entry["verdict"]} for entry in comparison["columns"]),
        key=lambda entry: (order.get(entry["verdict"], 3), -(entry["statistics"].get("psi") or 0.0), entry["column"]),
    )
    return EvaluationView(
        id=found.id,
        window_kind=found.kind,
        starts_at=found.starts_at,
        ends_at=found.ends_at,
        closed=found.closed,
        verdict=found.verdict,
        level=found.level,
        drifted=found.drifted,
        reason=found.reason,
        rows=found.rows,
        rows_reference=found.rows_reference,
        evaluated_at=found.evaluated_at,
        baseline_id=found.baseline_id,
        baseline_status=found.baseline_status,
        findings=tuple(findings),
        psi=found.psi,
        ks=found.ks,
    )
