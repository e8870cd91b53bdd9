"""What a rule makes of readings: each unbroken time in which it fires. The one that lasts is the alert of now.

Live state and preview are the same function, so that "it would have fired 3 times" is what it would have done.

Law: what windows say becomes an alarm by rules/alarm.py alone: one closed window at the strong level, or 2 of the last
3 at the moderate one; an open window only at the strong level. What is a state rather than a window (silence, risk, a
status, a spike of costs, the monitor itself) fires as long as its newest reading is beyond the limit.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from modelward.rules.alarm import OF, WindowLevel, column_alarm, raises_while_open
from modelward.rules.alert_levels import levelled
from modelward.rules.alert_readings import Reading, Series
from modelward.rules.alert_rules import AlertKind, AlertRule, Severity
from modelward.rules.verdict import Verdict

_STATES = {AlertKind.SILENCE, AlertKind.RISK, AlertKind.GOVERNANCE_STATUS, AlertKind.COST, AlertKind.MONITOR}


@dataclass(frozen=True)
class Episode:
    """One unbroken time in which a rule fires for one subject.

    `since` is when what it tells of began, `fired_at` when it could first be known, and `until` when it was over (None:
    it lasts). `newest` is the start of the newest window that speaks for it, and `newest_end` its end.
    """

    subject: str
    title: str
    severity: Severity
    since: datetime
    fired_at: datetime
    until: datetime | None
    sentence: str
    newest: datetime
    newest_end: datetime


def episodes(rule: AlertRule, history: Sequence[Series]) -> list[Episode]:
    """Every time that the rule fires in this history, oldest first."""
    if rule.condition.share is not None:
        return list(_walk(rule, _share_of_columns(rule, history), as_state=True))
    chosen = [series for series in history if _meant(rule, series.subject)]
    found = [
        episode for series in chosen for episode in _walk(rule, levelled(rule, series), as_state=rule.kind in _STATES)
    ]
    return sorted(found, key=lambda episode: (episode.fired_at, episode.subject))


def firing(rule: AlertRule, history: Sequence[Series]) -> list[Episode]:
    """Those that last until now."""
    return [episode for episode in episodes(rule, history) if episode.until is None]


def fired_between(rule: AlertRule, history: Sequence[Series], *, start: datetime, end: datetime) -> list[Episode]:
    """Those that began to fire in a span: what a preview shows."""
    return [episode for episode in episodes(rule, history) if start <= episode.fired_at <= end]


def _meant(rule: AlertRule, subject: str) -> bool:
    named = rule.condition.columns
    return not named or subject in named or any(subject.startswith(f"{column}|") for column in named)


@dataclass(frozen=True)
class _Step:
    """What is known once one window has been looked at."""

    reading: Reading
    level: Verdict
    since: datetime
    reason: str


def _walk(rule: AlertRule, series: Series, *, as_state: bool) -> Iterator[Episode]:
    steps = _as_state(series) if as_state else _by_the_law(series)
    least = Verdict.DRIFTED if rule.condition.at_least == "strong" else Verdict.WARNING
    run: list[_Step] = []
    for step in steps:
        if step.level is Verdict.DRIFTED or (step.level is least):
            run.append(step)
        elif run:
            yield _episode(rule, series, run, until=_known_at(step.reading))
            run = []
    if run:
        yield _episode(rule, series, run, until=None)


def _as_state(series: Series) -> Iterator[_Step]:
    for reading in series.readings:
        if reading.level is not Verdict.TOO_FEW:
            yield _Step(reading, reading.level, reading.start, reading.reason)


def _by_the_law(series: Series) -> Iterator[_Step]:
    """The alarm after each window, by the newest windows that are evidence."""
    recent: list[WindowLevel] = []
    for reading in series.readings:
        window = WindowLevel(reading.start, reading.level, reading.p_value, reading.reason)
        if not reading.closed:
            if raises_while_open(window):
                alarm = column_alarm(recent, window)
                yield _Step(reading, alarm.level, alarm.since or reading.start, alarm.reason)
            continue
        if reading.level is Verdict.TOO_FEW:
            continue
        recent = [*recent, window][-OF:]
        if any(earlier.level.alarming for earlier in recent):
            alarm = column_alarm(recent)
            yield _Step(reading, alarm.level, alarm.since or reading.start, alarm.reason)
        else:
            yield _Step(reading, Verdict.OK, reading.start, "")


def _episode(rule: AlertRule, series: Series, run: Sequence[_Step], *, until: datetime | None) -> Episode:
    first, last = run[0], run[-1]
    speaking = next((step for step in reversed(run) if step.reading.level.alarming), last)
    worst = max(run, key=lambda step: step.level is Verdict.DRIFTED) if until else last
    grave = Severity.CRITICAL if worst.level is Verdict.DRIFTED else Severity.WARNING
    return Episode(
        subject=series.subject,
        title=series.title or series.subject,
        severity=rule.severity or grave,
        since=first.since,
        fired_at=_known_at(first.reading),
        until=until,
        sentence=_said(series, worst.reason),
        newest=speaking.reading.start,
        newest_end=speaking.reading.end,
    )


def _known_at(reading: Reading) -> datetime:
    """When the reading could be had: at the end of its window, or while that is open, at once."""
    return reading.end if reading.closed else reading.start


def _said(series: Series, reason: str) -> str:
    """The reason, with the name of what it speaks of where it does not begin with it."""
    if not series.title or series.title in reason or reason.startswith("`"):
        return reason
    return f"`{series.title}`: {reason}"


def _share_of_columns(rule: AlertRule, history: Sequence[Series]) -> Series:
    """At each window, the share of the columns that are in alarm by the law; those without evidence do not count."""
    least = {Verdict.DRIFTED} if rule.condition.at_least == "strong" else {Verdict.DRIFTED, Verdict.WARNING}
    alarmed: dict[datetime, list[str]] = {}
    judged: dict[datetime, int] = {}
    readings: dict[datetime, Reading] = {}
    for series in history:
        if not _meant(rule, series.subject):
            continue
        for step in _up_to_now(series):
            start = step.reading.start
            readings.setdefault(start, step.reading)
            judged[start] = judged.get(start, 0) + 1
            alarmed.setdefault(start, []).extend([series.title or series.subject] if step.level in least else [])
    return Series("", [_shared(rule, readings[start], alarmed[start], judged[start]) for start in sorted(readings)])


def _up_to_now(series: Series) -> list[_Step]:
    """The alarm after each window. In an open one that does not raise it, what the closed ones said goes on."""
    steps = list(_by_the_law(series))
    newest = series.readings[-1] if series.readings else None
    if newest and not newest.closed and steps and steps[-1].reading is not newest:
        steps.append(replace(steps[-1], reading=newest))
    return steps


def _shared(rule: AlertRule, reading: Reading, alarmed: Sequence[str], judged: int) -> Reading:
    share, limit = len(alarmed) / judged, rule.condition.share or 0.0
    named = ", ".join(f"`{column}`" for column in alarmed[:4]) + (" …" if len(alarmed) > 4 else "")
    said = f"{len(alarmed):,} of {judged:,} columns ({share:.0%}) are in alarm; the limit is {limit:.0%}: {named}"
    level = Verdict.DRIFTED if share >= limit else Verdict.OK
    return replace(reading, level=level, reason=said, value=share)
