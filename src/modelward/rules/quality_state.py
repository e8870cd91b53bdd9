"""What the quality of many windows amounts to: the law of alarms (see alarm.py), for each check of each column.

One closed window that failed, or two of the last three with a warning; an open one only when it failed beyond doubt.
Windows with too few rows are no evidence for what is weighed against chance. Late events need no window.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from modelward.rules.alarm import Alarm, WindowLevel, column_alarm
from modelward.rules.quality_finding import QualityFinding, QualityVerdict
from modelward.rules.verdict import Verdict
from modelward.rules.volume import Freshness

_LEVELS = {
    QualityVerdict.FAILED: Verdict.DRIFTED,
    QualityVerdict.WARNING: Verdict.WARNING,
    QualityVerdict.OK: Verdict.OK,
    QualityVerdict.TOO_FEW: Verdict.TOO_FEW,
}
_VERDICTS = {level: verdict for verdict, level in _LEVELS.items()}


@dataclass(frozen=True)
class QualityWindow:
    """The findings of one window that alarm."""

    start: datetime
    too_few: bool
    findings: tuple[QualityFinding, ...]


@dataclass(frozen=True)
class Cause:
    """One check that is in alarm."""

    finding: QualityFinding
    verdict: QualityVerdict
    since: datetime | None
    reason: str


@dataclass(frozen=True)
class QualityState:
    """The quality of a model now, since when, and why."""

    verdict: QualityVerdict
    since: datetime | None
    reason: str
    causes: tuple[Cause, ...]


def state_of(
    closed: Sequence[QualityWindow], still_open: QualityWindow | None = None, fresh: Freshness | None = None
) -> QualityState:
    """The state that the windows (oldest first) amount to.

    Args:
        closed: Closed windows that do not overlap.
        still_open: The open one, if it was evaluated.
        fresh: Whether events come at all.
    """
    causes = [*_late(fresh), *_alarmed(closed, still_open)]
    causes.sort(key=lambda cause: cause.verdict is not QualityVerdict.FAILED)
    if not causes:
        return _calm(closed)
    first, more = causes[0], len(causes) - 1
    reason = first.reason + (f"; {more:,} other finding{'s' if more > 1 else ''}" if more else "")
    since = min((cause.since for cause in causes if cause.since), default=None)
    return QualityState(first.verdict, since, reason, tuple(causes))


def _calm(closed: Sequence[QualityWindow]) -> QualityState:
    if not closed or closed[-1].too_few:
        return QualityState(QualityVerdict.TOO_FEW, None, "the last closed window has too few rows to judge", ())
    return QualityState(QualityVerdict.OK, None, "nothing is wrong with the data of the last closed windows", ())


def _late(fresh: Freshness | None) -> list[Cause]:
    if fresh is None or not fresh.late:
        return []
    finding = fresh.finding()
    return [Cause(finding, finding.verdict, fresh.last_arrival_at, finding.reason)]


@dataclass(frozen=True)
class CheckHistory:
    """One check of one column over the windows: its newest finding, and its level in each, oldest first."""

    finding: QualityFinding
    closed: tuple[WindowLevel, ...]
    still_open: WindowLevel | None


def check_histories(closed: Sequence[QualityWindow], still_open: QualityWindow | None = None) -> list[CheckHistory]:
    """The history of every check that found anything in these windows (oldest first)."""
    windows = [*closed, *([still_open] if still_open else [])]
    newest = {finding.key: finding for window in windows for finding in window.findings}
    return [
        CheckHistory(
            finding,
            tuple(_level(window, key, statistical=finding.statistical) for window in closed),
            _level(still_open, key, statistical=finding.statistical) if still_open else None,
        )
        for key, finding in newest.items()
    ]


def _alarmed(closed: Sequence[QualityWindow], still_open: QualityWindow | None) -> list[Cause]:
    alarms = [(one.finding, column_alarm(one.closed, one.still_open)) for one in check_histories(closed, still_open)]
    return [_cause(finding, alarm) for finding, alarm in alarms if alarm.level.alarming]


def _cause(finding: QualityFinding, alarm: Alarm) -> Cause:
    return Cause(finding, _VERDICTS[alarm.level], alarm.since, alarm.reason)


def _level(window: QualityWindow, key: str, *, statistical: bool) -> WindowLevel:
    found = next((finding for finding in window.findings if finding.key == key), None)
    if found is not None:
        p_value = found.p_value if found.p_adjusted is None else found.p_adjusted
        return WindowLevel(window.start, _LEVELS[found.verdict], p_value, found.reason)
    return WindowLevel(window.start, Verdict.TOO_FEW if window.too_few and statistical else Verdict.OK)
