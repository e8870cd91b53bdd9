"""When truth and estimate part: the concept has drifted, and the estimate is not valid.

An estimate without labels believes that a score is worth what it was on the reference. Law: in a window they part when
their intervals do not meet and they differ by at least 0.05, or 5 % of an error that has a unit (the error of the
calibration, which no interval holds), or three times what they differ by from window to window on the basis, if that is
more: days differ without any drift. Two of the last three windows that have both make it concept drift; it ends when
two of three agree again.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from modelward.rules.family import widening
from modelward.rules.performance import LOWER_IS_BETTER
from modelward.stats import Metric

GAP = 0.05
SPREADS, FEWEST = 3.0, 5
NEEDED, OF = 2, 3


@dataclass(frozen=True)
class ConceptDrift:
    """Since the start of which window truth and estimate part, or None; and why."""

    since: datetime | None
    reason: str


def parted(
    measured: Mapping[str, Metric],
    estimated: Mapping[str, Metric],
    names: Sequence[str],
    *,
    usual: Mapping[str, float] | None = None,
    looks: int = 1,
) -> bool | None:
    """Whether any of these metrics contradicts its estimate by more than `usual`; None where none of them has both.

    `looks` are how many metrics of how many parts are judged together: intervals are widened by what that needs.
    """
    known = [name for name in names if _has(measured, name) and _has(estimated, name)]
    if not known:
        return None
    least = {name: max(_gap(name, measured[name]), (usual or {}).get(name, 0.0)) for name in known}
    return any(_apart(measured[name], estimated[name], least[name], widening(looks)) for name in known)


def contradicted(measured: Mapping[str, Metric], estimated: Mapping[str, Metric], names: Sequence[str]) -> set[str]:
    """The metrics whose estimate is not what was measured on the very same rows.

    A curve is learned on all rows together. In a part of them a score may always have been worth something else: that
    is no drift, but an estimate of this part says nothing then.
    """
    return {name for name in names if parted(measured, estimated, [name])}


def usual_gap(gaps: Iterable[float]) -> float:
    """What truth and estimate may differ by, from the gaps of the basis' own windows; 0 where these are too few."""
    squares = [gap * gap for gap in gaps]
    return SPREADS * math.sqrt(math.fsum(squares) / len(squares)) if len(squares) >= FEWEST else 0.0


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


def _gap(name: str, measured: Metric) -> float:
    """Of a metric that has a unit, a share of it."""
    return GAP * abs(measured.statistic) if name in LOWER_IS_BETTER else GAP


def _has(metrics: Mapping[str, Metric], name: str) -> bool:
    return name in metrics and not math.isnan(metrics[name].statistic)


def _apart(measured: Metric, estimated: Metric, least: float, wider: float) -> bool:
    below, above = sorted((measured, estimated), key=lambda found: found.statistic)
    high = below.statistic + wider * (below.high - below.statistic)
    low = above.statistic - wider * (above.statistic - above.low)
    return high < low and above.statistic - below.statistic >= least
