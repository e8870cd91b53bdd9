"""What may have caused a change of a column: asked as a question, and only where the figures have the form of it.

A guess never decides anything. Each states the evidence by which a person can dismiss it.
"""

from collections.abc import Callable, Iterator

import numpy as np

from modelward.rules import phrases
from modelward.rules.describe import missing_rate
from modelward.rules.guess_categories import Guess, category_guesses
from modelward.rules.guess_scale import scale_guesses
from modelward.stats import CategoricalSummary, NumericSummary, Summary
from modelward.stats.arrays import F64

_RISE = 0.05  # A value that holds so much more of the rows than before is news.
_DEFAULTS = frozenset({0.0, *(sign * value for value in (1, 99, 999, 9999, 99999, 999999) for sign in (-1, 1))})
_BEYOND = 0.01  # A border is one where the reference had at least so large a share of its values beyond it.
_HOURS = 24


@np.errstate(over="ignore", invalid="ignore", divide="ignore")  # What no float holds has no form to be asked about.
def guess(reference: Summary, current: Summary) -> Guess | None:
    """The first cause, from the most particular to the most general, whose form the evidence has; None for none."""
    found: Iterator[Guess]
    if isinstance(reference, NumericSummary) and isinstance(current, NumericSummary):
        found = _number_guesses(reference, current)
    elif isinstance(reference, CategoricalSummary) and isinstance(current, CategoricalSummary):
        found = category_guesses(reference, current)
    else:
        return None
    return next(found, None) or _gone_missing(reference, current)


def _number_guesses(reference: NumericSummary, current: NumericSummary) -> Iterator[Guess]:
    if not reference.count or not current.count:
        return
    forms: tuple[Callable[[NumericSummary, NumericSummary], Guess | None], ...] = (
        _constant,
        _default_value,
        _clock,
        _clipped,
    )
    yield from (found for form in forms if (found := form(reference, current)))
    yield from scale_guesses(reference, current)


def _constant(reference: NumericSummary, current: NumericSummary) -> Guess | None:
    if current.minimum != current.maximum or reference.minimum == reference.maximum:
        return None
    value = phrases.number(current.minimum)
    return Guess("constant", "a value that is no longer filled in", f"all {current.count:,} values are {value}")


def _default_value(reference: NumericSummary, current: NumericSummary) -> Guess | None:
    """A single value that came to hold many rows, where the other values are spread."""
    values = current.values[_alone(current)]
    if not values.size or reference.values.size <= 2 or current.values.size <= 2:
        return None
    before, now = _shares(reference, values), _shares(current, values)
    most = int(np.argmax(now - before))
    ends = current.minimum, current.maximum
    value = float(values[most])
    expected = value in _DEFAULTS or (value in ends and not reference.minimum <= value <= reference.maximum)
    if now[most] - before[most] < _RISE or not expected:
        return None
    evidence = f"{phrases.number(value)} in {phrases.share(now[most])} of its values"
    evidence += f", before in {phrases.share(before[most])}"
    fewer = missing_rate(reference) - missing_rate(current)
    if abs(fewer - (now[most] - before[most])) < 0.2 * (now[most] - before[most]):
        evidence += f", and {phrases.number(100 * fewer)} points fewer are missing"
        return Guess("default", "a default written where values were missing", evidence)
    return Guess("default", "a default written in place of values", evidence)


def _clock(reference: NumericSummary, current: NumericSummary) -> Guess | None:
    """Hours of the day that are turned by a whole number of hours."""
    before, now = _by_hour(reference), _by_hour(current)
    if before is None or now is None:
        return None
    turns = [float(np.abs(np.roll(before, turn) - now).sum()) / 2 for turn in range(_HOURS)]
    best = int(np.argmin(turns))
    if best == 0 or turns[best] > 0.3 * turns[0] or turns[0] < 0.05:
        return None
    hours = best if best <= _HOURS // 2 else best - _HOURS
    evidence = (
        f"the hours of the reference moved by {hours:+d} explain all but {phrases.share(turns[best])} of the rows"
    )
    return Guess("time_zone", "another time zone", evidence)


def _by_hour(summary: NumericSummary) -> F64 | None:
    values = summary.values
    hourly = summary.exact and values.size > 6 and summary.minimum >= 0 and summary.maximum <= _HOURS - 1
    if not hourly or (values != np.floor(values)).any():
        return None
    shares = np.zeros(_HOURS)
    shares[values.astype(np.int64)] = summary.weights / summary.count
    return shares


def _clipped(reference: NumericSummary, current: NumericSummary) -> Guess | None:
    """Values that end at a border beyond which the reference had some."""
    at_top = float(_shares(current, np.array([current.maximum]))[0])
    at_bottom = float(_shares(current, np.array([current.minimum]))[0])
    sides = (
        ("above", current.maximum, 1 - float(reference.cdf(current.maximum)), at_top),
        ("below", current.minimum, float(reference.cdf_below(current.minimum)), at_bottom),
    )
    for side, border, beyond, at_border in sides:
        if beyond < _BEYOND or beyond * current.count < 10 or not _same_within(reference, current, border, side):
            continue
        said = f"no value is {side} {phrases.number(border)}, before {phrases.share(beyond)} were"
        if 0.5 * beyond <= at_border <= 2 * beyond + 0.02:
            return Guess("clipped", "values cut off at a border", f"{said}; {phrases.share(at_border)} now lie on it")
        if at_border < 0.5 * beyond:
            return Guess("truncated", "rows beyond a border left out", said)
    return None


def _same_within(reference: NumericSummary, current: NumericSummary, border: float, side: str) -> bool:
    """Whether the values on this side of the border are spread as before: what moved as a whole was not cut off."""
    levels = np.linspace(0.1, 0.9, 9)
    beyond = 1 - float(reference.cdf(border)) if side == "above" else float(reference.cdf_below(border))
    if beyond > 0.5:
        return False
    inside = levels * (1 - beyond) if side == "above" else beyond + levels * (1 - beyond)
    before = reference.quantile(inside)
    spread = float(np.mean(np.abs(before - before[4])))
    kept = (current.quantile(at) for at in (inside, levels))  # Cut values stay as ties, or are gone.
    return spread > 0 and any(float(np.mean(np.abs(now - before))) < 0.2 * spread for now in kept)


def _gone_missing(reference: Summary, current: Summary) -> Guess | None:
    before, now = missing_rate(reference), missing_rate(current)
    if now - before < _RISE:
        return None
    if now == 1:
        return Guess("missing", "a source that went away", "not one value is there")
    shares = f"missing in {phrases.share(now)} of rows, before in {phrases.share(before)}"
    return Guess("missing", "a source that fails at times", shares)


def _alone(summary: NumericSummary) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which entries of the sketch are one value each, rather than a group of neighbours."""
    return np.ones(summary.values.size, dtype=bool) if summary.exact else summary.atoms


def _shares(summary: NumericSummary, values: F64) -> F64:
    """The share of each value, 0 where it is not kept by itself."""
    if not summary.values.size:
        return np.zeros(values.size)
    index = np.minimum(summary.values.searchsorted(values), summary.values.size - 1)
    held = (summary.values[index] == values) & _alone(summary)[index]
    return np.where(held, summary.weights[index], 0.0) / max(summary.count, 1)


__all__ = ["Guess", "guess"]
