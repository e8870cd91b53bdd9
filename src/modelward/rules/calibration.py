"""How far the reference's own windows lie from one another: the yardstick of a window that is not made of independent
rows.

A day differs from other days without any drift, and a formula for independent rows takes that for evidence. Where the
reference is dated and holds at least 20 windows of the size that is judged, each of them is held against all the
others, and an effect counts only where it is larger than any of theirs, and than their spread allows for.
"""

import math
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np

from modelward.rules.catalogue import CATALOGUE, Choice
from modelward.rules.describe import missing_rate, rate
from modelward.rules.effects import mean_shift
from modelward.rules.monitor import Monitor
from modelward.rules.schema import alike, kind_of, without_missing
from modelward.stats import CategoricalSummary, NumericSummary, Profile, Summary, new_categories, psi
from modelward.stats.arrays import F64
from modelward.stats.distributions import student_quantile

FEWEST = 20
"""So many blocks a reference needs before its own variation is a yardstick."""
MOST = 100
"""So many blocks are held against the rest; of more, every second or third is taken."""

# Squared distances: their roots are spread like a distance, and have no long tail.
_SQUARED = frozenset({"psi", "new_categories"})


class Whose(StrEnum):
    """Whose windows a yardstick is made of."""

    REFERENCE = "reference"
    SEGMENT = "segment"
    SEGMENTS = "segments"

    @property
    def windows(self) -> str:
        """As in "none of 28 windows of the reference"."""
        return f"windows of {_OWNERS[self]}"


_OWNERS = {
    Whose.REFERENCE: "the reference",
    Whose.SEGMENT: "this segment in the reference",
    Whose.SEGMENTS: "all segments in the reference",
}


@dataclass(frozen=True)
class Calibration:
    """`figures` are, by column and figure, what each block of the reference showed against all the other blocks.

    `whose` blocks these are; those of the columns in `borrowed` are of others, since there were too few of its own.
    """

    blocks: int
    q: float
    figures: Mapping[str, Mapping[str, F64]]
    whose: Whose = Whose.REFERENCE
    borrowed: Mapping[str, Whose] = field(default_factory=dict)

    def known(self, column: str, figure: str) -> F64:
        """What the blocks showed, without sign; nothing where fewer than 20 of them could say."""
        values = self.figures.get(column, {}).get(figure, np.empty(0))
        finite = np.abs(values[np.isfinite(values)])
        return finite if finite.size >= FEWEST else np.empty(0)

    def learned_from(self, column: str, figure: str) -> F64:
        """What a threshold may be learned from: as `known`, but nothing that was borrowed."""
        return np.empty(0) if column in self.borrowed else self.known(column, figure)

    def whose_of(self, column: str) -> Whose:
        """Whose windows a column is judged by."""
        return self.borrowed.get(column, self.whose)

    def among(self, parts: int) -> "Calibration":
        """For one of so many parts that are judged together: the chance `q` is of all of them."""
        return replace(self, q=self.q / max(1, parts))

    def limit(self, column: str, figure: str) -> float:
        """The size that a figure must reach to be none of the reference's own; 0 where that is not known.

        The largest of the blocks, or mean + t · s · √(1 + 1/blocks) if that is more: what one more block would pass
        with the chance q over the number of columns, were they normal. The root is taken of squared distances.
        """
        known = self.known(column, figure)
        if not known.size:
            return 0.0
        values = self.figures[column][figure]
        values = np.sqrt(known) if figure in _SQUARED else values[np.isfinite(values)]
        tail = self.q / max(1, len(self.figures)) / (1 if figure in _SQUARED else 2)
        reach = student_quantile(tail, values.size - 1) * math.sqrt(1 + 1 / values.size) * float(values.std(ddof=1))
        predicted = abs(float(values.mean())) + reach
        return max(float(known.max()), predicted**2 if figure in _SQUARED else predicted)

    def p_value(self, column: str, figure: str, value: float) -> float:
        """The share of windows as far off as this one, itself among them: (1 + blocks at least as far) / (1 + blocks).

        It is never below 1/(1 + blocks); nan where the blocks could not say.
        """
        known = self.known(column, figure)
        return float(1 + np.count_nonzero(known >= abs(value))) / (1 + known.size) if known.size else math.nan

    def without(self, place: int) -> "Calibration":
        """The calibration by all blocks but one."""
        fewer = {
            column: {name: np.delete(values, place) for name, values in figures.items()}
            for column, figures in self.figures.items()
        }
        return replace(self, blocks=self.blocks - 1, figures=fewer)


def calibrate(
    blocks: Sequence[Profile], monitor: Monitor, seasons: Sequence[Hashable] | None = None, *, fewest: int = FEWEST
) -> Calibration | None:
    """Hold each block of the reference against the rest; None where fewer than `fewest` of them have enough rows.

    Args:
        blocks: Profiles of stretches of the reference that follow one another, each as long as a window.
        monitor: The rule, which says how columns are cut and which tests were named.
        seasons: The season of each block, where windows are held against the reference's own season only: then blocks
            are held against the rest of theirs.
        fewest: So many blocks are worth keeping; a yardstick by themselves they are from 20 on.
    """
    enough, of_season = enough_rows(blocks, monitor, seasons)
    if len(enough) < fewest:
        return None
    shown = [figures_of(rest, block, monitor) for block, rest in held_out(enough, of_season)]
    if len(shown) < fewest:  # Many seasons of which there is one block each.
        return None
    names = {
        column: dict.fromkeys(name for row in shown for name in row.get(column, {})) for row in shown for column in row
    }
    figures = {
        column: {name: np.array([row.get(column, {}).get(name, math.nan) for row in shown]) for name in figures}
        for column, figures in names.items()
    }
    return Calibration(len(shown), monitor.q, figures)


def enough_rows(
    blocks: Sequence[Profile], monitor: Monitor, seasons: Sequence[Hashable] | None = None
) -> tuple[list[Profile], list[Hashable]]:
    """The blocks of which anything can be said, and the season of each (all of one where none were given)."""
    chosen = [
        (block, season)
        for block, season in zip(blocks, seasons or [()] * len(blocks), strict=True)
        if block.rows >= monitor.minimum_rows
    ]
    return [block for block, _ in chosen], [season for _, season in chosen]


def held_out(blocks: Sequence[Profile], seasons: Sequence[Hashable] | None = None) -> Iterator[tuple[Profile, Profile]]:
    """Blocks, about 100 of them at most, each with all the others of its season as one; a lonely one is passed over.

    Blocks are first merged in groups of about √n, so that a rest is one merge of some 2√n profiles, and no row of it
    was merged more than twice.
    """
    by_season: dict[Hashable, list[Profile]] = {}
    for block, season in zip(blocks, seasons or [()] * len(blocks), strict=True):
        by_season.setdefault(season, []).append(block)
    step = math.ceil(len(blocks) / MOST) or 1
    for some in by_season.values():
        if len(some) > 1:
            yield from _held_out(some, step)


def _held_out(blocks: Sequence[Profile], step: int) -> Iterator[tuple[Profile, Profile]]:
    size = max(1, math.isqrt(len(blocks)))
    groups = [Profile.merge(blocks[start : start + size]) for start in range(0, len(blocks), size)]
    for place in range(0, len(blocks), step):
        group = place // size
        near = [blocks[i] for i in range(group * size, min(len(blocks), (group + 1) * size)) if i != place]
        yield blocks[place], Profile.merge([*groups[:group], *near, *groups[group + 1 :]])


def figures_of(reference: Profile, current: Profile, monitor: Monitor) -> dict[str, dict[str, float]]:
    """The sizes of every effect, and what a named distance says, by column."""
    found = {}
    for column in reference.columns.keys() & current.columns.keys() - monitor.ignore:
        pair = alike(reference.columns[column], current.columns[column])
        if pair is not None and column in monitor.labels:
            pair = without_missing(pair[0]), without_missing(pair[1])
        if pair is not None and min(side.rows for side in pair) >= monitor.minimum_rows:
            found[column] = {**_effects(column, *pair, monitor), **_named(column, *pair, monitor)}
    return found


def _effects(column: str, reference: Summary, current: Summary, monitor: Monitor) -> dict[str, float]:
    figures = {
        "psi": psi(reference, current, bins=monitor.bins_of(column)).corrected,
        "missing_rate": missing_rate(current) - missing_rate(reference),
        "invalid_rate": rate(current.invalid, current) - rate(reference.invalid, reference),
    }
    if isinstance(reference, NumericSummary) and isinstance(current, NumericSummary):
        return {**figures, "mean_shift": mean_shift(reference, current)}
    assert isinstance(reference, CategoricalSummary)
    assert isinstance(current, CategoricalSummary)
    return {**figures, "new_categories": new_categories(reference, current).statistic}


def _named(column: str, reference: Summary, current: Summary, monitor: Monitor) -> dict[str, float]:
    """The figure of the test that the user named, where it is a distance: a p-value has no spread to learn from."""
    test = monitor.test_of(column, kind_of(reference))
    if test is None or CATALOGUE[test].by_p_value or not CATALOGUE[test].fits(reference, current):
        return {}
    found = CATALOGUE[test].run(reference, current, Choice(monitor.bins_of(column), monitor.empty))
    return {as_named(test): found.statistic}


def chosen_limit(column: str, figure: str, monitor: Monitor, calibration: Calibration | None) -> float | None:
    """The threshold that the user chose for a column's figure; None where none was chosen, or none can be learned."""
    learned = monitor.learned_of(column)
    if learned is None:
        return monitor.threshold_of(column)
    known = np.empty(0) if calibration is None else calibration.learned_from(column, figure)
    return learned.limit(known) if known.size else None


def as_named(test: str) -> str:
    """The name of a figure that a test computes by its own rule, beside the effects of the default one."""
    return f"{test}, as named"
