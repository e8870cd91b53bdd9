"""What each page reads: a few look-ups of the registry, of monitoring, and of the event store for the latest rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from modelward.accounts.principal import Scope
from modelward.errors import NotFound, Unavailable
from modelward.events.contract import EventStore
from modelward.governance.queries import states_of
from modelward.monitoring import queries as monitoring
from modelward.monitoring.monitor_settings import monitor_of
from modelward.monitoring.performance_queries import newest_performance
from modelward.monitoring.quality_answers import quality, with_records
from modelward.monitoring.readings import Distribution, EvaluationView, HeatMap, WindowPoint
from modelward.monitoring.segment_queries import segment_alarms
from modelward.monitoring.why import why_now
from modelward.monitoring.window_choice import in_effect
from modelward.registry.service import resolve, schema
from modelward.registry.tables import Model, Project
from modelward.web.time_range import USUAL, TimeRange, time_range, window_start
from modelward.web.views.column import Limits
from modelward.web.views.heat import chosen_column
from modelward.web.views.model_page import Asked, ModelFacts, ModelReadings
from modelward.web.views.naming import column_title
from modelward.web.views.segment_lines import told_alarms
from modelward.web.views.traffic import newest_telling

WINDOWS = 400  # at most on one page
EVENTS = 25


@dataclass(frozen=True)
class Address:
    """What the address of a model's page says, as it was written."""

    range: str | None = None
    from_: str | None = None
    to: str | None = None
    column: str | None = None
    window: str | None = None
    columns: int = 1


def facts_of(session: Session, scope: Scope, key: str) -> ModelFacts:
    """The model itself. Raises NotFound."""
    model = resolve(session, scope, key)
    project, monitor = session.get(Project, model.project_id), monitor_of(model)
    return ModelFacts(
        id=model.id,
        key=model.key,
        name=model.name or model.key,
        version=model.version,
        project=project.key if project else None,
        description=model.description,
        time_zone=model.time_zone,
        window=monitor.window,
        health=model.health,
        health_since=model.health_since,
        health_reason=model.health_reason,
        event_count=model.event_count,
        last_event_at=model.last_event_at,
        windows_reason=in_effect(model).reason,
        limits=Limits(monitor.psi_moderate, monitor.psi_strong, monitor.constant_thresholds),
    )


def asked_of(session: Session, facts: ModelFacts, written: Address, now: datetime) -> Asked:
    """The address, checked. A preset ends with the newest window, so that a replayed year is seen as it was."""
    newest = monitoring.window_history(session, model_id=facts.id, limit=1)
    end = newest[-1].ends_at if newest else now
    shown = time_range(
        name=written.range,
        first=written.from_,
        last=written.to,
        usual=USUAL.get(facts.window, "all"),
        newest=end,
        zone=ZoneInfo(facts.time_zone),
    )
    window = window_start(written.window) if written.window else None
    return Asked(shown, written.column, window, max(1, written.columns))


def heat_of(session: Session, facts: ModelFacts, shown: TimeRange) -> HeatMap:
    """Drift in the range."""
    return monitoring.heat_map(session, model_id=facts.id, start=shown.start, end=shown.end, limit=WINDOWS)


def chosen_of(session: Session, facts: ModelFacts, asked: Asked, heat: HeatMap) -> Distribution | None:
    """The distribution of the column that is open.

    Raises:
        NotFound: the address names a column or a window that is not there.
    """
    column = chosen_column(heat, asked.column)
    if column is None:
        return None
    start, end = _window(session, facts, asked, heat)
    found = monitoring.distribution(session, model_id=facts.id, column=column, start=start, end=end)
    if found is None and asked.column and all(row.column != column for row in heat.rows):
        raise NotFound(f"`{facts.name}` has no column `{column_title(column)[:80]}`: choose one from its list.")
    return found


def _window(
    session: Session, facts: ModelFacts, asked: Asked, heat: HeatMap
) -> tuple[datetime | None, datetime | None]:
    """The window that is asked for; else the newest of the range that was judged; (None, None) when there is none."""
    if asked.window is None:
        newest = newest_telling(heat.windows)
        return (newest.starts_at, newest.ends_at) if newest else (None, None)
    known = next((p.ends_at for p in heat.windows if p.starts_at == asked.window), None)
    if known is None:
        evaluated = monitoring.evaluation(session, model_id=facts.id, starts_at=asked.window)
        if evaluated is None:
            raise NotFound("There is no such window of this model: choose one in the heat map.")
        known = evaluated.ends_at
    return asked.window, known


def _prediction_of(session: Session, facts: ModelFacts, heat: HeatMap) -> Distribution | None:
    newest = newest_telling(heat.windows)
    if newest is None:
        return None
    return monitoring.distribution(
        session, model_id=facts.id, column="@prediction", start=newest.starts_at, end=newest.ends_at
    )


def readings(session: Session, events: EventStore, facts: ModelFacts, asked: Asked) -> ModelReadings:
    """Everything for the whole page."""
    heat = heat_of(session, facts, asked.range)
    stored = {feature.name: feature.column for feature in schema(session, facts.id).features}
    rows, away = latest_events(events, facts.id)
    latest = monitoring.latest_evaluation(session, model_id=facts.id)
    return ModelReadings(
        facts=facts,
        heat=heat,
        history=heat.windows,
        latest=latest,
        reference=monitoring.reference(session, model_id=facts.id),
        why=_why(session, facts, latest),
        parts=told_alarms(segment_alarms(session, facts.id)),
        chosen=chosen_of(session, facts, asked, heat),
        prediction=_prediction_of(session, facts, heat),
        events=rows,
        features=stored,
        events_away=away,
        governed=states_of(session, [facts.id]).get(facts.id),
        performance=newest_performance(session, model_id=facts.id),
    )


def _why(session: Session, facts: ModelFacts, latest: EvaluationView | None) -> list[dict[str, Any]]:
    if latest is None:
        return []
    since = monitoring.drifted_since(session, model_id=facts.id)
    return why_now(session, session.get_one(Model, facts.id), latest, since)


def status_readings(session: Session, facts: ModelFacts, _asked: Asked) -> ModelReadings:
    """What the header alone needs."""
    return ModelReadings(
        facts=facts,
        heat=HeatMap(facts.window, (), ()),
        history=monitoring.window_history(session, model_id=facts.id, limit=30),
        latest=monitoring.latest_evaluation(session, model_id=facts.id),
        reference=monitoring.reference(session, model_id=facts.id),
        governed=states_of(session, [facts.id]).get(facts.id),
        performance=newest_performance(session, model_id=facts.id),
        parts=told_alarms(segment_alarms(session, facts.id)),
    )


def column_readings(session: Session, facts: ModelFacts, asked: Asked) -> ModelReadings:
    """What the open column alone needs."""
    heat = heat_of(session, facts, asked.range)
    return ModelReadings(facts, heat, (), None, None, chosen=chosen_of(session, facts, asked, heat))


def numbers_readings(session: Session, facts: ModelFacts, asked: Asked, part: str) -> ModelReadings:
    """What the table behind one chart needs."""
    if part == "drift":
        return column_readings(session, facts, asked)
    points = monitoring.window_history(
        session, model_id=facts.id, start=asked.range.start, end=asked.range.end, limit=WINDOWS
    )
    heat = HeatMap(facts.window, points, ())
    predicted = _prediction_of(session, facts, heat) if part == "predictions" else None
    return ModelReadings(facts, heat, points, None, None, prediction=predicted)


def latest_events(events: EventStore, model_id: int) -> tuple[list[Mapping[str, Any]], str | None]:
    """The newest rows; the page stands without them while the store is away, and says so."""
    try:
        return events.latest(model_id, limit=EVENTS).to_pylist(), None
    except NotFound:
        return [], None
    except Unavailable as error:
        return [], error.sentence


@dataclass(frozen=True)
class QualityReadings:
    """The quality of the window that is open, and that of every window of the range, oldest first."""

    answer: Mapping[str, Any]
    points: tuple[WindowPoint, ...]
    judged: Sequence[Mapping[str, Any]]
    ignored: frozenset[str] = frozenset()
    """The columns that the settings leave out, as pages name them."""


def quality_readings(session: Session, events: EventStore | None, facts: ModelFacts, asked: Asked) -> QualityReadings:
    """What the tab of data quality needs; with an event store, events that show each finding too.

    Raises:
        NotFound: the address names a window that is not there.
    """
    points, judged = judged_windows(session, facts, asked)
    start, end = _window(session, facts, asked, HeatMap(facts.window, points, ()))
    model = session.get_one(Model, facts.id)
    ignored = frozenset(map(column_title, monitor_of(model).ignore))
    return QualityReadings(quality(session, model, start, end, examples_from=events), points, judged, ignored)


def judged_windows(
    session: Session, facts: ModelFacts, asked: Asked
) -> tuple[tuple[WindowPoint, ...], list[dict[str, Any]]]:
    """The windows of the range, and the same with the quality that was found in each."""
    points = monitoring.window_history(
        session, model_id=facts.id, start=asked.range.start, end=asked.range.end, limit=WINDOWS
    )
    return points, with_records(session, session.get_one(Model, facts.id), points)
