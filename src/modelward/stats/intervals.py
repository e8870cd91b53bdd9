"""Confidence intervals that several metrics share."""

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

from modelward.stats.arrays import F64
from modelward.stats.metric import CONFIDENCE, Metric


class Interval(NamedTuple):
    """From `low` to `high`, both included."""

    low: float
    high: float


@lru_cache(maxsize=64)
def normal_quantile(confidence: float) -> float:
    """The z of a two-sided interval: 1.96 for 0.95.

    Raises:
        ValueError: the confidence is not between 0 and 1.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"A confidence lies between 0 and 1, such as 0.95, and this one is {confidence}.")
    from statistics import NormalDist

    return NormalDist().inv_cdf((1 + confidence) / 2)


def wilson(successes: float, n: float, confidence: float = CONFIDENCE) -> Interval:
    """Wilson's score interval of a proportion; from 0 to 1 without any row.

    Source: Wilson (1927), "Probable inference, the law of succession, and statistical inference", JASA 22.
    """
    if n <= 0:
        return Interval(0.0, 1.0)
    z = normal_quantile(confidence)
    p, z2 = successes / n, z * z
    middle = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = z / (1 + z2 / n) * math.sqrt(max(0.0, p * (1 - p)) / n + z2 / (4 * n * n))
    # Rounding must not leave the value outside its own interval.
    return Interval(max(0.0, min(p, middle - half)), min(1.0, max(p, middle + half)))


def mean_of_independent(values: Sequence[float], intervals: Sequence[Interval]) -> Interval:
    """The interval of the mean of independent estimates from the interval of each.

    Source: Zou, Donner (2008), "Construction of confidence limits about effect measures: a general approach",
    Statistics in Medicine 27.
    """
    k = len(values)
    mean = math.fsum(values) / k
    below = math.sqrt(math.fsum((v - i.low) ** 2 for v, i in zip(values, intervals, strict=True))) / k
    above = math.sqrt(math.fsum((i.high - v) ** 2 for v, i in zip(values, intervals, strict=True))) / k
    return Interval(mean - below, mean + above)


def logit(value: float, spread: float, n: float, confidence: float = CONFIDENCE) -> Interval:
    """Value ± z·spread on the scale ln(v / (1 − v)), which keeps within 0 and 1; where the value or the spread leaves
    no such scale, Wilson's interval of a proportion of `n`, which is wider.
    """
    if not (0 < value < 1 and spread > 0 and math.isfinite(spread)):
        return wilson(value * n, n, confidence)
    half = normal_quantile(confidence) * spread / (value * (1 - value))
    centre = math.log(value / (1 - value))
    return Interval(_expit(centre - half), _expit(centre + half))


def area_of_few(area: float, first: float, second: float, confidence: float = CONFIDENCE) -> Interval:
    """The interval of an area under a ROC curve, of so many rows of each class, where those of one are few: the areas
    from which this one is no further than z deviations of their own.

    With N = (n + m) / 2 − 1 the variance at an area θ is θ(1 − θ) · (1 + N(1 − θ)/(2 − θ) + Nθ/(1 + θ)) / nm.

    Source: Newcombe (2006), "Confidence intervals for an effect size measure based on the Mann–Whitney statistic. Part
    2: asymptotic methods and evaluation", method 5, Statistics in Medicine 25.
    """
    z, middle = normal_quantile(confidence), max(0.0, (first + second) / 2 - 1)

    def is_near(other: float) -> bool:
        spread = 1 + middle * (1 - other) / (2 - other) + middle * other / (1 + other)
        return abs(other - area) <= z * math.sqrt(other * (1 - other) * spread / (first * second))

    return Interval(_last_near(area, 0.0, is_near), _last_near(area, 1.0, is_near))


def _last_near(near: float, far: float, is_near: Callable[[float], bool]) -> float:
    """By halving, the last value on the way from one to the other that is still near."""
    for _ in range(50):
        middle = (near + far) / 2
        if is_near(middle):
            near = middle
        else:
            far = middle
    return near


def proportion(
    successes: float, n: float, confidence: float, *, empty: str, curve: Callable[[float], float] | None = None
) -> Metric:
    """A share as a metric with Wilson's interval, or a rising function of it; undefined, for the reason `empty`, where
    there is nothing to divide by.
    """
    if n <= 0:
        return Metric.undefined(empty, n=0, confidence=confidence)
    interval = wilson(successes, n, confidence)
    ends = (successes / n, interval.low, interval.high)
    value, low, high = ends if curve is None else map(curve, ends)
    return Metric(value, low, high, n, "wilson", confidence)


def jackknife(whole: float, without: F64, times: F64) -> float:
    """The standard error of a value of n rows, of which `times` rows of each kind give the value `without` when one
    such row is left out.

    Source: Efron, Stein (1981), "The jackknife estimate of variance", The Annals of Statistics 9.
    """
    n = float(times.sum())
    if n < 2:
        return math.nan
    offsets = without - whole
    mean = float(offsets @ times) / n
    return math.sqrt((n - 1) / n * float(((offsets - mean) ** 2) @ times))


def _expit(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x > -700 else 0.0
