"""Two versions of a name on the same traffic: by common events where both predicted them, else over the same span."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from modelward.errors import Invalid, ModelwardError
from modelward.events.contract import EventStore
from modelward.governance.paired import LEAST_PAIRS, MOST_ROWS, as_json, paired_differences
from modelward.kit.clock import require_span
from modelward.monitoring import answers
from modelward.monitoring.joint import read_watched
from modelward.monitoring.performance_answers import fairness
from modelward.monitoring.performance_queries import performance_of_span
from modelward.monitoring.quality_answers import quality
from modelward.registry.tables import Model


def compared(
    session: Session, store: EventStore, this: Model, other: Model, *, start: datetime, end: datetime
) -> dict[str, Any]:
    """What is known of both over a span, and what differs on the events that both predicted.

    Of the span only the time counts in which both had traffic: a year of one beside a fortnight of the other would
    compare seasons. Where there is no such time, the answer says so.

    Raises:
        Invalid: the span ends before it begins, or the two are no versions of one name.
    """
    require_span(start, end)
    if this.id == other.id or (this.project_id, this.name) != (other.project_id, other.name):
        raise Invalid("Only two versions of one name, in one project, can be compared: choose another with `with`.")
    shared = _shared(this, other, start, end)
    start, end = shared or (start, end)
    common, differences = _paired(session, store, this, other, start=start, end=end)
    paired = bool(differences)
    span = "the same span" if shared else "the span, in which they never had traffic at the same time"
    told = (
        f"on the {common:,} events that both predicted"
        if paired
        else f"over {span}, unpaired: {common:,} events were predicted by both, and {LEAST_PAIRS} are needed"
    )
    return {
        "paired": paired,
        "told": f"Compared {told}.",
        "start": start,
        "end": end,
        "common_events": common,
        "most_events_read": MOST_ROWS,
        "this": side_of(session, this, start, end),
        "other": side_of(session, other, start, end),
        "differences": differences,
    }


def _shared(this: Model, other: Model, start: datetime, end: datetime) -> tuple[datetime, datetime] | None:
    """The part of the span in which both had events; None where there is none."""
    firsts = [model.first_event_at for model in (this, other) if model.first_event_at]
    lasts = [model.last_event_at + timedelta(microseconds=1) for model in (this, other) if model.last_event_at]
    begins, ends = max([start, *firsts]), min([end, *lasts])
    return (begins, ends) if len(firsts) == 2 and begins < ends else None


def side_of(session: Session, model: Model, start: datetime, end: datetime) -> dict[str, Any]:
    """One version over the span: drift, quality, performance with intervals, fairness and latency.

    What cannot be said is null, and `why_not` has its reason.
    """
    asked: Mapping[str, Callable[[], Any]] = {
        "drift": lambda: _drift(answers.drift_between(session, model, start, end)),
        "quality": lambda: _few(quality(session, model, start=start, end=end), "verdict", "reason", "rows"),
        "performance": lambda: performance_of_span(session, model_id=model.id, start=start, end=end),
        "fairness": lambda: _few(fairness(session, model, start=start, end=end), "verdict", "reason"),
        "latency": lambda: answers.metrics(session, model, start, end).get("latency_ms"),
    }
    found: dict[str, Any] = {}
    why_not: dict[str, str] = {}
    for name, read in asked.items():
        try:
            found[name] = read()
        except ModelwardError as error:
            found[name], why_not[name] = None, error.sentence
    head = {"model_id": model.id, "model": model.key, "version": model.version, "place": model.deployment_place}
    return {**head, **found, "why_not": why_not}


def _paired(
    session: Session, store: EventStore, this: Model, other: Model, *, start: datetime, end: datetime
) -> tuple[int, list[dict[str, Any]]]:
    one, two = read_watched(session, this.id), read_watched(session, other.id)
    if one is None or two is None:
        return 0, []
    common, differences = paired_differences(store, one, two, start=start, end=end)
    return common, as_json(differences)


def _drift(answer: Mapping[str, Any]) -> dict[str, Any]:
    return _few(answer, "verdict", "reason", "psi", "ks", "drift_detected")


def _few(answer: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: answer.get(name) for name in names}
