"""The level that a rule gives a reading: as the measuring room judged it, or by the rule's own limit."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Final

from modelward.rules import phrases
from modelward.rules.alert_readings import Reading, Series
from modelward.rules.alert_rules import AlertKind, AlertRule, Condition
from modelward.rules.verdict import Verdict

OPEN_FACTOR: Final = 2.0
"""The strong level of a latency: an open window speaks up when it is so many times beyond the limit."""


def levelled(rule: AlertRule, series: Series) -> Series:
    """The series with the level that this rule gives each reading."""
    give = _GIVERS.get(rule.kind)
    if give is None:
        return series
    return replace(series, readings=[give(rule.condition, series, reading) for reading in series.readings])


def _by_latency(asked: Condition, _series: Series, reading: Reading) -> Reading:
    limit = asked.limit or 0.0
    if reading.value is None:
        return replace(reading, level=Verdict.TOO_FEW)
    beyond = reading.value > limit * (1.0 if reading.closed else OPEN_FACTOR)
    percentile = f"the {asked.percentile}th percentile of the latency is {phrases.number(reading.value)} ms"
    # A percentile beyond a limit is a fact: nothing is to be weighed against chance.
    said = f"{percentile}, {'above' if beyond else 'within'} {phrases.number(limit)} ms"
    return replace(reading, level=_level(beyond), reason=said, p_value=0.0)


def _by_performance(asked: Condition, series: Series, reading: Reading) -> Reading:
    if asked.limit is None and asked.fall is None:
        return reading
    limit = _limit(asked, series, reading)
    if reading.value is None or limit is None:
        return replace(reading, level=Verdict.TOO_FEW)
    sign = 1.0 if series.higher_is_worse else -1.0
    beyond = sign * reading.value > sign * limit
    whole = beyond and (reading.best is None or sign * reading.best > sign * limit)
    word = "above" if (reading.value > limit) else "below"
    said = f"{series.title} {reading.value:.4g} is {word} {limit:.4g}"
    if reading.usual is not None:
        said += f" (the standard is {reading.usual:.4g})"
    level = Verdict.DRIFTED if whole else Verdict.WARNING if beyond else Verdict.OK
    return replace(reading, level=level, reason=said, p_value=None)


def _limit(asked: Condition, series: Series, reading: Reading) -> float | None:
    """What the rule asks for: a value, or a fall of the standard that the window was held against."""
    if asked.limit is not None:
        return asked.limit
    if reading.usual is None or asked.fall is None:
        return None
    sign = 1.0 if series.higher_is_worse else -1.0
    return reading.usual * (1 + sign * asked.fall)


def _by_fairness(asked: Condition, series: Series, reading: Reading) -> Reading:
    if asked.limit is None:
        return reading
    if reading.value is None:
        return replace(reading, level=Verdict.TOO_FEW)
    # As with the four fifths: unfair only where the whole interval is, and two windows of three must say so.
    below = (reading.best if reading.best is not None else reading.value) < asked.limit
    said = f"the fairness score of {series.title} is {reading.value:.3g}; the limit is {asked.limit:g}"
    return replace(reading, level=Verdict.WARNING if below else Verdict.OK, reason=said, p_value=None)


def _by_risk(asked: Condition, _series: Series, reading: Reading) -> Reading:
    if reading.value is None:
        return replace(reading, level=Verdict.TOO_FEW)
    limit, reason = asked.limit or 0.0, reading.reason or f"the risk is {reading.value:.3g}"
    return replace(reading, level=_level(reading.value >= limit), reason=f"{reason}; the limit is {limit:g}")


def _by_status(asked: Condition, _series: Series, reading: Reading) -> Reading:
    counts = reading.level is Verdict.DRIFTED or (asked.status == "AT_RISK" and reading.level.alarming)
    return replace(reading, level=reading.level if counts else Verdict.OK)


def _by_silence(asked: Condition, _series: Series, reading: Reading) -> Reading:
    """`value` is the silence in seconds, `usual` the longest gap, and `best` the least silence that counts."""
    if reading.value is None:
        return replace(reading, level=Verdict.OK)
    gap = reading.usual or 0.0
    limit = max(asked.gaps * gap, reading.best or 0.0)
    silence, least, longest = (phrases.lasting(timedelta(seconds=span)) for span in (reading.value, limit, gap))
    said = f"no event has arrived for {silence}; the limit is {least}, the longest gap before was {longest}"
    return replace(reading, level=_level(reading.value > limit), reason=said)


def _level(beyond: bool) -> Verdict:
    return Verdict.DRIFTED if beyond else Verdict.OK


_GIVERS: Final[Mapping[AlertKind, Callable[[Condition, Series, Reading], Reading]]] = {
    AlertKind.LATENCY: _by_latency,
    AlertKind.PERFORMANCE: _by_performance,
    AlertKind.ESTIMATED_PERFORMANCE: _by_performance,
    AlertKind.FAIRNESS: _by_fairness,
    AlertKind.RISK: _by_risk,
    AlertKind.GOVERNANCE_STATUS: _by_status,
    AlertKind.SILENCE: _by_silence,
}
