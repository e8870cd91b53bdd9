"""What a classifier of two tables looks at: cells and ranks of each column, and products of the ranks of two columns.

They are made from both tables together, without knowing which row is of which, so that they give nothing away.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from modelward.stats.arrays import F64
from modelward.stats.joint_rows import Table, is_numbers, missing_in

F32 = npt.NDArray[np.float32]
Places = npt.NDArray[np.int64]

_CELLS = 8
_CATEGORIES = 12
_HEAVY = 0.02
_CROSSED = 3  # So many categories of a column are multiplied with other columns.
_COMMON = 0.05  # And only those with this share of the rows.


@dataclass(frozen=True, eq=False)
class Features:
    """`cells` and `ranks` have a row for each row of both tables; `cell_of` and `rank_of` say which column is whose."""

    cells: F32
    ranks: F32
    cell_of: Places
    rank_of: Places
    names: tuple[str, ...]


def features_of(before: Table, now: Table) -> Features:
    """The features of both tables, the reference's rows first, each with a mean of 0 and a variance of 1."""
    cells: list[F64] = []
    ranks: list[F64] = []
    for name in before:
        values = np.concatenate([before[name], now[name]])
        made = _of_numbers(values) if is_numbers(values) else _of_names(values)
        cells.append(made[0])
        ranks.append(made[1])
    return Features(
        np.hstack(cells).astype(np.float32),
        np.hstack(ranks).astype(np.float32),
        np.repeat(np.arange(len(cells)), [part.shape[1] for part in cells]),
        np.repeat(np.arange(len(ranks)), [part.shape[1] for part in ranks]),
        tuple(before),
    )


def products(ranks: F32, pairs: Places) -> F32:
    """The products of two ranks each."""
    made: F32 = ranks[:, pairs[:, 0]] * ranks[:, pairs[:, 1]]
    return made


def _of_numbers(values: F64) -> tuple[F64, F64]:
    missing = np.isnan(values)
    present = values[~missing]
    edges = np.unique(np.quantile(present, np.linspace(0, 1, _CELLS + 1)[1:-1])) if present.size else np.zeros(0)
    codes = np.searchsorted(edges, values, side="left") + np.searchsorted(edges, values, side="right")
    # A heavy value at an edge keeps a cell of its own, between what lies below and above it.
    heavy = np.bincount(codes, minlength=2) >= _HEAVY * len(values)
    codes = np.where(missing, -1, codes - ((codes % 2 == 1) & ~heavy[codes]))
    codes = np.unique(codes, return_inverse=True)[1]
    rank = np.zeros(len(values))
    rank[~missing] = _ranked(present)
    dummies = (codes[:, None] == np.arange(codes.max(initial=0) + 1)).astype(np.float64)
    return _standard(np.column_stack([rank, dummies])), _standard(rank[:, None])


def _ranked(values: F64) -> F64:
    """The mean rank of each value, centred."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - (counts - 1) / 2
    return np.asarray(middle[inverse] - (len(values) + 1) / 2)


def _of_names(values: npt.NDArray[Any]) -> tuple[F64, F64]:
    """A column for each of the commonest names, one for the missing and one for the rest."""
    absent = missing_in(values)
    texts = np.array(["" if gone else f"={value}" for value, gone in zip(values, absent, strict=True)], dtype=object)
    codes: dict[str, int] = {}
    own = np.array([codes.setdefault(text, len(codes)) for text in texts.tolist()])
    counts = np.bincount(own)
    order = np.argsort(-counts, kind="stable")
    place = np.full(len(counts), _CATEGORIES)
    place[order[:_CATEGORIES]] = np.arange(min(_CATEGORIES, len(order)))
    dummies = (place[own][:, None] == np.arange(min(_CATEGORIES, len(order) - 1) + 1)).astype(np.float64)
    crossed = [k for k in range(min(_CROSSED, dummies.shape[1])) if dummies[:, k].mean() >= _COMMON]
    return _standard(dummies), _standard(dummies[:, crossed])


def _standard(columns: F64) -> F64:
    centred = columns - columns.mean(axis=0)
    spread = centred.std(axis=0)
    scaled: F64 = centred / np.where(spread > 0, spread, 1.0)
    return scaled
