"""A model's monitor on trial: replayed on windows of its reference, where nothing is to be found.

The run is made whenever a person confirmed or replaced the reference, or changed the settings. It also leaves behind
how far the reference's windows lie from one another, by which all later windows are judged.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

from sqlalchemy import Engine, exists, select
from sqlalchemy.orm import Session

from modelward.events.contract import EventStore
from modelward.jobs.service import enqueue
from modelward.kit.database import insert_into, reading
from modelward.monitoring.blocks import blocks_of, seasons_of
from modelward.monitoring.calibrations import awaited, pack, run_of, settings_of
from modelward.monitoring.columns import title_of
from modelward.monitoring.judge import compared_sides
from modelward.monitoring.monitor_settings import monitor_of
from modelward.monitoring.placebo_tables import PlaceboRun
from modelward.monitoring.subject import Subject, read_reference, read_subject
from modelward.monitoring.tables import Evaluation
from modelward.registry.service import current_baseline
from modelward.registry.tables import Baseline, Model
from modelward.rules.calibration import calibrate, enough_rows
from modelward.rules.detectable import detectable
from modelward.rules.placebo import replay
from modelward.stats import Profile

_RECENT = 20
_NO_TIMES = (
    "The reference came from a file, of which only the profile is kept: it has no windows on which the monitor could "
    "be tried. Name a span of the model's own events as the reference to have it tried."
)
_WAITING = "The monitor is about to be tried on the windows of its reference."
_PROVISIONAL = "The reference is provisional: confirm it, or give one of your own, and the monitor is tried on it."
_NONE = "There is no reference yet on which the monitor could be tried."


@dataclass(frozen=True)
class Tried:
    """A run, to be written: call it with the session. Windows that waited for it are judged after it."""

    subject: Subject
    window: str
    values: dict[str, Any]
    now: datetime

    def __call__(self, session: Session) -> None:
        present, model_id = read_subject(session, self.subject.model_id), self.subject.model_id
        if present is None or present.reference is None or self.subject.reference is None:
            return
        if (present.monitor, present.reference.id) != (self.subject.monitor, self.subject.reference.id):
            enqueue(session, "placebo", str(model_id), run_at=self.now)  # Changed meanwhile: once more.
            return
        monitor = present.judging(self.window).monitor
        waited = awaited(session, model_id, monitor, present.reference)
        statement = insert_into(session, PlaceboRun).values(model_id=model_id, window=self.window, **self.values)
        session.execute(statement.on_conflict_do_update(index_elements=["model_id", "window"], set_=self.values))
        if waited:
            for kind in ("evaluate", "segment_windows"):
                enqueue(session, kind, str(model_id), run_at=self.now)
        if len(present.windows.kinds) > 1:
            enqueue(session, "placebo", str(model_id), run_at=self.now)  # Perhaps one of another kind is to be made.


def try_out(engine: Engine, store: EventStore, *, model_id: int, now: datetime) -> Tried | None:
    """Replay the monitor on its reference, by the windows of one kind for which that was not done yet.

    None where the reference is provisional, or all was done already.
    """
    with reading(engine) as session:
        subject = read_subject(session, model_id)
        if subject is None or subject.reference is None or subject.reference.provisional:
            return None
        every = [subject.judging(kind) for kind in subject.windows.kinds]
        untried = [one for one in every if run_of(session, model_id, one.monitor, one.reference) is None]
        if not untried:
            return None
        trying = untried[0]
        blocks = blocks_of(session, store, trying)
        rows = _window_rows(session, trying, blocks)
    values = {**_run(trying, blocks, rows), "tried_at": now}
    return Tried(subject, trying.monitor.window, values, now)


def untried(session: Session) -> set[int]:
    """Models with a confirmed reference and a judged window, whose reference nobody tried the monitor on."""
    query = select(Baseline.model_id).where(
        Baseline.status == "confirmed",
        exists().where(Evaluation.model_id == Baseline.model_id, Evaluation.closed.is_(True)),
        ~exists().where(PlaceboRun.model_id == Baseline.model_id, PlaceboRun.baseline_id == Baseline.id),
    )
    return set(session.scalars(query))


@dataclass(frozen=True)
class PlaceboView:
    """What is known of the monitor's trial. `state`: tried, waiting, provisional or none (no reference yet).

    `outcome` is `rules.placebo.Placebo` as JSON; `detectable` the smallest change of each column that a window of
    `window_rows` rows shows, `worst` those that have to be the largest, one of numbers and one of categories.
    """

    state: str
    reason: str
    window: str
    baseline_id: int | None = None
    tried_at: datetime | None = None
    outcome: dict[str, Any] | None = None
    window_rows: int | None = None
    detectable: tuple[dict[str, Any], ...] = ()

    @property
    def worst(self) -> dict[str, dict[str, Any]]:
        """Of each kind the column whose change has to be the largest; one that is never seen (null) is worse still."""
        found: dict[str, dict[str, Any]] = {}
        for entry in self.detectable:
            before = found.get(entry["kind"])
            if before is None or _size(entry) > _size(before):
                found[entry["kind"]] = entry
        return found


def placebo(session: Session, *, model: Model) -> PlaceboView:
    """What is known of the trial of a model's present monitor on its present reference."""
    monitor, reference = monitor_of(model), read_reference(session, current_baseline(session, model.id))
    if reference is None:
        return PlaceboView("none", _NONE, monitor.window)
    run = run_of(session, model.id, monitor, reference)
    if run is None and reference.provisional:
        return PlaceboView("provisional", _PROVISIONAL, monitor.window, reference.id)
    if run is None:
        return PlaceboView("waiting", _WAITING, monitor.window, reference.id)
    reason = _NO_TIMES if reference.source == "upload" else run.outcome["reason"]
    seen = tuple({**entry, "column": title_of(entry["column"])} for entry in run.detectable)
    return PlaceboView("tried", reason, monitor.window, reference.id, run.tried_at, run.outcome, run.window_rows, seen)


def placebo_answer(session: Session, model: Model) -> dict[str, Any]:
    """The trial as JSON."""
    view = placebo(session, model=model)
    return {
        "model_id": model.id,
        "model": model.key,
        "state": view.state,
        "reason": view.reason,
        "window": view.window,
        "reference": {"id": view.baseline_id},
        "tried_at": view.tried_at,
        "placebo": view.outcome,
        "window_rows": view.window_rows,
        "detectable": list(view.detectable),
        "worst": view.worst,
    }


def _run(subject: Subject, blocks: Sequence[Profile], rows: int) -> dict[str, Any]:
    """All of a run but its moment."""
    reference, monitor = subject.reference, subject.monitor
    assert reference is not None
    seasons = seasons_of(subject, blocks)
    calibration = calibrate(blocks, monitor, seasons)
    judged, _ = compared_sides(monitor, reference, reference.profile)
    return {
        "baseline_id": reference.id,
        "settings": settings_of(monitor),
        "outcome": replay(blocks, monitor, seasons).to_dict(),
        "window_rows": rows,
        "detectable": [entry.to_dict() for entry in detectable(judged, rows, monitor, calibration)],
        "calibration": None if calibration is None else pack(calibration),
    }


def _window_rows(session: Session, subject: Subject, blocks: Sequence[Profile]) -> int:
    """What a window usually holds: the middle one of the reference's, or of those that were judged last."""
    if subject.monitor.window == "events":
        return subject.monitor.window_events
    sizes = [block.rows for block in enough_rows(blocks, subject.monitor)[0] or blocks]
    query = (
        select(Evaluation.rows)
        .where(Evaluation.model_id == subject.model_id, Evaluation.kind == subject.monitor.window)
        .order_by(Evaluation.starts_at.desc())
        .limit(_RECENT)
    )
    return int(median(sizes or list(session.scalars(query)) or [0]))


def _size(entry: dict[str, Any]) -> float:
    return float("inf") if entry["change"] is None else float(entry["change"])


PLACEBO_EXAMPLE: dict[str, Any] = {
    "model_id": 1,
    "model": "churn",
    "state": "tried",
    "reason": (
        "0 of 28 windows of the reference itself were flagged: a false-alarm rate between 0.0 and 12.1 % of windows; "
        "nothing below 1 in 28 can be claimed."
    ),
    "window": "day",
    "reference": {"id": 3},
    "tried_at": "2026-03-30T00:00:04Z",
    "placebo": {
        "windows": 28,
        "flagged": 0,
        "strong": 0,
        "alarms": 0,
        "calibrated": True,
        "rate": 0.0,
        "low": 0.0,
        "high": 0.121,
        "claim": 0.0357,
        "reason": "0 of 28 windows of the reference itself were flagged",
        "columns": {},
    },
    "window_rows": 1500,
    "detectable": [
        {
            "column": "age",
            "kind": "numeric",
            "unit": "standard deviations",
            "power": 0.8,
            "change": 0.27,
            "missing": 0.06,
        }
    ],
    "worst": {
        "numeric": {
            "column": "age",
            "kind": "numeric",
            "unit": "standard deviations",
            "power": 0.8,
            "change": 0.27,
            "missing": 0.06,
        }
    },
}
