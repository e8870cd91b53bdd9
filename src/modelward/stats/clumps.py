"""How likely chance is to bring so many rows of names that the reference never saw, names coming in clumps.

Of two samples of one distribution, a name that came k times in both together is in the current one alone with chance
sᵏ, s being the current share of all rows. The rows of such names are therefore a sum of independent terms, each k with
chance sᵏ, whose upper tail Chernoff bounds: P(S ≥ K) ≤ minₜ e⁻ᵗᴷ Π (1 − sᵏ + sᵏeᵗᵏ). Treating the rows as independent
instead, as Good and Turing's rate does, takes one rare name of eight rows for eight surprises.
"""

import math
from collections.abc import Hashable, Mapping
from typing import TypeVar

import numpy as np

Name = TypeVar("Name", bound=Hashable)

_SLOPES = np.linspace(0.02, 3.0, 60)


def clumped_tail(before: Mapping[Name, int], now: Mapping[Name, int], share: float) -> float:
    """A bound, never too small, on the chance of so many rows of unseen names; `share` is the current one of all rows.

    >>> clumped_tail({"a": 50, "b": 50}, {"a": 50, "b": 42, "new": 8}, 0.5) < 0.01
    True
    """
    unseen = sum(times for name, times in now.items() if name not in before)
    together = [before.get(name, 0) + now.get(name, 0) for name in {*before, *now}]
    sizes, names = np.unique(np.array(together, dtype=np.float64), return_counts=True)
    log_share = math.log(share)
    slopes = -log_share * _SLOPES[:, None]
    alone = np.log1p(-np.exp(sizes * log_share))
    growth = np.logaddexp(alone, sizes * (slopes + log_share)) @ names
    return float(min(1.0, math.exp(min(0.0, float(np.min(growth - slopes[:, 0] * unseen))))))
