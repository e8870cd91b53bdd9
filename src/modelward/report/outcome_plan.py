"""How the columns of predictions and outcomes are read: which task they are of, and what their values mean.

The task is the one that was named, else the one that the outcomes look like: 0 and 1 (or true and false, yes and no)
are two classes, and then a fractional prediction is a score; whole numbers that are few, and predicted as such, are
classes; other numbers are a regression; names are classes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from modelward.report.outcome_classes import TRUTH, require_same_classes, require_two_classes
from modelward.rules.monitor import Monitor
from modelward.rules.outcome_classes import are_two_classes, positive_of
from modelward.rules.segments import Cut, cut_of
from modelward.stats import NumericSummary, Profile, Summary
from modelward.stats.binary_scores import THRESHOLD
from modelward.stats.labels import class_name
from modelward.stats.outcome import BINARY, MULTICLASS, REGRESSION

TASKS = (BINARY, MULTICLASS, REGRESSION)
MOST_WHOLE_CLASSES = 20
UNPREDICTED = (
    "the outcomes are other classes than 0 and 1, and one column of scores does not say which of them was predicted: "
    "name the column of predictions, or the probability of each class as score={class: column}; where two classes are "
    "meant, the setting `positive` names the one that the score is of"
)


@dataclass(frozen=True)
class Plan:
    """What is read of each row. `scored` says that the prediction is itself the score."""

    task: str
    label: str | None
    prediction: str | None
    score: str | None
    positive: str = "1"
    threshold: float = THRESHOLD
    scored: bool = False
    protected: tuple[Cut, ...] = field(default=())
    chances: Mapping[str, str] = field(default_factory=dict)
    """Of many classes, the column of the probability of each."""

    def within(self, column: str) -> "Plan":
        """For the parts of the rows that a column divides them into: its own groups are not within any of them."""
        return replace(self, protected=tuple(cut for cut in self.protected if cut.column != column))


def plan_of(
    roles: Mapping[str, str],
    profiles: tuple[Profile, Profile],
    monitor: Monitor,
    task: str | None = None,
    chances: Mapping[str, str] | None = None,
) -> Plan | None:
    """The plan; None where there is no prediction or score, or neither outcomes nor groups to hold it against.

    Raises:
        ValueError: there is no such task, or outcomes and predictions are of classes that cannot be held against one
            another.
    """
    if task is not None and task not in TASKS:
        raise ValueError(f"{task!r} is no task; choose one of {', '.join(TASKS)}")
    by_role = {role: column for column, role in roles.items()}
    label, prediction, score = (by_role.get(role) for role in ("label", "prediction", "score"))
    seen = {name: _sides(name, profiles) for name in (label, prediction, score)}
    if chances:
        if task not in (None, MULTICLASS):
            raise ValueError(f"probabilities of classes are those of the task multiclass, and not of {task}")
        require_same_classes(seen[label], seen[prediction])
        return Plan(MULTICLASS, label, prediction, None, chances=chances) if label else None
    attributes = [column for column, role in roles.items() if role == "protected"]
    if not (prediction or score) or not (label or attributes):
        return None
    positive = monitor.positive or positive_of(_names(seen[label] or seen[prediction]))
    kind = task or _task(seen[label], seen[prediction], seen[score], named=monitor.positive is not None)
    scored = kind == BINARY and _is_fractional(seen[prediction])
    if kind == MULTICLASS and label and not prediction:
        raise ValueError(UNPREDICTED)
    if kind == BINARY:
        named = monitor.positive is not None
        require_two_classes(seen[label], [] if scored else seen[prediction], positive, named=named)
    elif kind == MULTICLASS:
        require_same_classes(seen[label], seen[prediction])
    cuts = _cuts(attributes, profiles, monitor) if kind == BINARY else ()
    return Plan(kind, label, prediction, score, positive, scored=scored, protected=cuts)


def _sides(column: str | None, profiles: tuple[Profile, Profile]) -> list[Summary]:
    """What is known of a column on each side that has values of it."""
    found = (profile.columns.get(column) for profile in profiles if column)
    return [summary for summary in found if summary is not None and summary.count]


def _task(label: Sequence[Summary], prediction: Sequence[Summary], score: Sequence[Summary], *, named: bool) -> str:
    if named:
        return BINARY
    if label:
        unpredicted = bool(score) and not prediction and _are_shares(score)
        return _task_of_outcomes(label, label if unpredicted else prediction)
    two = are_two_classes(_names(prediction))
    return BINARY if two or (score and _are_shares(score)) else _task_of_outcomes(prediction or score, prediction)


def _task_of_outcomes(outcome: Sequence[Summary], prediction: Sequence[Summary]) -> str:
    if are_two_classes(_names(outcome)):
        return BINARY
    numbers = [side for side in outcome if isinstance(side, NumericSummary)]
    classes = _whole_values(numbers)
    if numbers and not classes:  # Names beside them, on one side, are no classes but a mistake.
        return REGRESSION
    if not all(isinstance(side, NumericSummary) for side in (*outcome, *prediction)):
        return MULTICLASS
    return MULTICLASS if prediction and _whole_values(prediction) <= classes else REGRESSION


def _names(sides: Sequence[Summary]) -> set[str]:
    """The different classes of all sides together."""
    return {class_name(value) for side in sides for value in _values(side)}


def _values(side: Summary) -> list[float | str]:
    """The different values, or more than two of them where they are many; true is 1, and false 0."""
    if isinstance(side, NumericSummary):
        return [float(value) for value in np.unique(side.values)]
    return [TRUTH.get(name.casefold(), name) for name in side.categories]


def _whole_values(sides: Sequence[Summary]) -> frozenset[float]:
    """The different values if they are few whole numbers; none otherwise."""
    values = {value for side in sides for value in _values(side) if isinstance(value, float)}
    whole = len(values) <= MOST_WHOLE_CLASSES and all(value.is_integer() for value in values)
    return frozenset(values) if whole else frozenset()


def _is_fractional(sides: Sequence[Summary]) -> bool:
    numbers = [side for side in sides if isinstance(side, NumericSummary)]
    return bool(numbers) and len(numbers) == len(sides) and not _whole_values(sides)


def _are_shares(sides: Sequence[Summary]) -> bool:
    return all(isinstance(side, NumericSummary) and side.minimum >= 0 and side.maximum <= 1 for side in sides)


def _cuts(attributes: Sequence[str], profiles: tuple[Profile, Profile], monitor: Monitor) -> tuple[Cut, ...]:
    """How each protected attribute makes groups; those that are in one table alone make none."""
    before, now = (profile.columns for profile in profiles)
    return tuple(
        cut_of(name, before[name], now[name], monitor.protected_edges.get(name))
        for name in attributes
        if name in before and name in now
    )
