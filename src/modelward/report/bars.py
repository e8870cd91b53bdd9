"""One column, reference against current, as bars that a chart can draw: shares of the values in common cells."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, zip_longest

import numpy as np

from modelward.stats import CategoricalSummary, NumericSummary, Summary

BARS = 40
MOST_CATEGORIES = 20
OTHERS = "(others)"
_CLOSEST = 1e-12  # Relative; nearer to each other, there are not enough floats for edges between them.
_WIDEST = 4e307  # Beyond it the differences between edges would overflow.


@dataclass(frozen=True)
class Bars:
    """The cells of a column by name, and the share of the values in each; a side that is not there is None.

    Cells of numbers lie between neighbouring `edges`, one more than there are cells; categories have no edges. Values
    beyond the outer edges are in no cell, so that the shares of numbers add up to 0.99 or more.
    """

    labels: tuple[str, ...]
    edges: tuple[float, ...]
    reference: tuple[float, ...] | None
    current: tuple[float, ...] | None


def bars(
    reference: Summary | None, current: Summary | None, *, cells: int = BARS, categories: int = MOST_CATEGORIES
) -> Bars:
    """The bars of a column; where the sides are of different kinds, those of the current one alone.

    >>> bars(CategoricalSummary.of(["a", "b"]), CategoricalSummary.of(["a", "a"]))
    Bars(labels=('a', 'b'), edges=(), reference=(0.5, 0.5), current=(1.0, 0.0))
    """
    if reference is not None and current is not None and type(reference) is not type(current):
        reference = None
    if isinstance(reference or current, NumericSummary):
        return _of_numbers(reference, current, cells)  # type: ignore[arg-type]  # Both are of one kind.
    return _of_categories(reference, current, categories)  # type: ignore[arg-type]


def _of_numbers(reference: NumericSummary | None, current: NumericSummary | None, cells: int) -> Bars:
    edges = _edges([summary for summary in (reference, current) if summary is not None and summary.count], cells)
    labels = tuple(f"{low:.6g} – {high:.6g}" for low, high in pairwise(edges))
    shares = [None if summary is None else _numeric_shares(summary, edges) for summary in (reference, current)]
    return Bars(labels, tuple(edges), *shares)


def _edges(summaries: Sequence[NumericSummary], cells: int) -> list[float]:
    """Bars of equal width over the middle 99 % of both sides; whole numbers that are few get a bar each."""
    if not summaries:
        return []
    low = _bounded(min(float(summary.quantile(0.005)) for summary in summaries))
    high = _bounded(max(float(summary.quantile(0.995)) for summary in summaries))
    if all(_few_whole(summary) for summary in summaries) and high - low < cells:
        return [value - 0.5 for value in range(math.floor(low), math.floor(high) + 2)]
    if high - low <= max(_CLOSEST * max(abs(low), abs(high)), 1e-300):
        half = max(0.5, abs(low) / 1000)
        low, high = low - half, high + half
    edges: list[float] = np.linspace(low, high, cells + 1).tolist()
    return edges


def _bounded(value: float) -> float:
    return max(-_WIDEST, min(value, _WIDEST))


def _few_whole(summary: NumericSummary) -> bool:
    values = summary.values
    return summary.exact and bool(((values == np.floor(values)) & (np.abs(values) < 2**50)).all())


def _numeric_shares(summary: NumericSummary, edges: Sequence[float]) -> tuple[float, ...]:
    if not edges or not summary.count:
        return (0.0,) * max(0, len(edges) - 1)
    below = summary.cdf(np.asarray(edges))
    below[0] = summary.cdf(np.nextafter(edges[0], -np.inf))  # A bar holds its lower edge only at the very left.
    return tuple(np.diff(below).tolist())


def _of_categories(reference: CategoricalSummary | None, current: CategoricalSummary | None, most: int) -> Bars:
    sides = [_shares_by_name(summary) for summary in (reference, current)]
    heaviest = _heaviest(sides, most)
    rest = any(sum(side.get(name, 0.0) for name in heaviest) < 1 - 1e-9 for side in sides if side)
    labels = (*heaviest, OTHERS) if rest else tuple(heaviest)
    shares = [
        None if summary is None else _category_shares(side, heaviest, rest=rest)
        for summary, side in zip((reference, current), sides, strict=True)
    ]
    return Bars(labels, (), *shares)


def _heaviest(sides: Sequence[dict[str, float]], most: int) -> list[str]:
    """The categories to draw: half of them the heaviest of both sides, the others from each side in turn.

    Where a side has nothing but rare categories, all of the heaviest may be of the other one.
    """

    def weight(name: str) -> tuple[float, str]:
        return -max(side.get(name, 0.0) for side in sides), name

    leading = [list(side)[:most] for side in sides]  # They come with the most frequent first.
    every = sorted({name for names in leading for name in names}, key=weight)
    in_turn = (name for pair in zip_longest(*leading) for name in pair if name is not None)
    chosen = list(dict.fromkeys([*every[: most // 2], *in_turn]))[:most]
    return sorted(chosen, key=weight)


def _shares_by_name(summary: CategoricalSummary | None) -> dict[str, float]:
    if summary is None or not summary.count:
        return {}
    return dict(zip(summary.categories, (summary.counts / summary.count).tolist(), strict=True))


def _category_shares(side: dict[str, float], names: Sequence[str], *, rest: bool) -> tuple[float, ...]:
    shares = [side.get(name, 0.0) for name in names]
    return (*shares, max(0.0, 1 - sum(shares)) if side else 0.0) if rest else tuple(shares)
