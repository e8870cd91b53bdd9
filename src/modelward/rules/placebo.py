"""A monitor on trial before it goes live: replayed on windows of its own reference, where nothing is to be found."""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from modelward.rules.alarm import WindowLevel, alarm_spans
from modelward.rules.calibration import Calibration, calibrate, enough_rows, held_out
from modelward.rules.comparison import compare_profiles
from modelward.rules.finding import ColumnFinding
from modelward.rules.fitting_tests import fitting_tests
from modelward.rules.monitor import Monitor
from modelward.rules.verdict import Verdict
from modelward.stats import Profile
from modelward.stats.intervals import wilson

_ANY = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Placebo:
    """How often a monitor called a window of its own reference moved.

    `windows` were held against the rest of the reference, `flagged` of them had a column that moved moderately or
    strongly, `strong` of them strongly. `alarms` is how many alarms the law of alarms (one strong window, or 2 of 3)
    would have made of them, `columns` how many windows each column flagged. The rate is of flagged windows, with its
    Wilson interval of 95 %; a rate below `claim`, 1 in so many windows, cannot be told from none.
    """

    windows: int
    flagged: int
    strong: int
    alarms: int
    columns: Mapping[str, int]
    calibrated: bool
    rate: float
    low: float
    high: float

    @property
    def claim(self) -> float:
        """The smallest rate that may be claimed: one in so many windows."""
        return 1 / self.windows if self.windows else 1.0

    @property
    def reason(self) -> str:
        """The outcome in a sentence."""
        if not self.windows:
            return "The reference holds no two windows with enough rows, so that the monitor could not be tried on it."
        found = f"{self.flagged:,} of {self.windows:,} windows of the reference itself were flagged"
        span = f"a false-alarm rate between {100 * self.low:.1f} and {100 * self.high:.1f} % of windows"
        return f"{found}: {span}; nothing below 1 in {self.windows:,} can be claimed."

    def to_dict(self) -> dict[str, Any]:
        """The outcome as JSON."""
        names = ("windows", "flagged", "strong", "alarms", "calibrated", "rate", "low", "high", "claim", "reason")
        return {**{name: getattr(self, name) for name in names}, "columns": dict(self.columns)}


def replay(blocks: Sequence[Profile], monitor: Monitor, seasons: Sequence[Hashable] | None = None) -> Placebo:
    """Hold windows of the reference (at most 100), each against the rest of it, as the monitor would judge new ones.

    Where the reference has enough windows to calibrate by, each is judged by all the others alone.

    Args:
        blocks: Profiles of stretches of the reference that follow one another, each as long as a window.
        monitor: The rule on trial.
        seasons: As in `calibrate`.
    """
    enough, of_season = enough_rows(blocks, monitor, seasons)
    pairs = list(held_out(enough, of_season))
    calibration = calibrate(enough, monitor, of_season)
    found = [
        _compared(rest, block, monitor, calibration and calibration.without(place))
        for place, (block, rest) in enumerate(pairs)
    ]
    return _counted(found, calibrated=calibration is not None)


def _compared(
    rest: Profile, block: Profile, monitor: Monitor, calibration: Calibration | None
) -> Sequence[ColumnFinding]:
    fitting, _ = fitting_tests(monitor, rest, block, calibration)
    return compare_profiles(rest, block, fitting, calibration).columns


def _counted(found: Sequence[Sequence[ColumnFinding]], *, calibrated: bool) -> Placebo:
    moved = Counter(finding.column for findings in found for finding in findings if finding.verdict.alarming)
    flagged = sum(any(finding.verdict.alarming for finding in findings) for findings in found)
    interval = wilson(flagged, len(found))
    return Placebo(
        windows=len(found),
        flagged=flagged,
        strong=sum(any(finding.strong for finding in findings) for findings in found),
        alarms=sum(_alarms(found, column) for column in moved),
        columns=dict(moved.most_common()),
        calibrated=calibrated,
        rate=flagged / len(found) if found else 0.0,
        low=interval.low,
        high=interval.high,
    )


def _alarms(found: Sequence[Sequence[ColumnFinding]], column: str) -> int:
    """The alarms that the column's windows make, one after the other; the days stand for whatever a window is."""
    levels = [
        next((finding.verdict for finding in findings if finding.column == column), Verdict.TOO_FEW)
        for findings in found
    ]
    return len(alarm_spans([WindowLevel(_ANY + timedelta(days=i), level) for i, level in enumerate(levels)]))
