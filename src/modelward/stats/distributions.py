"""Tails of distributions, by SciPy, which is imported when the first of them is asked for.

Importing it takes half a second and 15 MB, which the HTTP process, which only draws what was judged, need not pay.
"""

import numpy as np

from modelward.stats.arrays import F64


def chi_squared_tail(statistic: float, freedom: int) -> float:
    """P(X ≥ statistic) for X chi-squared with so many degrees of freedom."""
    from scipy.special import chdtrc

    return float(chdtrc(freedom, statistic))


def kolmogorov_tail(distance: float) -> float:
    """P(K ≥ distance) for K of Kolmogorov's limiting distribution."""
    from scipy.special import kolmogorov

    return float(kolmogorov(distance))


def incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function: a binomial tail."""
    from scipy.special import betainc

    return float(betainc(a, b, x))


def log_choose(total: int, chosen: np.typing.NDArray[np.int64]) -> F64:
    """The logarithm of the number of ways to choose so many of `total`."""
    from scipy.special import gammaln

    logs: F64 = gammaln(total + 1) - gammaln(chosen + 1) - gammaln(total - chosen + 1)
    return logs
