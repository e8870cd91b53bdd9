"""The shared binning of two samples, on which PSI, chi-squared and their kin are computed.

Numbers are cut at quantiles of the reference, with a cell of its own for each value that holds much of the reference,
one below its minimum and one above its maximum. Names have a cell each. Missing and invalid values have theirs. Cells
too thin to say anything are pooled by the count of both samples together, which under no drift tells nothing about
either alone: a cell that is empty in the reference by construction would otherwise alarm without any drift.
"""

from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from modelward.stats.arrays import F64, I64, Flags
from modelward.stats.binning import QUANTILE, Bins, cut_names, cut_numbers, rule_of
from modelward.stats.categorical_summary import CategoricalSummary
from modelward.stats.numeric_summary import NumericSummary
from modelward.stats.samples import Sample, Summary, summary_pair

BINS = 10
POOL_BELOW = 5.0


@dataclass(frozen=True, eq=False)
class Cells:
    """Counts of both samples in the same cells; of compressed columns the counts are estimates and may be fractions.

    `lows` and `highs` are the limits of cells of numbers (equal for a single value), nan for any other cell.
    """

    labels: tuple[str, ...]
    reference_counts: F64
    current_counts: F64
    lows: F64
    highs: F64

    @classmethod
    def of_counts(
        cls, reference_counts: npt.ArrayLike, current_counts: npt.ArrayLike, labels: tuple[str, ...] | None = None
    ) -> Self:
        """Cells that were counted elsewhere."""
        reference = np.asarray(reference_counts, dtype=np.float64)
        current = np.asarray(current_counts, dtype=np.float64)
        if reference.shape != current.shape or reference.ndim != 1:
            raise ValueError("Reference and current need the same cells: give two lists of counts of equal length.")
        nothing = np.full(reference.size, np.nan)
        return cls(labels or tuple(map(str, range(reference.size))), reference, current, nothing, nothing)

    @property
    def n_reference(self) -> float:
        """Rows of the reference in all cells."""
        return float(self.reference_counts.sum())

    @property
    def n_current(self) -> float:
        """Rows of the current sample in all cells."""
        return float(self.current_counts.sum())

    @property
    def empty(self) -> bool:
        """Whether a side has no rows at all, so that nothing can be compared."""
        return not (self.n_reference and self.n_current)

    @property
    def reference_shares(self) -> F64:
        """The share of each cell in the reference; nan without rows."""
        return _shares(self.reference_counts)

    @property
    def current_shares(self) -> F64:
        """The share of each cell in the current sample; nan without rows."""
        return _shares(self.current_counts)


class _Cell(NamedTuple):
    label: str
    reference: float
    current: float
    low: float = np.nan
    high: float = np.nan

    def joined(self, other: "_Cell", label: str) -> "_Cell":
        return _Cell(label, self.reference + other.reference, self.current + other.current, self.low, other.high)


class _Pooling(NamedTuple):
    """When a cell is too thin to stand alone: few rows were to be expected in the smaller sample, and few are there."""

    below: float
    n_reference: int
    n_current: int

    def is_thin(self, cell: _Cell) -> bool:
        return bool(self.are_thin(np.array([cell.reference]), np.array([cell.current]))[0])

    def are_thin(self, reference: F64, current: F64) -> Flags:
        smaller = min(self.n_reference, self.n_current)
        expected = (reference + current) * (smaller / max(1, self.n_reference + self.n_current))
        # A flood of what was hardly there before is no chance, and must not drown in a larger cell.
        flood = (current if self.n_current <= self.n_reference else reference) >= 2 * self.below
        thin: Flags = (expected < self.below) & ~flood
        return thin


def cells_of(reference: Sample, current: Sample, bins: Bins = BINS, pool_below: float = POOL_BELOW) -> Cells:
    """Bin two samples, or their summaries, by the reference.

    `bins` is how many cells the quantiles of the reference make. It may name another rule instead (`plain_quantile:10`,
    `uniform:10`, `uniform_pooled:10`, `sturges`, `doane`, `values`, `evidently`, `nannyml`, see `binning.cut_numbers`),
    or give the inner edges; then missing and invalid rows are left out and nothing is pooled.

    Cells of which the smaller sample would hold fewer than `pool_below` rows, were there no drift, are pooled (unless
    it holds twice as many after all): numbers with their neighbour, names with the other rare ones, and what is still
    too thin then with the smallest cell. 0 pools nothing.

    Edge cases: missing and invalid rows, infinities and a constant have cells; without any row there is none.

    >>> cells = cells_of(["a", "a", "b"], ["a", "c", "c"], pool_below=0)
    >>> cells.labels, cells.reference_counts.tolist(), cells.current_counts.tolist()
    (('a', 'b', 'c'), [2.0, 1.0, 0.0], [1.0, 0.0, 2.0])

    Source: quantile cells as in Siddiqi (2006), Credit Risk Scorecards; pooling of thin cells: Cochran (1954), "Some
    methods for strengthening the common χ² tests", Biometrics 10.
    """
    rule = rule_of(bins)
    first, second = summary_pair(reference, current)
    pooling = _Pooling(pool_below, first.rows, second.rows)
    if isinstance(first, NumericSummary) and isinstance(second, NumericSummary):
        if rule.name != QUANTILE:
            return Cells(*cut_numbers(first, second, rule))
        cells = _pool_neighbours(_number_cells(first, second, rule.number), pooling)
    else:
        assert isinstance(first, CategoricalSummary)
        assert isinstance(second, CategoricalSummary)
        if rule.name != QUANTILE:
            return Cells(*cut_names(first, second, rule))
        cells = _name_cells(first, second, pooling)
    return _assemble([*cells, *_side_cells(first, second)], pooling)


def _number_cells(reference: NumericSummary, current: NumericSummary, bins: int) -> list[_Cell]:
    if not reference.count:
        return _cells_without_quantiles(reference, current)
    points, after = _cuts(reference, bins)
    counts = [_between(summary, points, after) for summary in (reference, current)]
    lows = np.concatenate(([-np.inf], points)).tolist()
    highs = np.concatenate((points, [np.inf])).tolist()
    labels = map(_interval, lows, highs)
    rows = zip(labels, counts[0].tolist(), counts[1].tolist(), lows, highs, strict=True)
    return [_Cell(*row) for row in rows]


def _cells_without_quantiles(reference: NumericSummary, current: NumericSummary) -> list[_Cell]:
    """Of a reference that holds no finite number to cut at, but may hold infinities."""
    cells = [
        _Cell("-infinity", reference.negative_infinities, current.negative_infinities, -np.inf, -np.inf),
        _Cell("any number", reference.count, current.count, -np.inf, np.inf),
        _Cell("infinity", reference.positive_infinities, current.positive_infinities, np.inf, np.inf),
    ]
    return [cell for cell in cells if cell.reference or cell.current]


def _cuts(reference: NumericSummary, bins: int) -> tuple[F64, Flags]:
    """Where the line of numbers is cut: the points, and whether the point itself lies before its cut."""
    heavy = np.flatnonzero(reference.atoms & (reference.weights * (2 * bins) >= reference.count))
    alone = reference.values[heavy]
    edges = _edges(reference, heavy, bins)
    befores = np.unique(np.append(alone, reference.minimum))
    afters = np.unique(np.concatenate((alone, edges, [reference.maximum])))
    points = np.concatenate((befores, afters))
    after = np.arange(points.size) >= befores.size
    order = np.lexsort((after, points))
    return points[order], after[order]


def _edges(reference: NumericSummary, heavy: I64, bins: int) -> F64:
    """Values that part what lies between heavy ones into cells of about equal weight, about `bins` of all of it."""
    reached = np.cumsum(reference.weights)
    stops = np.append(reached[heavy] - reference.weights[heavy], reference.count).tolist()
    starts = [0.0, *reached[heavy].tolist()]
    targets: list[float] = []
    for start, stop in zip(starts, stops, strict=True):
        parts = max(1, round((stop - start) * bins / reference.count))
        targets += [start + (stop - start) * part / parts for part in range(1, parts)]
    return _nearest_values(reference, np.asarray(targets, dtype=np.float64), besides=reference.values[heavy])


def _nearest_values(summary: NumericSummary, ranks: F64, *, besides: F64) -> F64:
    """The values nearest to these ranks; of the sketch, not between, as there the distribution is known best."""
    if not ranks.size:
        return ranks
    heights = np.cumsum(summary.weights) - np.where(summary.atoms, 0.0, summary.weights / 2)
    above = heights.searchsorted(ranks).clip(1, heights.size - 1)
    nearest = np.where(ranks - heights[above - 1] < heights[above] - ranks, above - 1, above)
    values: F64 = summary.values[nearest]
    return values[~np.isin(values, besides)]


def _between(summary: NumericSummary, points: F64, after: Flags) -> F64:
    if not summary.numbers:
        return np.zeros(points.size + 1)
    shares = np.where(after, summary.cdf(points), summary.cdf_below(points))
    counts: F64 = np.diff(np.concatenate(([0.0], shares, [1.0]))).clip(0.0) * summary.numbers
    # An estimate below half a row is the rounding of none: as a share of its own, 1e-13 rows would outweigh all of PSI.
    return np.rint(counts) if summary.exact else np.where(counts < 0.5, 0.0, counts)


def _interval(low: float, high: float) -> str:
    if low == high:
        return f"= {low:.6g}"
    if low == -np.inf:
        return f"< {high:.6g}"
    if high == np.inf:
        return f"> {low:.6g}"
    return f"{low:.6g} – {high:.6g}"


def _pool_neighbours(cells: list[_Cell], pooling: _Pooling) -> list[_Cell]:
    pooled: list[_Cell] = []
    for cell in cells:
        if pooled and pooling.is_thin(pooled[-1]):
            pooled.append(_joined(pooled.pop(), cell))
        elif cell.reference or cell.current or not pooling.below:
            pooled.append(cell)
    if len(pooled) > 1 and pooling.is_thin(pooled[-1]):
        last = pooled.pop()
        pooled.append(_joined(pooled.pop(), last))
    return pooled


def _joined(cell: _Cell, following: _Cell) -> _Cell:
    if cell.low == -np.inf:
        label = "any number" if following.high == np.inf else f"≤ {following.high:.6g}"
    else:
        label = _interval(cell.low, following.high)
    return cell.joined(following, label)


def _name_cells(reference: CategoricalSummary, current: CategoricalSummary, pooling: _Pooling) -> list[_Cell]:
    names = tuple(dict.fromkeys((*reference.categories, *current.categories)))
    counts = [_aligned(summary, names) for summary in (reference, current)]
    own = ~pooling.are_thin(counts[0], counts[1])
    own &= ~_unknown(reference, counts[0], counts[1] / max(1, current.count))
    own &= ~_unknown(current, counts[1], counts[0] / max(1, reference.count))
    cells = [_Cell(names[i], float(counts[0][i]), float(counts[1][i])) for i in np.flatnonzero(own).tolist()]
    rest = [
        summary.other + float(count[~own].sum()) for summary, count in zip((reference, current), counts, strict=True)
    ]
    return [*cells, _Cell("other", *rest)] if any(rest) else cells


def _aligned(summary: CategoricalSummary, names: tuple[str, ...]) -> F64:
    times = dict(zip(summary.categories, summary.counts.tolist(), strict=True))
    return np.fromiter((times.get(name, 0) for name in names), dtype=np.float64, count=len(names))


def _unknown(summary: CategoricalSummary, counts: F64, shares_elsewhere: F64) -> Flags:
    """Names that this side may have had, unkept, about as often as the other side: nobody can say that they moved."""
    limit = 4 * summary.count_error / max(1, summary.count)
    unknown: Flags = (counts == 0) & (shares_elsewhere <= limit) & (not summary.exact)
    return unknown


def _side_cells(reference: Summary, current: Summary) -> list[_Cell]:
    sides = [
        _Cell("missing", reference.missing, current.missing),
        _Cell("invalid", reference.invalid, current.invalid),
    ]
    return [cell for cell in sides if cell.reference + cell.current]


def _assemble(cells: list[_Cell], pooling: _Pooling) -> Cells:
    """What is still too thin joins the smallest cell that is not."""
    thin = [cell for cell in cells if pooling.is_thin(cell)]
    thick = [cell for cell in cells if not pooling.is_thin(cell)]
    if thin and thick:
        smallest = min(range(len(thick)), key=lambda i: thick[i].reference + thick[i].current)
        for cell in thin:
            kept = thick[smallest]
            joined = kept.joined(cell, f"{kept.label} or {cell.label}")
            thick[smallest] = joined._replace(low=kept.low, high=kept.high)
    columns = list(zip(*(thick or thin), strict=True)) or [()] * 5
    reference, current, lows, highs = (np.asarray(column, dtype=np.float64) for column in columns[1:])
    return Cells(tuple(columns[0]), reference, current, lows, highs)


def _shares(counts: F64) -> F64:
    total = counts.sum()
    return counts / total if total else np.full(counts.size, np.nan)
