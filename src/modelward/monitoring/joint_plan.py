"""What is kept of a model's predictions and labels together, which follows from its task and its protected attributes.

The task is the one that the model was registered with, else the one that its labels and predictions look like: outcomes
0 and 1 (or true and false, or yes and no) are two classes, and then a fractional prediction is a score; other numbers
are a regression; names are classes. Until labels come, predictions of 0 and 1 are taken for two classes.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import combinations
from typing import Any

from modelward.monitoring.columns import SPECIAL
from modelward.monitoring.profiling import ProfiledColumn
from modelward.monitoring.subject import Subject
from modelward.registry.names import CLASS_SCORE
from modelward.registry.tables import Baseline, Model
from modelward.rules.outcome_classes import MOST_NAMES, are_two_classes, never_predicted, positive_of, without_positive
from modelward.rules.outcome_settings import MOST_PROTECTED
from modelward.stats import NumericSummary
from modelward.stats.binary_scores import THRESHOLD
from modelward.stats.class_scores import MOST_CLASSES
from modelward.stats.labels import sort_key
from modelward.stats.outcome import BINARY, MULTICLASS, REGRESSION

OUTCOME = "@outcome"
"""The name of the joint summary for performance; the others bear the names of protected attributes."""
FEW_VALUES = 10
"""A numeric attribute of no more values than this has a group for each of them."""
MOST_LETTERS = 100
_FORMAT = 2


@dataclass(frozen=True)
class Seen:
    """What labels and predictions look like; it only grows."""

    labels: bool = False
    two_outcomes: bool = True
    """Whether no label is anything but 0 and 1, or -1 and 1."""
    names: bool = False
    """Whether a label is a text."""
    fractional: bool = False
    """Whether a numeric prediction is none of -1, 0 and 1."""
    beyond: bool = False
    """Whether a numeric prediction lies outside [0, 1]."""
    scores: bool = False
    predictions: str = ""
    """``number``, ``text`` or ``boolean``; empty before the first."""
    outcomes: Sequence[str] = ()
    """What labels are called, in order; with more than `MOST_NAMES` of them, only so much as shows that."""
    predicted: Sequence[str] = ()
    """What predictions are called, likewise, where they are neither scores nor truth values."""

    def __add__(self, other: "Seen") -> "Seen":
        return Seen(
            self.labels or other.labels,
            self.two_outcomes and other.two_outcomes,
            self.names or other.names,
            self.fractional or other.fractional,
            self.beyond or other.beyond,
            self.scores or other.scores,
            self.predictions or other.predictions,
            few_names([*self.outcomes, *other.outcomes]),
            few_names([*self.predicted, *other.predicted]),
        )

    @property
    def classes(self) -> frozenset[str]:
        """The names of outcomes, and of predictions that are names."""
        return frozenset(self.outcomes) | frozenset(self.predicted if self.predictions == "text" else ())

    @classmethod
    def of(cls, stored: Mapping[str, Any] | None) -> "Seen":
        """From the row that holds it."""
        return cls(**stored) if stored else cls()


@dataclass(frozen=True)
class Protected:
    """A protected attribute: where it stands, and the edges that cut it into groups if it is numeric."""

    name: str
    source: str
    edges: tuple[float, ...] | None = None


@dataclass(frozen=True)
class Plan:
    """How rows become joint summaries. Two plans that differ make summaries that must not be added."""

    task: str
    positive: str = "1"
    threshold: float = THRESHOLD
    scored: bool = False
    """Whether a numeric prediction is a score, from which the class follows by the threshold."""
    protected: tuple[Protected, ...] = field(default=())
    probabilities: tuple[tuple[str, str], ...] = field(default=())
    """Each class that events send a probability of, and the column in which it stands."""

    @property
    def pairs(self) -> tuple[tuple[Protected, Protected], ...]:
        """Every intersection of two attributes."""
        return tuple(combinations(self.protected, 2))

    @property
    def recipe(self) -> str:
        """The plan as a short text, the same for equal plans."""
        return _digest([_FORMAT, asdict(self)])


def plan_of(model: Model, subject: Subject, seen: Seen) -> Plan:
    """The plan for a model, given what its outcomes have looked like so far."""
    task = task_of(model.task, seen, named=subject.monitor.positive is not None)
    protected = protected_of(model, subject) if task == BINARY else ()
    return Plan(
        task,
        subject.monitor.positive or positive_of(seen.classes),
        THRESHOLD if model.threshold is None else model.threshold,
        task == BINARY and seen.fractional and seen.predictions == "number",
        protected,
        probabilities_of(subject) if task in {BINARY, MULTICLASS} else (),
    )


def task_of(declared: str | None, seen: Seen, *, named: bool) -> str:
    """The task; empty while nobody can know it. `named` says whether a positive outcome was named."""
    said = (declared or "").lower()
    if "regress" in said or "forecast" in said:
        return REGRESSION
    if "multi" in said:
        return MULTICLASS
    if named or "binary" in said:
        return BINARY
    if "classif" in said:
        two = seen.two_outcomes and not seen.names and seen.predictions != "text"
        return BINARY if two or are_two_classes(seen.classes) else MULTICLASS
    return _task_seen(seen)


def _task_seen(seen: Seen) -> str:
    if seen.names or seen.predictions == "text":
        return BINARY if are_two_classes(seen.classes) else MULTICLASS
    if seen.labels:
        return BINARY if seen.two_outcomes else REGRESSION
    scored = seen.scores and not seen.beyond
    return BINARY if seen.predictions == "boolean" or (seen.predictions and not seen.fractional) or scored else ""


def unlike_classes(plan: Plan, seen: Seen, *, named: bool) -> str:
    """Why outcomes and predictions cannot be held against one another: they are called differently; else empty."""
    if plan.task not in {BINARY, MULTICLASS}:
        return ""
    met = never_predicted(seen.outcomes, () if plan.scored else seen.predicted)
    if plan.task == BINARY and seen.outcomes:
        return without_positive(seen.outcomes, plan.positive, named=named) or met
    return met


def few_names(names: Iterable[str]) -> tuple[str, ...]:
    """Different names in order, no longer and no more of them than anything is told of."""
    return tuple(sorted({name[:MOST_LETTERS] for name in names})[: MOST_NAMES + 1])


def protected_names(model: Model, declared: Sequence[str]) -> tuple[str, ...]:
    """The attributes declared at registration and in the monitor's settings, each once."""
    given = model.attributes.get("protected_attributes") or []
    return tuple(dict.fromkeys([*map(str, given), *declared]))[:MOST_PROTECTED]


def protected_of(model: Model, subject: Subject) -> tuple[Protected, ...]:
    """Those of the declared attributes that are features of the model, and whose groups are known.

    A numeric attribute needs its edges, or a reference whose quartiles they are.
    """
    by_name = {column.sent_as: column for column in subject.columns if column.key not in SPECIAL}
    names = protected_names(model, subject.monitor.protected)
    found = [_grouped(subject, by_name[name]) for name in names if name in by_name]
    return tuple(attribute for attribute in found if attribute is not None)


def probabilities_of(subject: Subject) -> tuple[tuple[str, str], ...]:
    """The columns of class probabilities, by class; none where there are more classes than anything is told of."""
    found = {
        column.sent_as.removeprefix(CLASS_SCORE): column.source
        for column in subject.columns
        if column.sent_as.startswith(CLASS_SCORE) and column.kind == "numeric"
    }
    return tuple((name, found[name]) for name in sorted(found, key=sort_key)) if len(found) <= MOST_CLASSES else ()


def settings_digest(model: Model, baseline: Baseline | None) -> str:
    """All that decides about performance and fairness, as a short text: when it changes, all is looked at anew."""
    reference = None if baseline is None else [baseline.id, baseline.status]
    return _digest([_FORMAT, model.task, model.threshold, model.time_zone, model.attributes, model.monitor, reference])


def _grouped(subject: Subject, column: ProfiledColumn) -> Protected | None:
    chosen = subject.monitor.protected_edges.get(column.sent_as)
    if column.kind != "numeric":
        return Protected(column.sent_as, column.source)
    if chosen:
        return Protected(column.sent_as, column.source, tuple(map(float, chosen)))
    summary = subject.reference.profile.columns.get(column.key) if subject.reference else None
    if not isinstance(summary, NumericSummary) or not summary.count:
        return None
    if summary.values.size <= FEW_VALUES:
        return Protected(column.sent_as, column.source)
    edges = {float(edge) for edge in summary.quantile([0.25, 0.5, 0.75])}
    return Protected(column.sent_as, column.source, tuple(sorted(edges)))


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:16]
