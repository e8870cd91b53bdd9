"""When a column's windows become an alarm.

Law: one closed window at the strong level, or 2 of the last 3 closed windows at least at the moderate level. An open
window is looked at many times, so it may raise the strong level alone, and only with p < 0.001. Windows with too few
rows are no evidence, neither of drift nor of its absence: they are passed over.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from modelward.rules.verdict import Verdict

NEEDED, OF = 2, 3
OPEN_P = 0.001
_LEVELS = {Verdict.DRIFTED: "strongly drifted", Verdict.WARNING: "moderately drifted"}


@dataclass(frozen=True)
class WindowLevel:
    """The verdict on one column in one window."""

    start: datetime
    level: Verdict
    p_value: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class Alarm:
    """The state of one column: its level, the start of the window that began it, and the reason in words.

    The reason says what happened first, then in which windows: "`a` doubled, in the last closed window".
    """

    level: Verdict
    since: datetime | None
    reason: str


def column_alarm(closed: Sequence[WindowLevel], still_open: WindowLevel | None = None) -> Alarm:
    """The alarm that a column's windows amount to.

    Args:
        closed: Closed windows that do not overlap, newest last; the last dozen is plenty.
        still_open: The open window, if it was evaluated.
    """
    evidence = [window for window in closed if window.level is not Verdict.TOO_FEW]
    level, reason = _judge(evidence)
    if level is not Verdict.DRIFTED and still_open is not None and raises_while_open(still_open):
        since = _began(evidence) or still_open.start
        return Alarm(Verdict.DRIFTED, since, _because(still_open, "in the window that is still open"))
    return Alarm(level, _began(evidence), reason)


@dataclass(frozen=True)
class AlarmSpan:
    """One unbroken alarm of the past: from the window that began it to the first one that was fine; None: it lasts."""

    since: datetime
    until: datetime | None


def alarm_spans(closed: Sequence[WindowLevel]) -> list[AlarmSpan]:
    """Every alarm that a column's closed windows (newest last) amounted to, one after the other."""
    evidence = [window for window in closed if window.level is not Verdict.TOO_FEW]
    spans: list[AlarmSpan] = []
    since: datetime | None = None
    for n, window in enumerate(evidence):
        recent = evidence[max(0, n + 1 - OF) : n + 1]
        if _level(recent).alarming:
            since = since or next(w.start for w in recent if w.level.alarming)
        elif since is not None:
            spans.append(AlarmSpan(since, window.start))
            since = None
    return [*spans, AlarmSpan(since, None)] if since is not None else spans


def raises_while_open(window: WindowLevel) -> bool:
    """Whether a window that is still open is bad enough to speak up before it closes."""
    return window.level is Verdict.DRIFTED and window.p_value is not None and window.p_value < OPEN_P


def _judge(evidence: Sequence[WindowLevel]) -> tuple[Verdict, str]:
    if not evidence:
        return Verdict.TOO_FEW, "no closed window has enough rows yet"
    newest, recent = evidence[-1], evidence[-OF:]
    alarming = [window for window in recent if window.level.alarming]
    level = _level(recent)
    if level is Verdict.DRIFTED:
        return level, _because(newest, "in the last closed window")
    if level is Verdict.WARNING:
        return level, _because(alarming[-1], f"in {len(alarming)} of the last {len(recent)} closed windows")
    if alarming:
        return (
            Verdict.OK,
            f"1 of the last {len(recent)} closed windows drifted; an alarm needs {NEEDED} of {OF}, or a strong one",
        )
    return Verdict.OK, "the last closed windows are as the reference"


def _level(recent: Sequence[WindowLevel]) -> Verdict:
    """The law itself, for the newest windows that have enough rows."""
    if recent[-1].level is Verdict.DRIFTED:
        return Verdict.DRIFTED
    return Verdict.WARNING if sum(window.level.alarming for window in recent) >= NEEDED else Verdict.OK


def _because(window: WindowLevel, found: str) -> str:
    return f"{window.reason or _LEVELS[window.level]}, {found}"


def _began(evidence: Sequence[WindowLevel]) -> datetime | None:
    """The start of the oldest window of the run of alarms that lasts until now."""
    began: datetime | None = None
    for length in range(len(evidence), 0, -1):
        if not _judge(evidence[:length])[0].alarming:
            break
        began = next(window.start for window in evidence[max(0, length - OF) : length] if window.level.alarming)
    return began
