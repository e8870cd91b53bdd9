"""The rules by which others cut a column into cells, by name, so that their figures can be had here too.

None of them is Modelward's own (see `cells.py`), which sees heavy values, missing rows and thin cells; these leave
missing and invalid rows out and pool nothing.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from modelward.stats.arrays import F64
from modelward.stats.categorical_summary import CategoricalSummary
from modelward.stats.numeric_summary import NumericSummary

Bins = int | str | Sequence[float]

QUANTILE = "quantile"
NUMBERED = (QUANTILE, "plain_quantile", "uniform", "uniform_pooled")
PLAIN = ("sturges", "doane", "values", "evidently", "nannyml")
LEAST, MOST, USUAL = 2, 1000, 10


class Cut(NamedTuple):
    """Cells as columns: the label, the rows of each side, and the limits (nan for names)."""

    labels: tuple[str, ...]
    reference: F64
    current: F64
    lows: F64
    highs: F64


class Rule(NamedTuple):
    """A rule with its number of cells, where it takes one, and its edges, where they were given."""

    name: str
    number: int = USUAL
    edges: tuple[float, ...] = ()


def rule_of(bins: Bins) -> Rule:
    """What was meant by `bins`: a number, a name, a name with a number as in `uniform:20`, or the inner edges.

    Raises:
        ValueError: it cannot be meant, in a sentence.
    """
    if isinstance(bins, str):
        name, colon, number = bins.partition(":")
        if name not in NUMBERED + PLAIN or (colon and (name in PLAIN or not number.isdecimal())):
            names = ", ".join((*(f"{name}:{USUAL}" for name in NUMBERED), *PLAIN))
            raise ValueError(f"There are no bins {bins!r}; give a number, inner edges, or one of {names}.")
        return Rule(name, _number(int(number) if colon else USUAL))
    if isinstance(bins, int | np.integer):
        return Rule(QUANTILE, _number(int(bins)))
    edges = tuple(map(float, bins))
    if not edges or not all(map(math.isfinite, edges)) or list(edges) != sorted(set(edges)):
        raise ValueError("The edges of bins are numbers in rising order, at least one.")
    return Rule("edges", len(edges) + 1, edges)


def _number(number: int) -> int:
    if not LEAST <= number <= MOST:
        raise ValueError(f"There must be at least {LEAST} bins and at most {MOST:,}, not {number:,}.")
    return number


def cut_numbers(reference: NumericSummary, current: NumericSummary, rule: Rule) -> Cut:
    """Numbers, cut by a rule.

    - `plain_quantile:N`: at the N-quantiles of the reference, equal ones taken once, the outer cells open. Where one
      value holds many rows the quantiles collapse, down to a single cell: PSI is 0 whatever happened.
    - `uniform:N`: N of equal width between the reference's ends, the outer ones open.
    - `uniform_pooled:N`: N of equal width between the ends of both samples.
    - `sturges`: equal widths of range / (log₂ n + 1) between the ends of both samples, n the rows of both.
    - `doane`: the reference's range / (1 + log₂ n + log₂(1 + |g| / s)), g its skewness and s that of chance; what the
      current sample has beyond it is one cell. Of a compressed summary g is that of its groups.
    - `values`: a cell for each distinct value (of a compressed summary: for each group).
    - `evidently`: `values` where the reference has at most 20 distinct ones, else `sturges`; infinities are left out.
    - `nannyml`: `doane` where the reference has more than 50 distinct values, or more than one for ten rows; else a
      cell for each value of the reference and one for all others; infinities are left out.
    - edges: between the given ones, the outer cells open.

    Cells hold their lower edge and not their upper one, but for the last. Infinities belong to the outer cells.
    """
    distinct = reference.values.size
    if rule.name == "nannyml":
        fine = distinct > 50 or distinct > 0.1 * reference.count
        return _beyond(_doane(reference), reference, current) if fine else _by_value(reference, current, unseen=True)
    if rule.name == "doane":
        return _beyond(_doane(reference), reference, current)
    if rule.name == "values" or (rule.name == "evidently" and distinct <= 20):
        return _by_value(reference, current, infinities=rule.name == "values")
    edges = _edges(reference, current, rule)
    return _between(edges, reference, current, infinities=rule.name != "evidently")


def cut_names(reference: CategoricalSummary, current: CategoricalSummary, rule: Rule) -> Cut:
    """Names: a cell for each, and one for what a compressed summary did not keep; by `nannyml` one for all new ones."""
    names: dict[str, list[float]] = {}
    for side, summary in enumerate((reference, current)):
        for name, times in zip(summary.categories, summary.counts.tolist(), strict=True):
            key = "other" if rule.name == "nannyml" and side and name not in names else name
            names.setdefault(key, [0.0, 0.0])[side] += times
        if summary.other:
            names.setdefault("other", [0.0, 0.0])[side] += summary.other
    ordered = sorted(names) if len(names) <= LEAST else list(names)
    counts = np.array([names[name] for name in ordered], dtype=np.float64).reshape(-1, 2)
    nothing = np.full(len(ordered), np.nan)
    return Cut(tuple(ordered), counts[:, 0], counts[:, 1], nothing, nothing)


def _edges(reference: NumericSummary, current: NumericSummary, rule: Rule) -> F64:
    """All edges, the outer ones infinite where the outer cells are open."""
    if rule.name == "edges":
        return _opened(np.asarray(rule.edges))
    if rule.name == "plain_quantile":
        return _opened(np.unique(reference.quantile(np.linspace(0, 1, rule.number + 1)))[1:-1])
    low, high = _range(reference) if rule.name == "uniform" else _range(reference, current)
    if rule.name == "uniform":
        return _opened(_evenly(low, high, rule.number)[1:-1])
    if rule.name == "uniform_pooled":
        return _evenly(low, high, rule.number)
    varies = reference.deviation or current.deviation or reference.mean != current.mean
    rows = reference.count + current.count
    return _evenly(low, high, _parts(low, high, 1 + math.log2(rows)) if rows and varies else 1)


def _opened(inner: F64) -> F64:
    return np.concatenate(([-np.inf], inner[np.isfinite(inner)], [np.inf]))


def _range(*sides: NumericSummary) -> tuple[float, float]:
    """The ends of all sides; half a unit around where there is but one value, as NumPy does."""
    filled = [side for side in sides if side.count]
    if not filled:
        return 0.0, 1.0
    low, high = min(side.minimum for side in filled), max(side.maximum for side in filled)
    return (low, high) if low < high else (low - 0.5, high + 0.5)


def _evenly(low: float, high: float, number: int) -> F64:
    parts = np.linspace(0.0, 1.0, number + 1)
    # The distance between two numbers may be past the range, that between their halves is not.
    return np.linspace(low, high, number + 1) if math.isfinite(high - low) else low * (1 - parts) + high * parts


def _doane(reference: NumericSummary) -> F64:
    low, high = _range(reference)
    n, deviation = reference.count, reference.deviation
    if n <= 2 or not deviation:
        return _evenly(low, high, 1)
    skewness = float(((reference.means / deviation - reference.mean / deviation) ** 3) @ reference.weights) / n
    by_chance = math.sqrt(6 * (n - 2) / (n + 1) / (n + 3))
    return _evenly(low, high, _parts(low, high, 1 + math.log2(n) + math.log2(1 + abs(skewness) / by_chance)))


def _parts(low: float, high: float, number: float) -> int:
    """How many cells as wide as the range over `number` it takes, rounding as NumPy does, by way of the width."""
    width = (high - low) / number
    return math.ceil((high - low) / width) if 0 < width < math.inf else math.ceil(number)


def _finite_below(summary: NumericSummary, points: F64) -> F64:
    """How many finite values are less than each point; at the last point also those that equal it."""
    if not summary.count:
        return np.zeros(points.size)
    shares = np.append(summary.cdf_below(points[:-1]), summary.cdf(points[-1:]))
    counts = (shares * summary.numbers - summary.negative_infinities).clip(0, summary.count)
    return np.rint(counts) if summary.exact else counts


def _between(edges: F64, reference: NumericSummary, current: NumericSummary, *, infinities: bool) -> Cut:
    before, now = (
        _with_infinities(np.diff(_finite_below(side, edges)), side if infinities else None)
        for side in (reference, current)
    )
    labels = tuple(f"{low:.6g} – {high:.6g}" for low, high in pairwise(edges.tolist()))
    return Cut(labels, before, now, edges[:-1], edges[1:])


def _beyond(edges: F64, reference: NumericSummary, current: NumericSummary) -> Cut:
    """Cells between the edges, and one for what the current sample has outside of them."""
    inside = _between(edges, reference, current, infinities=False)
    outside = current.count - float(inside.current.sum())
    return inside if outside <= 0 else _with_cell(inside, "outside", outside)


def _with_cell(cut: Cut, label: str, current: float) -> Cut:
    columns = [np.append(column, value) for column, value in zip(cut[1:], (0.0, current, np.nan, np.nan), strict=True)]
    return Cut((*cut.labels, label), *columns)


def _by_value(
    reference: NumericSummary, current: NumericSummary, *, infinities: bool = False, unseen: bool = False
) -> Cut:
    """A cell for each distinct value; where `unseen`, one together for those that the reference does not have."""
    own = reference.values if unseen else np.union1d(reference.values, current.values)
    ends = (-np.inf, np.inf) if infinities else ()
    values = np.unique(np.append(own, ends))
    sides = [_counted(summary, values, infinities=infinities) for summary in (reference, current)]
    seen = sides[0] + sides[1] > 0
    kept = values[seen]
    cut = Cut(tuple(map(_printed, kept.tolist())), sides[0][seen], sides[1][seen], kept, kept)
    outside = current.count - float(sides[1].sum()) if unseen else 0.0
    return _with_cell(cut, "outside", outside) if outside > 0 else cut


def _counted(summary: NumericSummary, values: F64, *, infinities: bool) -> F64:
    known = np.isin(summary.values, values)
    counts = np.bincount(values.searchsorted(summary.values[known]), summary.weights[known], values.size)
    return _with_infinities(counts.astype(np.float64), summary if infinities else None)


def _with_infinities(counts: F64, summary: NumericSummary | None) -> F64:
    """Counts with the infinities of a side in the outer cells, where they are wanted."""
    if summary is not None:
        counts[0] += summary.negative_infinities
        counts[-1] += summary.positive_infinities
    return counts


def _printed(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
