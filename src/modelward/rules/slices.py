"""Slices found automatically: the parts of the rows where drift or loss concentrates, as sentences.

A slice is told only when it matters and chance does not explain it. Drift: its share of the current rows is at least a
quarter larger or smaller than its share of the reference, by two points or more. Loss: its mean is at least a fifth
above that of the other rows. Chance: a p-value corrected for the search (`modelward.stats.slice_search`) of at most
`q`, so that at most that share of tables without any such part tells of one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from modelward.rules import phrases
from modelward.stats.arrays import F64, I64
from modelward.stats.slice_search import Slice, search_slices

RATIO, POINTS, LOSS_RATIO = 1.25, 0.02, 1.2
MOST_TOLD = 10
FEWEST_ROWS, FEWEST_SHARE = 50, 0.01
Q = 0.01


@dataclass(frozen=True)
class FoundSlice:
    """A part of the rows that stands out. `inside` and `outside` are what was compared: for drift the shares of the
    current and of the reference rows that it holds, for loss the mean loss in it and in the others.
    """

    kind: str
    conditions: Mapping[str, str]
    rows: int
    inside: float
    outside: float
    p_value: float
    sentence: str

    def to_dict(self) -> dict[str, Any]:
        """The slice as JSON holds it."""
        return {
            "kind": self.kind,
            "conditions": dict(self.conditions),
            "rows": self.rows,
            "inside": self.inside,
            "outside": self.outside,
            "p_value": self.p_value,
            "sentence": self.sentence,
        }


@dataclass(frozen=True)
class Coded:
    """Rows as cells: the columns, what each code of a column is called, and rows × columns of codes."""

    columns: Sequence[str]
    names: Sequence[Sequence[str]]
    codes: I64

    def conditions(self, found: Slice) -> dict[str, str]:
        """A slice's conditions in words."""
        return {self.columns[column]: self.names[column][code] for column, code in found.conditions}


def drift_slices(coded: Coded, is_current: I64, rng: np.random.Generator, *, q: float = Q) -> tuple[FoundSlice, ...]:
    """The parts that hold another share of the current rows than of the reference; of those rows that were sampled."""
    current = int(is_current.sum())
    reference = is_current.size - current
    if min(current, reference) < 2 * FEWEST_ROWS:
        return ()
    found = search_slices(coded.codes, is_current, rng, minimum_rows=_fewest(is_current.size))
    share = current / is_current.size
    told = []
    for entry in found:
        # Of the tested half, whose rows are split between the sides as all are, but for chance.
        now = entry.rows * entry.mean_inside / (share * is_current.size / 2)
        before = entry.rows * (1 - entry.mean_inside) / ((1 - share) * is_current.size / 2)
        ratio = now / before if before else np.inf
        if entry.p_value <= q and abs(now - before) >= POINTS and not 1 / RATIO < ratio < RATIO:
            told.append(_drift(coded.conditions(entry), entry, now, before))
    return tuple(told[:MOST_TOLD])


def loss_slices(coded: Coded, loss: F64, rng: np.random.Generator, *, q: float = Q) -> tuple[FoundSlice, ...]:
    """The parts in which the mean loss is larger than elsewhere."""
    if loss.size < 4 * FEWEST_ROWS:
        return ()
    found = search_slices(coded.codes, loss, rng, minimum_rows=_fewest(loss.size), two_sided=False)
    told = [
        _loss(coded.conditions(entry), entry)
        for entry in found
        if entry.p_value <= q and entry.mean_inside >= LOSS_RATIO * entry.mean_outside
    ]
    return tuple(told[:MOST_TOLD])


def _fewest(rows: int) -> int:
    """The fewest rows of a slice in each half."""
    return max(FEWEST_ROWS, int(FEWEST_SHARE * rows / 2))


def _drift(conditions: Mapping[str, str], found: Slice, now: float, before: float) -> FoundSlice:
    sentence = (
        f"Rows where {_said(conditions)} are {phrases.share(now)} of the current rows, "
        f"before {phrases.share(before)} ({phrases.chance(found.p_value)} over the whole search)."
    )
    return FoundSlice("drift", conditions, found.rows, now, before, found.p_value, sentence)


def _loss(conditions: Mapping[str, str], found: Slice) -> FoundSlice:
    times = f"{found.mean_inside / found.mean_outside:.2g} times" if found.mean_outside > 0 else "far above"
    sentence = (
        f"Where {_said(conditions)}, the mean loss is {times} that of the other rows: "
        f"{phrases.number(found.mean_inside)} against {phrases.number(found.mean_outside)} "
        f"({phrases.chance(found.p_value)} over the whole search)."
    )
    return FoundSlice("loss", conditions, found.rows, found.mean_inside, found.mean_outside, found.p_value, sentence)


def _said(conditions: Mapping[str, str]) -> str:
    return " and ".join(f"`{phrases.shortened(name)}` is {value}" for name, value in conditions.items())
