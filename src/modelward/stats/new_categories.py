"""Did names come that the reference never saw, more often than its own rare names let expect?"""

import math
from dataclasses import dataclass

import numpy as np

from modelward.stats.categorical_summary import CategoricalSummary
from modelward.stats.clumps import clumped_tail
from modelward.stats.distinct import hash_names, shared_part
from modelward.stats.distributions import incomplete_beta
from modelward.stats.samples import Sample, summary_pair, values_in


@dataclass(frozen=True)
class NewCategories:
    """`statistic` is the share of current rows with a new name, `expected` the share that the reference lets expect.

    `names` are the new names, most frequent first, with their `counts`.
    """

    statistic: float
    p_value: float
    expected: float
    names: tuple[str, ...]
    counts: tuple[int, ...]
    n_reference: int
    n_current: int


def new_categories(reference: Sample, current: Sample) -> NewCategories:
    """Test of the share of rows whose name is new, against the Good–Turing estimate.

    The chance that the next row has a name never seen is about N₁ / n, where N₁ of the n reference rows have a name
    that came once. Had nothing changed, the K new rows of m and the N₁ singletons of n would have one rate, so that K
    of K + N₁ is binomial with share m / (n + m); the p-value is its upper tail. Where the current sample is the larger,
    its rows of one new name come in clumps of about m / n, and both K and m are divided by that.

    Edge cases: nan where a side has no names; p-value 1 without new names. If the reference keeps only its most
    frequent names, a name is called new only if it came far more often than any name that the reference may have
    dropped; for the rows of all others the share of new names is taken from the sample of 512 names that both sides
    keep, whose test counts each name once and allows for names that come in clumps. The p-value is then twice the
    smaller of both.

    >>> result = new_categories(["a"] * 60 + ["b"] * 40, ["a"] * 50 + ["c"] * 10)
    >>> result.names, result.p_value < 1e-3
    (('c',), True)

    Source: Good (1953), "The population frequencies of species and the estimation of population parameters", Biometrika
    40.
    """
    first, second = summary_pair(reference, current)
    if not (values_in(first) or values_in(second)):
        return NewCategories(math.nan, math.nan, math.nan, (), (), 0, 0)
    if not isinstance(first, CategoricalSummary) or not isinstance(second, CategoricalSummary):
        raise ValueError("New categories are counted in a column of names, and this one holds numbers.")  # noqa: TRY004 - as all other statistics
    n, m = first.count, second.count
    if not (n and m):
        return NewCategories(math.nan, math.nan, math.nan, (), (), n, m)
    names, counts = _new(first, second)
    found: float = sum(counts)
    p_value = _tail(found, first.singletons, n, m)
    if not (first.exact and second.exact):
        more, chance = _unlisted(first, second, names)
        found, p_value = found + more, min(1.0, 2 * min(p_value, chance))
    return NewCategories(found / m, p_value, min(1.0, first.singletons / n), names, counts, n, m)


def _new(reference: CategoricalSummary, current: CategoricalSummary) -> tuple[tuple[str, ...], tuple[int, ...]]:
    known = set(reference.categories)
    least = 0.0 if reference.exact else 4 * reference.count_error / reference.count * current.count
    pairs = zip(current.categories, current.counts.tolist(), strict=True)
    new = [(name, times) for name, times in pairs if name not in known and times > least]
    return tuple(name for name, _ in new), tuple(times for _, times in new)


def _unlisted(
    reference: CategoricalSummary, current: CategoricalSummary, listed: tuple[str, ...]
) -> tuple[float, float]:
    """Of the rows whose name the lists do not settle, how many have a new one, and the p-value of that.

    Both sides keep a fair sample of their names, each with its true count: those whose hash is small.
    """
    known = {*reference.categories, *listed}
    settled = [i for i, name in enumerate(current.categories) if name in known]
    before, now = (
        dict(zip(*map(np.ndarray.tolist, side), strict=True)) for side in shared_part(reference.names, current.names)
    )
    for h in hash_names([current.categories[i] for i in settled]).tolist():
        now.pop(h, None)
    fresh = [times for h, times in now.items() if h not in before]
    if not fresh:
        return 0.0, 1.0
    left = current.count - int(current.counts[settled].sum())
    # A name counts once, however often it came: its rows are no independent surprises.
    singletons = sum(times == 1 for times in before.values())
    p_value = _tail(len(fresh), singletons, reference.count, current.count)
    clumped = clumped_tail(before, now, current.count / (reference.count + current.count))
    return left * sum(fresh) / sum(now.values()), max(p_value, clumped)


def _tail(found: float, singletons: float, n: int, m: int) -> float:
    """P(X ≥ found) for X binomial with found + singletons trials, as an incomplete beta function."""
    if not found:
        return 1.0
    clump = max(1.0, m / n)
    found_apart = found / clump
    share = (m / clump) / (n + m / clump)
    return float(np.clip(incomplete_beta(max(found_apart, 1.0), singletons + 1, share), 0.0, 1.0))
