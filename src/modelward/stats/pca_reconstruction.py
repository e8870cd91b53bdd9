"""Reconstruction error of a PCA: whether the columns still belong together as they did in the reference."""

import math
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from modelward.stats.arrays import F64
from modelward.stats.intervals import normal_quantile
from modelward.stats.joint_rows import Columns, Table, drawn_pair, is_numbers, missing_in, rows_in
from modelward.stats.metric import CONFIDENCE

ROWS = 20_000
VARIANCE = 0.65
_CATEGORIES = 10
_FEWEST = 20
_FAR = 100.0  # What lies farther out, in standard deviations, counts as that far.
_LARGE = 1e100


@dataclass(frozen=True)
class PcaReconstruction:
    """`statistic` is the mean error of the current rows as a multiple of that of reference rows that the PCA has not
    seen (1 where nothing changed), with an interval from `low` to `high` and a two-sided `p_value`.

    `error_reference` and `error_current` are the mean errors, `components` how many of the dimensions were kept, and
    `columns` the share of each column in the change of the squared error, the largest first.
    """

    statistic: float
    low: float
    high: float
    p_value: float
    error_reference: float
    error_current: float
    components: int
    n_reference: int
    n_current: int
    columns: tuple[tuple[str, float], ...]


def pca_reconstruction(
    reference: Columns,
    current: Columns,
    *,
    seed: int = 0,
    rows: int = ROWS,
    variance: float = VARIANCE,
    confidence: float = CONFIDENCE,
) -> PcaReconstruction:
    """How well the principal components of the reference describe the current rows: ‖x − V Vᵀ x‖, its mean over rows.

    Every column is brought to a mean of 0 and a variance of 1: numbers by those of the reference without its outer 1
    % on each side, names by one column for each of the 10 commonest, which have a variance of 1 together. The
    components that hold `variance` of it are found on one half of at most `rows` reference rows; the other half gives
    the error that is held against that of the current rows, by Welch's test of two means. A change of how columns
    hang together shows, even where each column alone is as before; so does a rise of the spread. What moves along the
    components does not.

    Edge cases: a missing number counts as the mean and a missing name as the commonest; a column that is constant in
    the reference tells nothing and is left out; a p-value of 1 where no error can be told from none; of more than 100
    columns 100 are drawn.

    >>> rng = np.random.default_rng(0)
    >>> a, b = rng.normal(size=(2, 2000))
    >>> result = pca_reconstruction({"a": a, "b": a + 0.3 * b}, {"a": a, "b": 1.04 * b})
    >>> round(result.statistic, 1), result.p_value < 1e-12
    (4.7, True)

    Raises:
        ValueError: fewer than 20 rows in a table, or no column in common.

    Source: Jackson, Mudholkar (1979), "Control procedures for residuals associated with principal component analysis",
    Technometrics 21; Welch (1947), "The generalization of Student's problem", Biometrika 34.
    """
    rng = np.random.default_rng(seed)
    before, now = drawn_pair(reference, current, rows=rows, rng=rng)
    if min(rows_in(before), rows_in(now)) < _FEWEST:
        raise ValueError(f"Components are found from {_FEWEST} rows on each side; give a longer window.")
    half = rng.permutation(rows_in(before)) < rows_in(before) // 2
    fitted = {name: values[half] for name, values in before.items()}
    scale = _Scale.of(fitted)
    kept = _components(scale.numbers_of(fitted), variance)
    held = _residuals(scale.numbers_of({name: values[~half] for name, values in before.items()}), kept)
    seen = _residuals(scale.numbers_of(now), kept)
    found = _compared(held, seen, scale.names, confidence)
    return replace(found, components=kept.shape[1], n_reference=rows_in(before))


class _Scale(NamedTuple):
    """How each column becomes numbers: one (mean, divisor) for numbers, (names, shares, divisor) for names."""

    means: dict[str, tuple[float, float]]
    shares: dict[str, tuple[dict[str, int], F64, float]]
    names: list[str]

    @classmethod
    def of(cls, table: Table) -> Self:
        means: dict[str, tuple[float, float]] = {}
        shares: dict[str, tuple[dict[str, int], F64, float]] = {}
        for name, values in table.items():
            if is_numbers(values):
                _scale_numbers(name, values, means)
            else:
                _scale_names(name, values, shares)
        places = [[name] * (len(shares[name][0]) if name in shares else 1) for name in (*means, *shares)]
        return cls(means, shares, [name for group in places for name in group])

    def numbers_of(self, table: Table) -> F64:
        """A table as numbers, one row each."""
        parts = [
            np.clip((np.where(np.isnan(table[name]), mean, table[name])[:, None] - mean) / divisor, -_FAR, _FAR)
            for name, (mean, divisor) in self.means.items()
        ]
        parts += [_dummies(table[name], *scale) for name, scale in self.shares.items()]
        return np.hstack(parts) if parts else np.zeros((rows_in(table), 0))


def _scale_numbers(name: str, values: F64, means: dict[str, tuple[float, float]]) -> None:
    present = values[~np.isnan(values)]
    if present.size and present.min() < present.max():
        # One value far out would otherwise be the scale of all others.
        low, high = np.quantile(present, [0.01, 0.99], method="nearest")
        inner = np.clip(present, low, high) if low < high else np.clip(present, -_LARGE, _LARGE)
        size = float(np.abs(inner).max()) or 1.0  # Squares of the largest numbers are past the range.
        means[name] = float((inner / size).mean()) * size, float((inner / size).std()) * size or 1.0


def _scale_names(name: str, values: npt.NDArray[Any], shares: dict[str, tuple[dict[str, int], F64, float]]) -> None:
    found, counts = np.unique(values[~missing_in(values)].astype(str), return_counts=True)
    if found.size < 2:
        return
    order = np.argsort(-counts, kind="stable")[:_CATEGORIES]
    kept = counts[order] / counts.sum()
    codes = {str(found[place]): code for code, place in enumerate(order)}
    shares[name] = codes, kept, math.sqrt(float((kept * (1 - kept)).sum()))


def _dummies(values: npt.NDArray[Any], codes: dict[str, int], shares: F64, divisor: float) -> F64:
    absent = missing_in(values)
    own = [0 if gone else codes.get(str(value), -1) for value, gone in zip(values, absent, strict=True)]
    dummies: F64 = (np.array(own)[:, None] == np.arange(len(codes))).astype(np.float64)
    scaled: F64 = (dummies - shares) / divisor
    return scaled


def _components(numbers: F64, variance: float) -> F64:
    """The directions that hold this share of the variance, at least one and never all."""
    values, vectors = np.linalg.eigh(numbers.T @ numbers / max(1, len(numbers)))
    held = np.cumsum(values[::-1]) / max(values.sum(), 1e-300)
    many = min(max(1, int(np.searchsorted(held, variance)) + 1), max(0, len(values) - 1))
    return np.asarray(vectors[:, ::-1][:, :many])


def _residuals(numbers: F64, components: F64) -> F64:
    left: F64 = numbers - (numbers @ components) @ components.T
    return left


def _compared(held: F64, seen: F64, names: list[str], confidence: float) -> PcaReconstruction:
    errors = np.linalg.norm(held, axis=1), np.linalg.norm(seen, axis=1)
    before, now = float(errors[0].mean()), float(errors[1].mean())
    variances = [float(side.var(ddof=1)) / side.size for side in errors]
    spread = math.sqrt(sum(variances))
    known: dict[str, Any] = {"error_reference": before, "error_current": now, "columns": _changes(held, seen, names)}
    counts: dict[str, Any] = {"components": 0, "n_reference": len(held), "n_current": len(seen)}
    if not before > 0 or not spread > 0:
        return PcaReconstruction(1.0, math.nan, math.nan, 1.0, **known, **counts)
    ratio = now / before
    half = normal_quantile(confidence) * math.sqrt(variances[1] + ratio**2 * variances[0]) / before
    p_value = math.erfc(abs(now - before) / spread / math.sqrt(2))
    return PcaReconstruction(ratio, max(0.0, ratio - half), ratio + half, p_value, **known, **counts)


def _changes(held: F64, seen: F64, names: list[str]) -> tuple[tuple[str, float], ...]:
    """Each column's part of what the squared errors changed by, as a share of all changes."""
    change = (seen**2).mean(axis=0) - (held**2).mean(axis=0)
    by_column = dict.fromkeys(names, 0.0)
    for name, moved in zip(names, change.tolist(), strict=True):
        by_column[name] += moved
    whole = sum(map(abs, by_column.values())) or 1.0
    return tuple(sorted(((name, moved / whole) for name, moved in by_column.items()), key=lambda one: -abs(one[1])))
