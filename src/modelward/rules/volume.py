"""Too many or too few rows in a window, too many repetitions, and events that do not come at all."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from modelward.rules import phrases
from modelward.rules.quality_finding import Check, QualityFinding, QualityVerdict
from modelward.rules.quality_settings import QualitySettings
from modelward.stats.distributions import student_quantile
from modelward.stats.intervals import wilson

LEAST_WEEKS = 4
"""So many earlier windows of the same hour or day make an expectation."""
WEEKS = 8
_CONFIDENCE = 0.99
_SCALE = 1.4826  # makes the median absolute deviation of normal values their standard deviation
_LEAST_SPREAD = 0.05
_LOST = 10
"""A window with a tenth of what was expected, or ten times as much, is a failure."""
SETTLED_AFTER = timedelta(days=7)
"""So long a model must have been watched before its longest gap knows of nights and weekends."""
LEAST_SILENCE = timedelta(hours=1)


@dataclass(frozen=True)
class Expected:
    """The rows that a window should have: the usual number and the interval around it, from `windows` earlier ones."""

    usual: float
    low: float
    high: float
    windows: int


def expected_rows(earlier: Sequence[float], volume_change: float) -> Expected | None:
    """What earlier windows of the same hour or day of the week let expect of the next; None from fewer than four.

    On the scale ln(rows + 1), because traffic grows by factors: the median, and around it what one more value may
    differ by, t · s · √(1 + 1/n) at 99 %, with s from the median absolute deviation, and never less than the scatter of
    a Poisson count or 5 %. An interval narrower than the change that matters is widened to it.

    Source: Hampel (1974), "The influence curve and its role in robust estimation", JASA 69, for the deviation.
    """
    if len(earlier) < LEAST_WEEKS:
        return None
    logs = [math.log1p(rows) for rows in earlier]
    middle = median(logs)
    spread = max(_SCALE * median(abs(x - middle) for x in logs), math.exp(-middle / 2), _LEAST_SPREAD)
    n = len(logs)
    reach = student_quantile((1 - _CONFIDENCE) / 2, n - 1) * spread * math.sqrt(1 + 1 / n)
    half = max(reach, -math.log1p(-volume_change))
    return Expected(math.expm1(middle), max(0.0, math.expm1(middle - half)), math.expm1(middle + half), n)


def judge_volume(
    rows: int, earlier: Sequence[float], settings: QualitySettings, *, closed: bool
) -> QualityFinding | None:
    """Whether a window has as many rows as windows like it; None while too few of them are known.

    A window that is still open can only have too many.
    """
    expected = expected_rows(earlier, settings.volume_change)
    if expected is None:
        return None
    less, more = closed and rows < expected.low, rows > expected.high
    usual = f"{phrases.number(math.ceil(expected.low))} to {phrases.number(math.floor(expected.high))} are usual"
    had = f"{rows:,} row{'' if rows == 1 else 's'}"
    said = f"{had}, where {usual} (by {expected.windows} windows of the same time of the week)"
    lost = rows < expected.usual / _LOST if less else rows > expected.usual * _LOST
    alarming = QualityVerdict.FAILED if lost else QualityVerdict.WARNING
    return QualityFinding(
        check=Check.VOLUME,
        column=None,
        verdict=alarming if less or more else QualityVerdict.OK,
        reason=said,
        count=rows,
        rows=rows,
        low=expected.low,
        high=expected.high,
        expected=expected.usual,
        threshold=settings.volume_change,
        p_value=0.0 if lost else 1 - _CONFIDENCE,
    )


def judge_duplicates(
    repeated: int, rows: int, usual_shares: Sequence[float], settings: QualitySettings
) -> QualityFinding | None:
    """Whether more events came again under an id that was known than usual; None where none did."""
    if not repeated:
        return None
    sent = rows + repeated
    usual = median(usual_shares) if usual_shares else 0.0
    low, high = wilson(repeated, sent)
    limit = usual + settings.duplicate_share
    much = repeated / sent >= limit and low > usual
    what = f"{repeated:,} of {sent:,} events were sent again under an id that was known"
    return QualityFinding(
        check=Check.DUPLICATES,
        column=None,
        verdict=QualityVerdict.WARNING if much else QualityVerdict.OK,
        reason=f"{what} ({phrases.share(usual)} is usual); they were counted once",
        count=repeated,
        rows=sent,
        share=repeated / sent,
        low=low,
        high=high,
        expected=usual,
        threshold=limit,
    )


@dataclass(frozen=True)
class Freshness:
    """When the last event reached us, and from when on that is too long ago: by arrival, so that a replay of old data
    is fresh.
    """

    last_arrival_at: datetime
    silence: timedelta
    limit: timedelta
    longest_gap: timedelta

    @property
    def late(self) -> bool:
        return self.silence > self.limit

    def finding(self) -> QualityFinding:
        """The freshness as a finding. `count` is the silence and `high` its limit, in seconds."""
        silence, limit, gap = (phrases.lasting(span) for span in (self.silence, self.limit, self.longest_gap))
        reason = f"no event for {silence}; {limit} is the limit (the longest gap was {gap})"
        return QualityFinding(
            check=Check.FRESHNESS,
            column=None,
            verdict=QualityVerdict.FAILED if self.late else QualityVerdict.OK,
            reason=reason if self.late else f"the last event came {phrases.lasting(self.silence)} ago",
            count=int(self.silence.total_seconds()),
            rows=0,
            high=self.limit.total_seconds(),
            expected=self.longest_gap.total_seconds(),
        )


def freshness(
    *,
    last_arrival_at: datetime,
    longest_gap: timedelta,
    watched_since: datetime | None,
    silent_after: timedelta,
    settings: QualitySettings,
    now: datetime,
) -> Freshness:
    """Whether events come as they use to.

    The limit is `freshness_gaps` times the longest gap, and at least an hour. Until the model was watched for a week,
    its gaps know neither nights nor weekends, and the limit is `silent_after`, by which its health falls silent.
    """
    settled = watched_since is not None and now - watched_since >= SETTLED_AFTER
    own = max(LEAST_SILENCE, settings.freshness_gaps * longest_gap)
    limit = own if settled else max(own, silent_after)
    return Freshness(last_arrival_at, max(timedelta(0), now - last_arrival_at), limit, longest_gap)
