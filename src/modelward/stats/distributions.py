"""Tails of distributions, by SciPy, which is imported when the first of them is asked for.

Importing it takes half a second and 15 MB, which the HTTP process, which only draws what was judged, need not pay.
"""

import math

import numpy as np

from modelward.stats.arrays import F64


def chi_squared_tail(statistic: float, freedom: int) -> float:
    """P(X ≥ statistic) for X chi-squared with so many degrees of freedom."""
    from scipy.special import chdtrc

    return float(chdtrc(freedom, statistic))


def chi_squared_quantile(tail: float, freedom: int) -> float:
    """The x with P(X ≥ x) = tail for X chi-squared."""
    from scipy.special import chdtri

    return float(chdtri(freedom, tail))


def noncentral_chi_squared_tail(statistic: float, freedom: int, noncentrality: float) -> float:
    """P(X ≥ statistic) for X noncentral chi-squared."""
    from scipy.special import chndtr

    return float(1 - chndtr(statistic, freedom, noncentrality))


def kolmogorov_quantile(tail: float) -> float:
    """The distance d with P(K ≥ d) = tail for K of Kolmogorov's limiting distribution."""
    from scipy.special import kolmogi

    return float(kolmogi(tail))


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


def normal_tail(z: float) -> float:
    """P(Z ≥ z) for Z standard normal."""
    return 0.5 * math.erfc(z / math.sqrt(2))


def student_tail(t: float, freedom: float) -> float:
    """P(T ≥ t) for T of Student's distribution, t at least 0; `freedom` need not be whole."""
    from scipy.special import stdtr

    return float(stdtr(freedom, -t))


def student_quantile(tail: float, freedom: float) -> float:
    """The t with P(T ≥ t) = tail for T of Student's distribution."""
    from scipy.special import stdtrit

    return -float(stdtrit(freedom, tail))


def cramer_von_mises_tail(statistic: float) -> float:
    """P(W² ≥ statistic) for W² of the limiting distribution of Cramér and von Mises.

    1 − Σₖ Γ(k + ½) √(4k + 1) / (π^{3/2} k! √x) · e^{−y} · K_{1/4}(y) with y = (4k + 1)² / 16x; far out, where that
    difference loses its digits, the limit √2 · P(|Z| ≥ π √x).

    Source: Csörgő, Faraway (1996), "The exact and asymptotic distributions of Cramér–von Mises statistics", JRSS B 58;
    the far tail: Zolotarev (1961), Theory of Probability and its Applications 6.
    """
    if statistic <= 0:
        return 1.0
    if statistic > 3:
        return math.sqrt(2) * math.erfc(math.pi * math.sqrt(statistic / 2))
    from scipy.special import gammaln, kve

    k = np.arange(60, dtype=np.float64)
    y = (4 * k + 1) ** 2 / (16 * statistic)
    logs = gammaln(k + 0.5) - gammaln(k + 1) - 2 * y
    terms = np.exp(logs) * np.sqrt(4 * k + 1) * kve(0.25, y)
    return float(min(1.0, max(0.0, 1 - terms.sum() / (math.pi**1.5 * math.sqrt(statistic)))))


def anderson_darling_tail(statistic: float) -> float:
    """P(A² ≥ statistic) for A² of the limiting distribution of Anderson and Darling.

    Below 2 the approximation of Marsaglia and Marsaglia, whose error is 2e-6; above it their second one, and from 8 on
    the limit √3 · P(|Z| ≥ √(2x)), which is within 5 % there and keeps its digits for any size.

    Source: Marsaglia, Marsaglia (2004), "Evaluating the Anderson–Darling distribution", Journal of Statistical Software
    9; the far tail: Zolotarev (1961), Theory of Probability and its Applications 6.
    """
    z = statistic
    if z <= 0:
        return 1.0
    if z < 2:
        series = (2.00012, 0.247105, -0.0649821, 0.0347962, -0.011672, 0.00168691)
        return float(min(1.0, max(0.0, 1 - math.exp(-1.2337141 / z) / math.sqrt(z) * _polynomial(series, z))))
    if z < 8:
        series = (1.0776, -2.30695, 0.43424, -0.082433, 0.008056, -0.0003146)
        return -math.expm1(-math.exp(_polynomial(series, z)))
    return math.sqrt(3) * math.erfc(math.sqrt(z))


def _polynomial(coefficients: tuple[float, ...], x: float) -> float:
    return float(np.polynomial.polynomial.polyval(x, coefficients))
