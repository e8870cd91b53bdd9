"""The rows that the others are held against and that scores are calibrated on, and how good the estimates were.

The basis is the reference, where its span has labels; else the first windows that are labelled well enough, a week of
days at least. Windows of the basis are estimated too, but never count in the back-test.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from modelward.events.contract import EventStore
from modelward.monitoring.joint import Watched
from modelward.monitoring.joint_store import Counted, Span, counted, outcome_of
from modelward.monitoring.loss_estimates import gaps_of_basis
from modelward.monitoring.window_profiles import moment, seconds
from modelward.registry.tables import Model
from modelward.rules.concept_drift import usual_gap
from modelward.rules.outcome_metrics import Curves, calibrated, curves_from, estimated, measured
from modelward.rules.performance import JUDGED_BY, Standard
from modelward.rules.windows import Window, WindowKind, window_of, windows
from modelward.stats import Outcome
from modelward.stats.outcome import REGRESSION

FIRST_WINDOWS: Mapping[str, int] = {"hour": 24, "day": 7, "week": 2}
FIRST_ROWS = 1000
GROWN = 1.05
"""So much more labels on the basis make it worth measuring anew."""


@dataclass(frozen=True)
class Basis:
    """Where the standard comes from: its spans, its labelled rows, and what was measured (value, low, high)."""

    source: str
    spans: tuple[Span, ...]
    labelled: int
    measured: Mapping[str, tuple[float, float, float]]
    usual_gaps: Mapping[str, float] = field(default_factory=dict)
    """By how much a window's truth may differ from its estimate without any drift, from the basis' own windows."""
    note: str = ""
    """Why nothing can be estimated from it, if so."""
    other_gaps: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """The same as `usual_gaps` for windows of other kinds than the model's first ones."""

    def gaps_of(self, kind: str) -> Mapping[str, float]:
        """By how much a window of a kind may differ without any drift: an hour differs more than a day."""
        return self.other_gaps.get(kind, self.usual_gaps)

    @property
    def name(self) -> str:
        """What tells one basis from another."""
        return f"{self.source}, {self.labelled} labels until {max(span.end for span in self.spans)}"

    def holds(self, start: int, end: int) -> bool:
        """Whether a window shares a moment with the basis."""
        return any(span.start < end and start < span.end for span in self.spans)

    def to_dict(self) -> dict[str, Any]:
        """As its row holds it."""
        return asdict(self)

    @classmethod
    def of(cls, stored: Mapping[str, Any] | None) -> "Basis | None":
        """From the row that holds it."""
        if stored is None:
            return None
        spans = tuple(Span(**span) for span in stored["spans"])
        figures = {name: (value, low, high) for name, (value, low, high) in stored["measured"].items()}
        gaps, note = stored["usual_gaps"], stored.get("note", "")
        return cls(stored["source"], spans, stored["labelled"], figures, gaps, note, stored.get("other_gaps", {}))


@dataclass(frozen=True)
class Found:
    """A basis that is better than the one known, with the curve that was learned on it."""

    basis: Basis
    calibration: bytes | None


def better_basis(session: Session, store: EventStore, watched: Watched, *, until: int) -> Found | None:
    """The basis, if it is another than the known one, or lacks a kind of windows; None: there is none, or no other.

    The windows that it is made of are of the model's first kind, so that another kind later does not choose others.
    """
    known = Basis.of(watched.state.basis if watched.state else None)
    counts = counted(session, model_id=watched.model_id, recipe=watched.plan.recipe)
    chosen = _on_reference(watched, counts) or _first_windows(watched, counts, until)
    others = [kind for kind in watched.windows.kinds if kind != watched.windows.first_kind]
    if chosen is None or (_same(known, chosen) and known is not None and known.other_gaps.keys() >= {*others}):
        return None
    outcome = basis_outcome(session, watched, chosen.spans)
    if outcome is None:
        return None
    figures = {
        name: (found.statistic, found.low, found.high)
        for name, found in measured(outcome, watched.plan.task).items()
        if name in JUDGED_BY.get(watched.plan.task, ()) and not math.isnan(found.statistic)
    }
    if watched.plan.task == REGRESSION:
        gaps, note = _gaps_of_losses(store, watched, chosen, watched.windows.first_kind)
        further = {kind: _gaps_of_losses(store, watched, chosen, kind)[0] for kind in others}
        return Found(Basis(chosen.source, chosen.spans, chosen.labelled, figures, gaps, note, further), None)
    curves, note = calibrated(outcome, watched.plan.task)
    gaps = _usual_gaps(session, watched, chosen.spans, watched.windows.first_kind, curves)
    further = {kind: _usual_gaps(session, watched, chosen.spans, kind, curves) for kind in others}
    basis = Basis(chosen.source, chosen.spans, chosen.labelled, figures, gaps, note, further)
    return Found(basis, curves.to_bytes() if curves else None)


def basis_outcome(session: Session, watched: Watched, spans: Sequence[Span]) -> Outcome | None:
    """The joint summary of the basis."""
    parts = [outcome_of(session, model_id=watched.model_id, recipe=watched.plan.recipe, span=span) for span in spans]
    some = [part for part in parts if part is not None]
    return Outcome.merge(some) if some else None


def known_calibration(watched: Watched) -> Curves | None:
    """The curves that were learned on the basis."""
    return curves_from(watched.state.calibration if watched.state else None)


def standards(model: Model, task: str, basis: Basis | None) -> dict[str, Standard]:
    """What each metric should be: what was given at registration, before what was measured."""
    found: dict[str, Standard] = {}
    for name in JUDGED_BY.get(task, ()):
        given = model.attributes.get("training_accuracy") if name == "accuracy" else None
        if given is not None:
            found[name] = Standard(float(given), float(given), float(given), "given at registration")
        elif basis is not None and name in basis.measured:
            found[name] = Standard(*basis.measured[name], f"measured on {basis.source}")
    return found


def _gaps_of_losses(store: EventStore, watched: Watched, chosen: Basis, kind: str) -> tuple[dict[str, float], str]:
    gap, note = gaps_of_basis(store, watched, chosen.spans, chosen.labelled, kind=kind)
    return {"mean_absolute_error": gap}, note


def _usual_gaps(
    session: Session, watched: Watched, spans: Sequence[Span], kind: str, curves: Curves | None
) -> dict[str, float]:
    """From the truth and the estimate of every window of a kind in the basis; nothing where nothing is estimated."""
    if curves is None:
        return {}
    task, zone = watched.plan.task, watched.subject.monitor.time_zone
    gaps: defaultdict[str, list[float]] = defaultdict(list)
    for window in (w for span in spans for w in _cut(span, kind, zone)):
        span = Span(seconds(window.start), seconds(window.end))
        outcome = outcome_of(session, model_id=watched.model_id, recipe=watched.plan.recipe, span=span)
        if outcome is None or outcome.labelled < watched.subject.monitor.minimum_rows:
            continue
        real, expected = measured(outcome, task), estimated(outcome, task, curves).metrics
        for name in JUDGED_BY.get(task, ()):
            if name in real and name in expected:
                gaps[name].append(real[name].statistic - expected[name].statistic)
    return {name: usual_gap(gap for gap in some if not math.isnan(gap)) for name, some in gaps.items()}


def _cut(span: Span, kind: str, zone: str) -> list[Window]:
    return windows(kind, zone, moment(span.start), moment(span.end))  # type: ignore[arg-type]  # Calendar kinds alone.


def _same(known: Basis | None, chosen: Basis) -> bool:
    if known is None or (known.source, known.spans) != (chosen.source, chosen.spans):
        return False
    return chosen.labelled <= GROWN * known.labelled


def _on_reference(watched: Watched, counts: Sequence[Counted]) -> Basis | None:
    reference, length = watched.subject.reference, watched.subject.activity.bucket_seconds
    if reference is None or reference.starts_at is None or reference.ends_at is None:
        return None
    start = seconds(reference.starts_at) // length * length
    end = -(-seconds(reference.ends_at) // length) * length
    inside = [entry for entry in counts if start <= entry.bucket < end]
    if not _well_labelled(watched, inside, watched.subject.monitor.minimum_rows):
        return None
    return Basis("the reference", (Span(start, end),), sum(entry.labelled for entry in inside), {})


def _first_windows(watched: Watched, counts: Sequence[Counted], until: int) -> Basis | None:
    by_window: defaultdict[Span, list[Counted]] = defaultdict(list)
    kind: WindowKind = watched.windows.first_kind  # type: ignore[assignment]  # Calendar kinds alone.
    zone = watched.windows.time_zone
    for entry in counts:
        window = window_of(moment(entry.bucket), kind, zone)
        by_window[Span(seconds(window.start), seconds(window.end))].append(entry)
    chosen: list[Span] = []
    labelled = 0
    for span in sorted(by_window, key=lambda span: span.start):
        if span.end <= until and _well_labelled(watched, by_window[span], 1):
            chosen.append(span)
            labelled += sum(entry.labelled for entry in by_window[span])
            if labelled >= FIRST_ROWS and len(chosen) >= FIRST_WINDOWS[kind]:
                return Basis(f"the first {len(chosen)} windows with labels", tuple(chosen), labelled, {})
    return None


def _well_labelled(watched: Watched, some: Iterable[Counted], least: int) -> bool:
    entries = list(some)
    rows, labelled = sum(entry.rows for entry in entries), sum(entry.labelled for entry in entries)
    return labelled >= least and labelled >= watched.subject.monitor.label_coverage * rows
