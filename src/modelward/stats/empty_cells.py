"""What the share of a cell is that is empty on one side: the rules in use, by name, none of which is the true one."""

import numpy as np

from modelward.stats.arrays import F64
from modelward.stats.cells import Cells

Empty = str | float
HALF_ROW = "half_row"
RULES = (HALF_ROW, "add_one", "skip", "infinite", "evidently")


def filled_shares(cells: Cells, empty: Empty) -> tuple[F64, F64]:
    """The shares of both sides, with empty cells filled by a rule; cells that are empty on both sides are left out.

    - `half_row`: an empty cell holds half a row; the other shares stay as they are.
    - `add_one`: every cell of both sides holds one row more (Laplace).
    - `skip`: a cell that is empty on either side is left out.
    - `infinite`: an empty cell has share 0, whose logarithm is infinite.
    - `evidently`: 0.0001, or a millionth of the side's smallest share where that is 0.0001 or less.
    - a number: that share, such as 0.0001.
    """
    seen = cells.reference_counts + cells.current_counts > 0
    counts = cells.reference_counts[seen], cells.current_counts[seen]
    if empty == "skip":
        both = (counts[0] > 0) & (counts[1] > 0)
        return counts[0][both] / cells.n_reference, counts[1][both] / cells.n_current
    if empty == "add_one":
        first, second = ((side + 1) / (side.sum() + side.size) for side in counts)
        return first, second
    first, second = (_filled(side, empty) for side in counts)
    return first, second


def check_rule(empty: Empty) -> None:
    """Refuse what is no rule for empty cells.

    Raises:
        ValueError: it is neither the name of one nor a share.
    """
    if isinstance(empty, str):
        if empty not in RULES:
            raise ValueError(
                f"There is no rule {empty!r} for empty cells; choose one of {', '.join(RULES)}, or a share such as"
                " 0.0001."
            )
    elif isinstance(empty, bool) or not 0 < empty < 1:
        raise ValueError(f"The share of an empty cell lies between 0 and 1, and {empty} does not.")


def _filled(counts: F64, empty: Empty) -> F64:
    total = counts.sum()
    shares = counts / total
    if empty == "infinite":
        return np.asarray(shares)
    if empty == "evidently":
        least = float(shares[shares > 0].min())
        fill = 1e-4 if least > 1e-4 else least / 1e6
    else:
        fill = 0.5 / total if isinstance(empty, str) else empty
    filled: F64 = np.where(counts > 0, shares, fill)
    return filled
