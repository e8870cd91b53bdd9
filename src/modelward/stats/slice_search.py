"""A search for the parts of a table in which an outcome is other than elsewhere, with a correction for the search.

A slice is one condition on a column, or two on different ones. Half of the rows, drawn at random, is searched: every
condition and every pair of them with enough rows is scored by z = (m − M) / (s · √(1/n − 1/N)), with the mean m of the
n rows of the slice, and the mean M and deviation s of all N. The best few are then held against the other half, which
the search never saw: the p-value of each is the share of permutations of the outcome in which the largest z of all of
them together is at least as large. So the chance that any slice is reported where there is none is at most the level,
however many were searched, and whatever the outcome's distribution. Rows must be exchangeable.

Sources: Chung, Kraska, Polyzotis, Tae, Whang (2019), ICDE 35 (Slice Finder); Sagadeeva, Boehm (2021), SIGMOD
(SliceLine); Cox (1975), Biometrika 62 (the split); Westfall, Young (1993), Resampling-Based Multiple Testing (the
maximum).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from modelward.stats.arrays import F64, I64, Flags

CANDIDATES = 20
MOST_PAIRED = 40
"""So many columns, those with the best single conditions, are searched in pairs: 780 of them."""
PERMUTATIONS = 999
_AT_ONCE = 50
_SAME = 0.8  # Slices that share so much of their rows are one find.
_BETTER = 1.2  # A pair must say so much more than each of its conditions by itself.


@dataclass(frozen=True)
class Slice:
    """A part of the rows: conditions as (column, code), rows of the half that was tested, the outcome's mean there and
    in the rows outside, and the p-value corrected for the search.
    """

    conditions: tuple[tuple[int, int], ...]
    rows: int
    mean_inside: float
    mean_outside: float
    z: float
    p_value: float


def search_slices(
    codes: npt.ArrayLike,
    outcome: npt.ArrayLike,
    rng: np.random.Generator,
    *,
    minimum_rows: int = 50,
    two_sided: bool = True,
    permutations: int = PERMUTATIONS,
) -> list[Slice]:
    """The slices that stood out in the searched half, the surest first, each with its p-value from the other half.

    Args:
        codes: Rows × columns: each row's cell in each column, from 0 on.
        outcome: One number a row, such as a loss, or 0 and 1.
        rng: The source of the split and of the permutations.
        minimum_rows: A slice needs so many rows in each half.
        two_sided: Whether a smaller outcome is a find too.
        permutations: How many; no p-value is below one in so many and one.

    Raises:
        ValueError: the rows of the codes and of the outcome are not as many, or an outcome is not finite.
    """
    table, values = np.asarray(codes, dtype=np.int64), np.asarray(outcome, dtype=np.float64)
    if table.ndim != 2 or values.shape != table.shape[:1]:
        raise ValueError("The codes need a row for each outcome, and a column for each column.")
    if not np.isfinite(values).all():
        raise ValueError("An outcome is not a finite number; leave out the rows without one.")
    order = rng.permutation(values.size)
    searched, tested = order[: values.size // 2], order[values.size // 2 :]
    found = _candidates(table[searched], values[searched], minimum_rows, two_sided=two_sided)
    held = [(conditions, _inside(table[tested], conditions)) for conditions in found]
    held = [
        (conditions, flags) for conditions, flags in held if minimum_rows <= flags.sum() <= flags.size - minimum_rows
    ]
    return _held_against(held, values[tested], rng, permutations, two_sided=two_sided) if held else []


@dataclass(frozen=True)
class _Scored:
    conditions: tuple[tuple[int, int], ...]
    z: float


def _candidates(table: I64, values: F64, minimum: int, *, two_sided: bool) -> list[tuple[tuple[int, int], ...]]:
    """The best slices of the searched half, without those that say the same as a better one."""
    standard = _standard(values)
    if standard is None or not table.shape[1]:
        return []
    singles = [
        found for column in range(table.shape[1]) for found in _scores(table, standard, (column,), minimum, two_sided)
    ]
    alone = {found.conditions[0]: found.z for found in singles}
    every = list(singles)
    for pair in combinations(sorted(_paired(singles)), 2):
        every += (
            found
            for found in _scores(table, standard, pair, minimum, two_sided)
            if abs(found.z) > _BETTER * max(abs(alone.get(condition, 0.0)) for condition in found.conditions)
        )
    return _distinct(sorted(every, key=_strength), table)


def _paired(singles: Sequence[_Scored]) -> list[int]:
    """The columns that are searched in pairs. A column may be nothing alone, and all with another: so all, if few."""
    columns = dict.fromkeys(found.conditions[0][0] for found in sorted(singles, key=_strength))
    return list(columns)[:MOST_PAIRED]


def _strength(found: _Scored) -> float:
    return -abs(found.z)


def _standard(values: F64) -> F64 | None:
    """The outcome with mean 0 and deviation 1; None where it does not vary."""
    deviation = float(values.std()) if values.size else 0.0
    return (values - values.mean()) / deviation if deviation > 0 else None


def _scores(table: I64, standard: F64, columns: tuple[int, ...], minimum: int, two_sided: bool) -> Iterator[_Scored]:
    """Every cell of one column, or of two together, that has enough rows inside and outside."""
    code, widths = table[:, columns[0]], [int(table[:, column].max()) + 1 for column in columns]
    for column, width in zip(columns[1:], widths[1:], strict=True):
        code = code * width + table[:, column]
    rows = np.bincount(code)
    sums: F64 = np.bincount(code, weights=standard).astype(np.float64)
    enough = np.flatnonzero((rows >= minimum) & (rows <= standard.size - minimum))
    z = _z(sums[enough], np.asarray(rows[enough], dtype=np.float64), standard.size)
    for cell, score in zip(enough.tolist(), z.tolist(), strict=True):
        if two_sided or score > 0:
            parts = divmod(cell, widths[1]) if len(widths) > 1 else (cell,)
            yield _Scored(tuple(zip(columns, parts, strict=True)), score)


def _z(sums: F64, rows: F64, total: int) -> F64:
    """Sums of standardised outcomes as z scores: the variance of a sum of n rows drawn of N without putting back."""
    scores: F64 = sums / np.sqrt(rows * (1 - rows / total))
    return scores


def _distinct(found: Sequence[_Scored], table: I64) -> list[tuple[tuple[int, int], ...]]:
    kept: list[tuple[tuple[tuple[int, int], ...], Flags]] = []
    for entry in found[: 10 * CANDIDATES]:
        inside = _inside(table, entry.conditions)
        if all((inside & other).sum() <= _SAME * (inside | other).sum() for _, other in kept):
            kept.append((entry.conditions, inside))
        if len(kept) == CANDIDATES:
            break
    return [conditions for conditions, _ in kept]


def _inside(table: I64, conditions: Sequence[tuple[int, int]]) -> Flags:
    flags = np.ones(table.shape[0], dtype=bool)
    for column, code in conditions:
        flags &= table[:, column] == code
    return flags


def _held_against(
    sets: Sequence[tuple[tuple[tuple[int, int], ...], Flags]],
    values: F64,
    rng: np.random.Generator,
    permutations: int,
    *,
    two_sided: bool,
) -> list[Slice]:
    """The candidates on the half that was not searched."""
    standard = _standard(values)
    if standard is None:
        return []
    matrix = np.array([flags for _, flags in sets], dtype=np.float64)
    # What a sum of so many rows drawn without putting back varies by.
    scale = np.sqrt(matrix.sum(axis=1) * (1 - matrix.sum(axis=1) / values.size))
    z = (matrix @ standard) / scale
    largest = _largest_by_chance(matrix / scale[:, None], standard, rng, permutations, two_sided=two_sided)
    sizes = np.abs(z) if two_sided else z
    p_values = (1 + (largest[None, :] >= sizes[:, None]).sum(axis=1)) / (1 + permutations)
    slices = [
        Slice(conditions, int(flags.sum()), float(values[flags].mean()), float(values[~flags].mean()), at, p)
        for (conditions, flags), at, p in zip(sets, z.tolist(), p_values.tolist(), strict=True)
    ]
    return sorted(slices, key=lambda entry: (entry.p_value, -abs(entry.z)))


def _largest_by_chance(
    weights: F64, standard: F64, rng: np.random.Generator, permutations: int, *, two_sided: bool
) -> F64:
    """The largest z of all candidates in each permutation of the outcome."""
    largest: list[F64] = []
    for start in range(0, permutations, _AT_ONCE):
        count = min(_AT_ONCE, permutations - start)
        z = rng.permuted(np.tile(standard, (count, 1)), axis=1) @ weights.T
        largest.append((np.abs(z) if two_sided else z).max(axis=1))
    return np.concatenate(largest)
