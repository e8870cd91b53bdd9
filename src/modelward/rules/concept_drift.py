"""When truth and estimate part: the concept has drifted, and the estimate is not valid.

An estimate without labels believes that a score is worth what it was on the reference. Law: in a window they part when
their intervals do not meet and they differ by at least 0.05 (which sampling of very large windows does not excuse, and
the error of the calibration, which no interval holds, does). Two of the last three windows that have both make it
concept drift; it ends when two of three agree again.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from modelward.stats import Metric

GAP = 0.05
NEEDED, OF = 2, 3


@dataclass(frozen=True)
class ConceptDrift:
    """Since the start of which window truth and estimate part, or None; and why."""

    since: datetime | None
    reason: str


def parted(measured: Mapping[str, Metric], estimated: Mapping[str, Metric], names: Sequence[str]) -> bool | None:
    """Whether any of these metrics contradicts its estimate; None where none of them has both."""
    pairs = [(measured[name], estimated[name]) for name in names if name in measured and name in estimated]
    known = [(m, e) for m, e in pairs if not (math.isnan(m.statistic) or math.isnan(e.statistic))]
    if not known:
        return None
    return any(_apart(m, e) for m, e in known)


def concept_drift(windows: Sequence[tuple[datetime, bool | None]]) -> ConceptDrift:
    """What closed windows (start, parted), oldest first, say."""
    known = [(start, apart) for start, apart in windows if apart is not None]
    since: datetime | None = None
    for n in range(1, len(known) + 1):
        recent = known[max(0, n - OF) : n]
        if sum(apart for _, apart in recent) >= NEEDED:
            since = since or next(start for start, apart in recent if apart)
        else:
            since = None
    if since is None:
        return ConceptDrift(None, "truth and estimate agree" if known else "no window has both labels and an estimate")
    return ConceptDrift(
        since, "truth and estimate part: a score is no longer worth what it was; the estimate is not valid"
    )


def _apart(measured: Metric, estimated: Metric) -> bool:
    meet = measured.low <= estimated.high and estimated.low <= measured.high
    return not meet and abs(measured.statistic - estimated.statistic) >= GAP
