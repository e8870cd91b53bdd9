"""What a monitor can see: the smallest change of each column that a window of some rows would show.

Worked out from the distributions of the statistics, not by drawing: with a true effect, m · PSI and chi-squared of a
window of m rows are noncentral chi-squared, and the mean and the Kolmogorov–Smirnov distance are about normal. The
effect and its significance rise together, so that the weaker of the two chances is the power.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from modelward.rules.calibration import Calibration, chosen_limit
from modelward.rules.describe import missing_rate
from modelward.rules.monitor import Monitor
from modelward.rules.schema import kind_of
from modelward.stats import CategoricalSummary, NumericSummary, Profile, Summary, kolmogorov_smirnov, psi
from modelward.stats.cells import Cells, cells_of
from modelward.stats.distributions import (
    chi_squared_quantile,
    kolmogorov_quantile,
    noncentral_chi_squared_tail,
    normal_tail,
)
from modelward.stats.intervals import normal_quantile

POWER = 0.8
_FARTHEST = 10.0  # Standard deviations; what is not seen there is not seen.
_STEPS = 14


@dataclass(frozen=True)
class Detectable:
    """The smallest change of a column that is seen with the power asked for; inf where none is.

    `change` is of a number's mean, in standard deviations of the reference, or of the share of the commonest category,
    in points (0.05 is 5 points). `missing` is in points of missing values.
    """

    column: str
    kind: str
    change: float
    missing: float
    power: float

    @property
    def unit(self) -> str:
        """What `change` is counted in."""
        return "standard deviations" if self.kind == "numeric" else "points"

    def to_dict(self) -> dict[str, Any]:
        """The answer as JSON: what is never seen is null."""
        numbers = {"change": self.change, "missing": self.missing}
        known = {name: value if math.isfinite(value) else None for name, value in numbers.items()}
        return {"column": self.column, "kind": self.kind, "unit": self.unit, "power": self.power, **known}


@dataclass(frozen=True)
class _Window:
    """The window that has to show it, and the limits that it is held against."""

    rows: int
    level: float  # Of one test of one column.
    psi: float
    mean: float
    missing: float


def detectable(
    reference: Profile,
    rows: int,
    monitor: Monitor,
    calibration: Calibration | None = None,
    *,
    power: float = POWER,
) -> tuple[Detectable, ...]:
    """The smallest change of each column that a window of so many rows shows, when that column alone changes.

    Columns with a test of their own are left out: what is answered is what the default rule sees.
    """
    judged = {
        column: summary
        for column, summary in reference.columns.items()
        if column not in monitor.ignore and monitor.test_of(column, kind_of(summary)) is None
    }
    few = min(rows, reference.rows) < monitor.minimum_rows
    found = []
    for column, summary in judged.items():
        tests = 3 if summary.missing or summary.invalid else 2
        window = _window(column, rows, monitor.q / len(judged) / tests, monitor, calibration)
        change, missing = (math.inf, math.inf) if few else _smallest_changes(summary, window, power)
        found.append(Detectable(column, kind_of(summary), change, missing, power))
    return tuple(found)


def hardest(found: Sequence[Detectable], kind: str = "numeric") -> Detectable | None:
    """The column of a kind whose change has to be the largest to be seen; None where there is none."""
    alike = [entry for entry in found if entry.kind == kind]
    return max(alike, key=lambda entry: entry.change, default=None)


def _window(column: str, rows: int, level: float, monitor: Monitor, calibration: Calibration | None) -> _Window:
    def limit(figure: str, usual: float) -> float:
        return usual if calibration is None else max(usual, calibration.limit(column, figure))

    chosen = chosen_limit(column, "psi", monitor, calibration)
    least = limit("psi", monitor.psi_moderate) if chosen is None else min(monitor.psi_moderate, chosen)
    means = limit("mean_shift", monitor.mean_shift), limit("missing_rate", monitor.missing_shift)
    return _Window(rows, level, least, *means)


def _smallest_changes(summary: Summary, window: _Window, power: float) -> tuple[float, float]:
    missing = _smallest(lambda x: _power_of_missing(summary, x, window), 1 - missing_rate(summary), power)
    if isinstance(summary, CategoricalSummary):
        top = float(summary.counts[0]) / summary.rows if summary.count else 0.0
        return _smallest(lambda x: _power_of_share(summary, x, window), top, power), missing
    if not summary.count or not summary.deviation:
        return math.inf, missing
    step = _smallest(lambda x: _power_of_shift(summary, x, window), _FARTHEST, power)
    seen = abs(_moved(summary, step).mean - summary.mean) / summary.deviation if math.isfinite(step) else math.inf
    return seen, missing


def _smallest(power_at: Callable[[float], float], most: float, power: float) -> float:
    if most <= 0 or power_at(most) < power:
        return math.inf
    low, high = 0.0, most
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if power_at(middle) >= power else (middle, high)
    return high


def _power_of_missing(summary: Summary, more: float, window: _Window) -> float:
    rate = missing_rate(summary)
    pooled = rate + more * window.rows / (window.rows + summary.rows)
    spread = math.sqrt(max((rate + more) * (1 - rate - more), 1 / window.rows) / window.rows)
    chance = math.sqrt(max(pooled * (1 - pooled), 1e-12) * (1 / window.rows + 1 / summary.rows))
    far = normal_quantile(1 - window.level) * chance
    return normal_tail((max(window.missing, far) - more) / spread)


def _power_of_share(summary: CategoricalSummary, less: float, window: _Window) -> float:
    """Of a change by which the commonest category loses a share to all others, or to a new one where it is alone."""
    before = np.append(summary.counts, summary.other).astype(np.float64) / summary.rows
    after = before.copy()
    after[0] -= less
    others = before[1:].sum()
    after[1:] += less * before[1:] / others if others else 0.0
    fresh = 0.0 if others else less
    counts = np.append(before, 0.0) * summary.rows, np.append(after, fresh) * window.rows
    kept = counts[0] + counts[1] >= 1
    cells = Cells.of_counts(counts[0][kept], counts[1][kept])
    return min(_power_of_psi(cells, window), _power_of_chi_squared(cells, window))


def _power_of_shift(summary: NumericSummary, step: float, window: _Window) -> float:
    moved = _moved(summary, step)
    cells = cells_of(summary, moved)
    counts = cells.current_counts * (window.rows / summary.rows)
    scaled = Cells.of_counts(cells.reference_counts, counts)
    spread = math.sqrt(1 / window.rows)
    means = normal_tail((window.mean - abs(moved.mean - summary.mean) / summary.deviation) / spread)
    effect = max(means, _power_of_psi(scaled, window))
    return min(effect, max(_power_of_chi_squared(scaled, window), _power_of_distance(summary, moved, window)))


def _moved(summary: NumericSummary, step: float) -> NumericSummary:
    """The column with its mean moved by about `step` standard deviations, over the values that it has.

    What comes to lie between two values is shared between them, as a count or a rounded number would be, and nothing
    passes the largest.
    """
    values, weights = summary.values, summary.weights
    target = np.minimum(values + step * summary.deviation, values[-1])
    above = np.minimum(values.searchsorted(target).clip(1), values.size - 1)
    below = np.maximum(above - 1, 0)
    width = np.where(values[above] > values[below], values[above] - values[below], 1.0)
    part = np.clip((target - values[below]) / width, 0.0, 1.0)
    shared = np.bincount(below, weights * (1 - part), values.size) + np.bincount(above, weights * part, values.size)
    mean = float(shared @ summary.means) / summary.count
    return replace(summary, entries=summary.entries._replace(weights=shared.astype(np.float64)), mean=mean)


def _power_of_psi(cells: Cells, window: _Window) -> float:
    found = psi([], [], cells=cells)
    freedom = max(1, len(cells.labels) - 1)
    return noncentral_chi_squared_tail((window.psi + found.bias) * window.rows, freedom, found.statistic * window.rows)


def _power_of_chi_squared(cells: Cells, window: _Window) -> float:
    freedom = max(1, len(cells.labels) - 1)
    before, now = cells.reference_shares, cells.current_shares
    pooled = (cells.reference_counts + cells.current_counts) / (cells.n_reference + cells.n_current)
    distance = float(((now - before) ** 2 / np.where(pooled > 0, pooled, 1.0)).sum())
    both = cells.n_reference * cells.n_current / (cells.n_reference + cells.n_current)
    limit = chi_squared_quantile(window.level, freedom) * window.rows / both
    return noncentral_chi_squared_tail(limit, freedom, distance * window.rows)


def _power_of_distance(summary: NumericSummary, moved: NumericSummary, window: _Window) -> float:
    distance = kolmogorov_smirnov(summary, moved).statistic
    both = summary.rows * window.rows / (summary.rows + window.rows)
    limit = kolmogorov_quantile(window.level) / math.sqrt(both)
    return normal_tail((limit - distance) * 2 * math.sqrt(window.rows))
