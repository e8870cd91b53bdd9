"""Whether estimates without labels were worth anything: held against saying the standard for every window.

Law: over at least 10 windows that the calibration had not seen, an estimate that was further from the truth than the
standard was, by more than chance explains, is not valid. It fails where the days of a reference differ in something
that no score shows, such as the weather that all flights of a day share: then a score is worth another thing each day.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from modelward.stats.intervals import normal_quantile

FEWEST = 10
_CONFIDENCE = 0.90  # Of the two-sided interval: in one case of twenty a fair estimate is refused.


@dataclass(frozen=True)
class Worth:
    """Whether the estimates of a metric may be believed, and why."""

    valid: bool
    reason: str


def worth_of(of_estimate: Sequence[float], of_standard: Sequence[float]) -> Worth:
    """Judge by the absolute errors of the estimate, and of saying the standard, in the same windows."""
    windows = len(of_estimate)
    if windows < FEWEST:
        return Worth(True, f"only {windows} windows have both truth and estimate; {FEWEST} are needed to judge it")
    gaps = [estimate - standard for estimate, standard in zip(of_estimate, of_standard, strict=True)]
    least = fmean(gaps) - normal_quantile(_CONFIDENCE) * stdev(gaps) / math.sqrt(windows)
    errors = (
        f"over {windows} windows it was off by {fmean(of_estimate):.3g} on average, and the standard alone by "
        f"{fmean(of_standard):.3g}"
    )
    if least > 0:
        return Worth(False, f"the estimate is worse than no estimate: {errors}")
    return Worth(True, errors)
