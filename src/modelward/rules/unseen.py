"""How likely chance is to bring so many rows of names that the reference never saw, names coming in clumps."""

from modelward.stats import CategoricalSummary
from modelward.stats.clumps import clumped_tail


def clumped_p_value(reference: CategoricalSummary, current: CategoricalSummary) -> float:
    """A bound, never too small, on the chance of so many rows of unseen names; 0 where names were dropped, of which
    `new_categories` takes the clumps into account by its sample.
    """
    if not (reference.exact and current.exact):
        return 0.0
    if not (reference.count and current.count):
        return 1.0
    before = dict(zip(reference.categories, reference.counts.tolist(), strict=True))
    now = dict(zip(current.categories, current.counts.tolist(), strict=True))
    return clumped_tail(before, now, current.count / (reference.count + current.count))
