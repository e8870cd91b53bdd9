"""The Model Risk Index: one number from 0 to 100 for how far a model is from where it may stay in production.

Law: `MRI = Σ weight · component`, each component from 0 to 100, where 100 is the conventional limit of its field. What
was not measured, or on too few rows, is left out; the weights of the rest are scaled up to 1, and the result says so.

- Drift: 100 · min(1, aggregate PSI / 0.25). The aggregate is the mean over the feature columns of the bias-corrected
  PSI, clipped at 0.25, weighted by importance, where a column that has not drifted counts 0; or the PSI of the
  prediction if that is larger; or 0.25 · (share of drifted columns / 0.5) if that is larger.
- Fairness: 100 · min(1, (1 - fairness score) / 0.2): the four-fifths rule is its limit.

An aggregate PSI of 0.18 and a fairness score of 0.892 give, with the weights 0.6 and 0.4, 0.6 · 72 + 0.4 · 54 = 64.8.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from modelward.rules.alarm import WindowLevel, raises_while_open
from modelward.rules.verdict import Verdict

FULL_PSI = 0.25
"""The PSI at which drift is at its limit, and at which a single column is clipped."""
FULL_SHARE = 0.5
"""The share of drifted columns at which drift is at its limit."""
FULL_DISPARITY = 0.2
"""How far below 1 the fairness score is at its limit: the four-fifths rule."""
WITHOUT_PSI: Mapping[Verdict, float] = {Verdict.DRIFTED: FULL_PSI, Verdict.WARNING: 0.1}
"""What a column counts that has changed so that there is no PSI, such as one that is gone."""

DRIFT, FAIRNESS = "drift", "fairness"

_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class ColumnDrift:
    """One column of the window that counts: its verdict, its bias-corrected PSI, and its weight beside the others."""

    column: str
    verdict: Verdict
    psi: float | None
    importance: float = 1.0
    p_value: float | None = None

    @property
    def counted(self) -> float:
        """What the column brings in: its PSI where it has drifted, clipped at the limit."""
        if not self.verdict.alarming:
            return 0.0
        if self.psi is None or math.isnan(self.psi):
            return WITHOUT_PSI[self.verdict]
        return min(FULL_PSI, max(0.0, self.psi))


@dataclass(frozen=True)
class FairnessMeasure:
    """The fairness score of one protected attribute, with its 95 % interval, and the window that it was measured in."""

    attribute: str
    score: float
    low: float
    high: float
    rows: int = 0
    starts_at: datetime | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True)
class Contribution:
    """How many of the points of drift (0 to 100) a column made, and its PSI."""

    column: str
    psi: float | None
    points: float


@dataclass(frozen=True)
class Component:
    """One measured part of the index: `score` from 0 to 100, and its `weight` after the scaling."""

    name: str
    score: float
    sentence: str
    evidence: Mapping[str, Any] = field(default_factory=dict)
    columns: tuple[Contribution, ...] = ()
    weight: float = 0.0

    @property
    def points(self) -> float:
        """What it adds to the index."""
        return self.weight * self.score


@dataclass(frozen=True)
class Unmeasured:
    """A part that was left out, and why."""

    name: str
    sentence: str


@dataclass(frozen=True)
class Risk:
    """The index, its parts, and what was left out; `score` is None where nothing was measured."""

    score: float | None
    components: tuple[Component, ...] = ()
    unmeasured: tuple[Unmeasured, ...] = ()

    def component(self, name: str) -> Component | None:
        """The part of that name, where it was measured."""
        return next((part for part in self.components if part.name == name), None)

    @property
    def sentence(self) -> str:
        """The index in words: its sum, and what is missing in it."""
        if self.score is None:
            return f"The risk is not known: {'; '.join(part.sentence for part in self.unmeasured)}."
        terms = " + ".join(f"{part.weight:.2g} × {part.name} {part.score:.1f}" for part in self.components)
        left = f"; left out: {_listed(part.sentence for part in self.unmeasured)}" if self.unmeasured else ""
        return f"Risk {self.score:.1f} = {terms}{left}."


def drift_component(features: Sequence[ColumnDrift], predictions: Sequence[ColumnDrift] = ()) -> Component | Unmeasured:
    """Drift from 0 to 100.

    Args:
        features: The judged columns of the window.
        predictions: The columns of the model's own answers (prediction, score), of which the worst counts.
    """
    judged = [column for column in features if column.verdict is not Verdict.TOO_FEW]
    answers = [column for column in predictions if column.verdict is not Verdict.TOO_FEW]
    if not judged and not answers:
        return Unmeasured(DRIFT, "drift, because no window has enough rows to be held against a reference yet")
    ways = (_by_mean(judged), _by_prediction(answers), _by_share(judged))
    aggregate, how, columns = max(ways, key=lambda way: way[0])  # the first of equals
    score = _limited(aggregate / FULL_PSI)
    evidence = {"aggregate_psi": round(aggregate, 6), "decided_by": how, "columns": len(judged)}
    return Component(DRIFT, score, _drift_sentence(aggregate, how, judged, columns), evidence, columns)


def while_open(columns: Iterable[ColumnDrift]) -> list[ColumnDrift]:
    """The columns of a window that is still open: only those at the strong level that chance does not explain count."""
    return [column if _speaks(column) or column.verdict is Verdict.TOO_FEW else _calm(column) for column in columns]


def fairness_component(measures: Sequence[FairnessMeasure]) -> Component | Unmeasured:
    """Fairness from 0 to 100, by the attribute whose groups are treated least alike."""
    if not measures:
        return Unmeasured(FAIRNESS, "fairness, because no protected attribute has enough rows in each of its groups")
    worst = min(measures, key=lambda measure: (measure.score, measure.attribute))
    score = _limited((1 - worst.score) / FULL_DISPARITY)
    told = (
        f"fairness of {worst.attribute} is {worst.score:.3g} (interval {worst.low:.3g} to {worst.high:.3g}); "
        f"the four-fifths rule asks for {1 - FULL_DISPARITY:.1f}"
    )
    evidence = {
        "attribute": worst.attribute,
        "fairness_score": worst.score,
        "low": worst.low,
        "high": worst.high,
        "rows": worst.rows,
    }
    if worst.starts_at is not None and worst.ends_at is not None:
        # Attributes are not all measured in the same window: the others' newest may be a later one.
        evidence |= {"start": worst.starts_at.isoformat(), "end": worst.ends_at.isoformat()}
    return Component(FAIRNESS, score, told, evidence)


def risk_index(parts: Sequence[Component | Unmeasured], weights: Mapping[str, float]) -> Risk:
    """The index of these parts, by weights that need not add up to 1."""
    measured = [part for part in parts if isinstance(part, Component) and weights.get(part.name, 0.0) > 0]
    missing = tuple(part for part in parts if isinstance(part, Unmeasured) and weights.get(part.name, 0.0) > 0)
    whole = sum(weights[part.name] for part in measured)
    scaled = tuple(replace(part, weight=weights[part.name] / whole) for part in measured)
    score = _rounded(sum(part.points for part in scaled)) if scaled else None
    return Risk(score, scaled, missing)


def importances(columns: Sequence[str], given: Mapping[str, float]) -> dict[str, float]:
    """The weight of each column: as given, the mean of the given where one is not told, all alike where none is."""
    known = [given[column] for column in columns if column in given]
    if not sum(known):
        return dict.fromkeys(columns, 1.0)
    usual = sum(known) / len(known)
    return {column: given.get(column, usual) for column in columns}


_Way = tuple[float, str, tuple[Contribution, ...]]


def _by_mean(columns: Sequence[ColumnDrift]) -> _Way:
    whole = sum(column.importance for column in columns)
    if not whole:
        return 0.0, "columns", ()
    shares = {column.column: column.importance * column.counted / whole for column in columns}
    return sum(shares.values()), "columns", _contributions(columns, shares)


def _by_prediction(answers: Sequence[ColumnDrift]) -> _Way:
    worst = max(answers, key=lambda column: column.counted, default=None)
    if worst is None:
        return 0.0, "prediction", ()
    return worst.counted, "prediction", _contributions([worst], {worst.column: worst.counted})


def _by_share(columns: Sequence[ColumnDrift]) -> _Way:
    drifted = [column for column in columns if column.verdict.alarming]
    if not drifted:
        return 0.0, "share", ()
    aggregate = min(1.0, len(drifted) / len(columns) / FULL_SHARE) * FULL_PSI
    return aggregate, "share", _contributions(drifted, {column.column: aggregate / len(drifted) for column in drifted})


def _contributions(columns: Sequence[ColumnDrift], brought: Mapping[str, float]) -> tuple[Contribution, ...]:
    some = [
        Contribution(column.column, column.psi, _rounded(100 * brought[column.column] / FULL_PSI))
        for column in columns
        if brought[column.column] > 0
    ]
    return tuple(sorted(some, key=lambda entry: (-entry.points, -(entry.psi or math.inf), entry.column)))


def _drift_sentence(aggregate: float, how: str, judged: Sequence[ColumnDrift], columns: Sequence[Contribution]) -> str:
    if not aggregate:
        return f"drift is 0: none of {len(judged):,} columns has drifted"
    names = _listed(f"`{entry.column}`" for entry in columns[:3]) + (" and more" if len(columns) > 3 else "")
    if how == "share":
        have = "has" if len(columns) == 1 else "have"
        return f"{len(columns):,} of {len(judged):,} columns {have} drifted ({names}); half of them are the limit"
    if how == "prediction":
        return f"{_answer_told(columns[0], aggregate)}; {FULL_PSI:g} is the limit"
    return f"the aggregate PSI is {aggregate:.3g} by {names}; {FULL_PSI:g} is the limit"


def _answer_told(answer: Contribution, counted: float) -> str:
    """The PSI of the model's own answers as it is, and not as it is clipped: beside it stands the column's own."""
    if answer.psi is None or math.isnan(answer.psi):
        return f"`{answer.column}` has changed so that there is no PSI, and counts as {counted:.3g}"
    return f"the PSI of `{answer.column}` is {answer.psi:.3g}"


def _speaks(column: ColumnDrift) -> bool:
    return raises_while_open(WindowLevel(_NEVER, column.verdict, column.p_value))


def _calm(column: ColumnDrift) -> ColumnDrift:
    return replace(column, verdict=Verdict.OK)


def _limited(share: float) -> float:
    return _rounded(100 * min(1.0, max(0.0, share)))


def _rounded(points: float) -> float:
    return round(min(100.0, points), 4)


def _listed(texts: Iterable[str]) -> str:
    some = list(texts)
    return " and ".join([", ".join(some[:-1]), some[-1]] if len(some) > 1 else some)
