"""How a model is watched: its stored settings as a Monitor, and changes to them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from modelward.audit.author import SYSTEM, Author
from modelward.audit.service import changed
from modelward.errors import FieldError, Invalid
from modelward.jobs.service import enqueue
from modelward.monitoring.columns import SHOWN_ONLY, SPECIAL, profiled_columns
from modelward.monitoring.marks import DUE, mark
from modelward.monitoring.tables import BucketProfile, Partial
from modelward.registry.entries import about_model
from modelward.registry.service import known_time_zone
from modelward.registry.tables import Model
from modelward.rules.monitor import EVERY, TESTS, Monitor
from modelward.rules.named_test import misfit


def monitor_of(model: Model) -> Monitor:
    """The model's monitor; its time zone is the model's own."""
    return replace(Monitor.from_dict(model.monitor or {}), time_zone=model.time_zone)


def judged(monitor: Monitor, column: str) -> bool:
    """Whether a column of the profile is held against the reference, rather than only shown."""
    return column not in monitor.ignore and (column not in SHOWN_ONLY or column in monitor.tests)


def change_monitor(
    session: Session, *, model: Model, wire: Mapping[str, Any], now: datetime, author: Author = SYSTEM
) -> Monitor:
    """Replace the model's settings by these (what is not named gets its starting value), and evaluate all windows anew.

    Raises:
        Invalid: an unknown name, a value that cannot be meant, a column that the model does not have, or a test that
            does not fit its column.
    """
    monitor = _parsed(wire)
    _check_columns(session, model, monitor)
    before = monitor_of(model).to_dict()
    if "time_zone" in wire:
        model.time_zone = known_time_zone(monitor.time_zone)
    model.monitor = {name: value for name, value in monitor.to_dict().items() if name != "time_zone"}
    evaluate_everything(session, model_id=model.id, now=now)
    after = monitor_of(model)
    if (both := changed(before, after.to_dict())) is not None:
        about_model(session, model, author=author, action="monitor.changed", at=now, before=both[0], after=both[1])
    return after


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
