"""Readings of windows of events: drift by column, quality by check, latency."""

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Row, Select, select

from modelward.alerting.watched import Watched
from modelward.monitoring.columns import PREDICTION, SCORE, SPECIAL, title_of
from modelward.monitoring.judged_windows import judged_by
from modelward.monitoring.quality import quality_windows
from modelward.monitoring.tables import ColumnEvaluation, Evaluation
from modelward.rules.alarm import WindowLevel
from modelward.rules.alert_readings import Reading, Series
from modelward.rules.alert_rules import AlertRule
from modelward.rules.quality_finding import Check
from modelward.rules.quality_state import CheckHistory, check_histories
from modelward.rules.verdict import Verdict

LEAST_TIMED = 30
"""A window with fewer timed events says nothing of a percentile."""
_LEVELS = {verdict.value: verdict for verdict in Verdict}  # "reference" says nothing: the window made the reference


def column_readings(watched: Watched, _rule: AlertRule) -> list[Series]:
    """The features, each over the windows."""
    return [series for series in _columns(watched) if series.subject not in SPECIAL]


def prediction_readings(watched: Watched, _rule: AlertRule) -> list[Series]:
    """The prediction and its score."""
    return [series for series in _columns(watched) if series.subject in (PREDICTION, SCORE)]


def quality_readings(watched: Watched, _rule: AlertRule) -> list[Series]:
    """Every check of every column that found something, but for the volume and for events that do not come."""
    return _checks(watched, lambda check: check not in (Check.VOLUME, Check.FRESHNESS))


def volume_readings(watched: Watched, _rule: AlertRule) -> list[Series]:
    """Too many or too few events."""
    return _checks(watched, lambda check: check is Check.VOLUME)


def latency_readings(watched: Watched, rule: AlertRule) -> list[Series]:
    """One percentile of the latency."""
    rows = watched.session.execute(_windows(watched)).all()
    readings = [_timed(row, f"p{rule.condition.percentile}") for row in reversed(rows)]
    return [Series("", _newest_open_last(readings))] if readings else []


def _columns(watched: Watched) -> list[Series]:
    windows = {row.id: row for row in watched.session.execute(_windows(watched))}
    rows = watched.session.execute(
        select(
            ColumnEvaluation.evaluation_id,
            ColumnEvaluation.column,
            ColumnEvaluation.level,
            ColumnEvaluation.p_value,
            ColumnEvaluation.reason,
        ).where(ColumnEvaluation.evaluation_id.in_(windows))
    )
    found: defaultdict[str, list[Reading]] = defaultdict(list)
    for row in rows:
        window = windows[row.evaluation_id]
        reading = Reading(
            start=window.starts_at,
            end=window.ends_at,
            level=_LEVELS.get(row.level, Verdict.TOO_FEW),
            reason=row.reason,
            p_value=row.p_value,
            closed=window.closed,
        )
        found[row.column].append(reading)
    return [Series(column, _newest_open_last(readings), title_of(column)) for column, readings in found.items()]


def _windows(watched: Watched) -> Select[int, datetime, datetime, bool, dict[str, object]]:
    """The newest windows, newest first."""
    return (
        select(Evaluation.id, Evaluation.starts_at, Evaluation.ends_at, Evaluation.closed, Evaluation.measures)
        .where(Evaluation.model_id == watched.model.id, judged_by(Evaluation, watched.spans))
        .order_by(Evaluation.starts_at.desc())
        .limit(watched.windows + 1)
    )


def _newest_open_last(readings: list[Reading]) -> list[Reading]:
    """In order, without windows that are open though a later one is closed: those are amid a back-fill."""
    ordered = sorted(readings, key=lambda reading: reading.start)
    return [reading for reading in ordered if reading.closed or reading is ordered[-1]]


def _timed(row: Row[int, datetime, datetime, bool, dict[str, object]], name: str) -> Reading:
    _, starts_at, ends_at, closed, measures = row
    timed = measures.get("latency") or {}
    assert isinstance(timed, dict)
    value = timed.get(name) if timed.get("count", 0) >= LEAST_TIMED else None
    return Reading(starts_at, ends_at, value=value, closed=closed)


def _checks(watched: Watched, wanted: Callable[[Check], bool]) -> list[Series]:
    closed, still_open = quality_windows(watched.session, watched.model.id, watched.spans, limit=watched.windows)
    ends = {row.starts_at: row.ends_at for row in watched.session.execute(_windows(watched))}
    histories = [one for one in check_histories(closed, still_open) if wanted(one.finding.check)]
    return [_series(one, ends) for one in histories]


def _series(history: CheckHistory, ends: dict[datetime, datetime]) -> Series:
    finding = history.finding
    subject = "|".join([finding.column or "", finding.check.value, finding.rule or ""])
    closed = [_checked(level, ends, closed=True) for level in history.closed]
    still_open = [_checked(history.still_open, ends, closed=False)] if history.still_open else []
    return Series(subject, [*closed, *still_open], title_of(finding.column) if finding.column else "")


def _checked(window: WindowLevel, ends: dict[datetime, datetime], *, closed: bool) -> Reading:
    end = ends.get(window.start, window.start)
    return Reading(window.start, end, window.level, window.reason, p_value=window.p_value, closed=closed)
