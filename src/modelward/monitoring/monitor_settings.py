"""How a model is watched: its stored settings as a Monitor, and changes to them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from modelward.audit.author import SYSTEM, Author
from modelward.audit.service import changed
from modelward.errors import FieldError, Invalid
from modelward.jobs.service import enqueue
from modelward.kit.database import change
from modelward.monitoring.columns import SHOWN_ONLY, SPECIAL, profiled_columns
from modelward.monitoring.judged_windows import judged_by
from modelward.monitoring.marks import DUE, mark
from modelward.monitoring.segment_tables import SegmentWindow
from modelward.monitoring.tables import BucketProfile, Evaluation, Fairness, Partial, Performance
from modelward.registry.entries import about_model
from modelward.registry.service import current_baseline, known_time_zone
from modelward.registry.tables import Model
from modelward.rules.monitor import EVERY, TESTS, Monitor
from modelward.rules.named_test import misfit
from modelward.rules.window_spans import WindowSpans

IN_EFFECT = "window_in_effect"
"""What is read beside the settings, and may come back with them."""
CHOSEN = ("hour", "day")
"""The kinds between which the volume chooses."""


def monitor_of(model: Model) -> Monitor:
    """The model's monitor; its time zone is the model's own, its window the kind in effect."""
    settings = Monitor.from_dict(model.monitor or {})
    return replace(settings, time_zone=model.time_zone, window=windows_of(model).kind)  # type: ignore[arg-type]


def asked_window(model: Model) -> str | None:
    """The kind of windows that somebody asked for; None: the model's volume chooses it."""
    return (model.monitor or {}).get("window")


def windows_of(model: Model) -> WindowSpans:
    """The kinds of the model's windows: the one that was asked for, or those that its volume chose, over time."""
    asked = asked_window(model)
    if asked is not None:
        return WindowSpans.of(asked, model.time_zone)
    if model.windows is None:
        return WindowSpans.of("day", model.time_zone)
    return WindowSpans.from_list(model.time_zone, model.windows["spans"])


def judged(monitor: Monitor, column: str) -> bool:
    """Whether a column of the profile is held against the reference, rather than only shown."""
    return column not in monitor.ignore and (column not in SHOWN_ONLY or column in monitor.tests)


def change_monitor(
    session: Session, *, model: Model, wire: Mapping[str, Any], now: datetime, author: Author = SYSTEM
) -> Monitor:
    """Replace the model's settings by these (what is not named gets its starting value), and evaluate all windows anew.

    Where no `window` is named, or null, the volume chooses it. It begins with the kind that was in effect.

    Raises:
        Invalid: an unknown name, a value that cannot be meant, a column that the model does not have, or a test that
            does not fit its column.
    """
    wire = {name: value for name, value in wire.items() if name != IN_EFFECT}
    monitor, asked = _parsed(wire), wire.get("window")
    _check_columns(session, model, monitor)
    _check_season(session, model, monitor.reference, asked)
    before = settings_json(model)
    if asked is not None:
        model.windows = None
    elif asked_window(model) in CHOSEN:
        model.windows = {"spans": windows_of(model).to_list()}
    if "time_zone" in wire:
        model.time_zone = known_time_zone(monitor.time_zone)
    settings = {name: value for name, value in monitor.to_dict().items() if name != "time_zone"}
    model.monitor = {**settings, "window": asked}
    forget_open_windows(session, model)
    evaluate_everything(session, model_id=model.id, now=now)
    if (both := changed(before, settings_json(model))) is not None:
        about_model(session, model, author=author, action="monitor.changed", at=now, before=both[0], after=both[1])
    return monitor_of(model)


def settings_json(model: Model) -> dict[str, Any]:
    """The settings as somebody wrote them: `window` is None where the volume chooses it."""
    return {**monitor_of(model).to_dict(), "window": asked_window(model)}


def forget_open_windows(session: Session, model: Model) -> None:
    """Delete what was said of open windows of a kind that is no longer in effect: nothing would ever close them."""
    for table in (Evaluation, Performance, Fairness, SegmentWindow):
        windows = windows_of(model) if table is Evaluation else windows_of(model).calendar
        gone = (table.model_id == model.id, table.closed.is_(False), ~judged_by(table, windows))
        change(session, delete(table).where(*gone))


def evaluate_everything(session: Session, *, model_id: int, now: datetime) -> None:
    """Every window of the model is to be evaluated anew: its rule or its reference is another one."""
    for table in (BucketProfile, Partial):
        buckets = session.scalars(select(table.bucket).where(table.model_id == model_id).distinct()).all()
        mark(session, model_id=model_id, kind=DUE, buckets=buckets, now=now)
    enqueue(session, "evaluate", str(model_id), run_at=now)
    enqueue(session, "joint", str(model_id), run_at=now)
    enqueue(session, "segments", str(model_id), run_at=now)
    enqueue(session, "placebo", str(model_id), run_at=now)


def _parsed(wire: Mapping[str, Any]) -> Monitor:
    try:
        return Monitor.from_dict(wire)
    except (ValueError, TypeError, KeyError) as error:
        raise Invalid(f"These settings cannot be used: {str(error).removesuffix('.')}.") from error


def _check_season(session: Session, model: Model, season: str, asked: str | None) -> None:
    """A season means something for windows shorter than a week, and of a reference that has times to find it by."""
    if season == "whole":
        return
    problem = ""
    if asked == "week":
        problem = (
            f"reference cannot be {season!r} with windows of a week, because every weekday and hour is in each of "
            "them: choose windows of a day or an hour, or 'whole'."
        )
    baseline = current_baseline(session, model.id)
    if baseline is not None and baseline.status == "confirmed" and baseline.source != "window":
        problem = problem or (
            f"reference cannot be {season!r}, because the model's reference has no span of its events in which to look "
            "for a season: name one with POST /api/v1/models/{model}/baseline/window first, or choose 'whole'."
        )
    if problem:
        raise Invalid(problem, fields=(FieldError("reference", "has no season here"),))


def _check_columns(session: Session, model: Model, monitor: Monitor) -> None:
    columns = profiled_columns(session, model.id)
    features = {column.key for column in columns} - set(SPECIAL)
    if not features:
        return  # Settings may come before the first event; then nobody knows the columns yet.
    known = features | {EVERY, *SPECIAL}
    places = {"ignore": monitor.ignore, "tests": monitor.tests, "thresholds": monitor.thresholds}
    places |= {"column_bins": monitor.column_bins}
    places |= {"segments": monitor.segments, "importance": monitor.importance}
    strangers = [(place, name) for place, names in places.items() for name in names if name not in known]
    if strangers:
        fields = tuple(FieldError(f"{place}.{name}", "the model has no such column") for place, name in strangers)
        place, name = strangers[0]
        raise Invalid(
            f"{place} names {name!r}, which the model does not have: {', '.join(sorted(known))}.", fields=fields
        )
    for column in columns:
        test = TESTS.get(monitor.tests.get(column.key, ""))
        if test is not None and (said := misfit(test, column.key, column.kind)):
            raise Invalid(f"{said}.", fields=(FieldError(f"tests.{column.key}", "the test does not fit the column"),))
