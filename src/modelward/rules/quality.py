"""The quality of a window's data, held against the reference: what is missing, wrong, new, beyond, or stuck.

As everywhere, a finding needs an effect that matters and that chance does not explain: one p-value for each check of
each column, Benjamini–Hochberg over all of them at the monitor's `q`. What counts in so many points is the change
against the reference: a column that was always half empty is no finding. A change of five times the size that matters
is a failure, a smaller one a warning.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from modelward.rules import phrases
from modelward.rules.monitor import Monitor
from modelward.rules.quality_finding import Check, Quality, QualityFinding, QualityVerdict, whole
from modelward.rules.schema import alike
from modelward.rules.unseen import clumped_p_value
from modelward.stats import (
    CategoricalSummary,
    NumericSummary,
    Profile,
    Summary,
    benjamini_hochberg,
    missing_rate_test,
    new_categories,
)
from modelward.stats.intervals import wilson

FAILS_AT = 5
"""An effect of so many times the size that matters is a failure rather than a warning."""


@dataclass(frozen=True)
class Look:
    """A check that was measured and waits for its adjusted p-value. `effect` counts from `threshold` on."""

    check: Check
    column: str
    count: int
    rows: int
    expected: float
    effect: float
    threshold: float
    p_value: float
    what: str
    fails: bool = False


def judge_quality(
    reference: Profile | None, current: Profile, monitor: Monitor, *, others: Iterable[QualityFinding] = ()
) -> Quality:
    """The quality of a window against the reference.

    Args:
        reference: What the data looked like when all was well; None while there is none.
        current: The window, with the columns that are to be judged.
        monitor: The sizes that matter, and the smallest sample.
        others: What needs no reference: volume, duplicates, violated constraints.
    """
    reason = _too_few(reference, current, monitor.minimum_rows)
    findings = list(others)
    if reference is not None and not reason:
        findings += _schema_changes(reference, current)
        findings += judged(looks(reference, current, monitor), monitor.q)
    return whole(findings, rows=current.rows, too_few=reason)


def _too_few(reference: Profile | None, current: Profile, minimum: int) -> str:
    if reference is None:
        return "there is no reference yet to hold the data against"
    for side, rows in (("the window", current.rows), ("the reference", reference.rows)):
        if rows < minimum:
            return f"{side} has {rows:,} row{'' if rows == 1 else 's'}; {minimum:,} are needed to judge its quality"
    return ""


def judged(measured: Iterable[Look], q: float) -> list[QualityFinding]:
    """The verdict on each look, chance being judged over all of them."""
    every = list(measured)
    adjusted = benjamini_hochberg([look.p_value for look in every], q).p_values.tolist()
    return [_finding(look, p, q) for look, p in zip(every, adjusted, strict=True)]


def _finding(look: Look, p_adjusted: float, q: float) -> QualityFinding:
    matters = look.effect >= look.threshold
    verdict = QualityVerdict.OK
    if matters and p_adjusted <= q:
        strong = look.fails or look.effect >= FAILS_AT * look.threshold
        verdict = QualityVerdict.FAILED if strong else QualityVerdict.WARNING
    chance = f", but chance may explain it ({phrases.chance(p_adjusted, q)})" if matters and p_adjusted > q else ""
    low, high = wilson(look.count, look.rows)
    return QualityFinding(
        check=look.check,
        column=look.column,
        verdict=verdict,
        reason=f"`{phrases.shortened(look.column)}`: {look.what}{chance}",
        count=look.count,
        rows=look.rows,
        share=look.count / look.rows if look.rows else None,
        low=low,
        high=high,
        expected=look.expected,
        threshold=look.threshold,
        p_value=look.p_value,
        p_adjusted=p_adjusted,
    )


def _schema_changes(reference: Profile, current: Profile) -> Iterator[QualityFinding]:
    for column in (*reference.columns, *(name for name in current.columns if name not in reference.columns)):
        before, now = reference.columns.get(column), current.columns.get(column)
        name = f"`{phrases.shortened(column)}`"
        if now is None and before is not None and before.count:
            yield _changed(column, current.rows, f"{name} is gone: no event has it", fails=True)
        elif before is None and now is not None and now.count:
            yield _changed(column, now.count, f"{name} is new: the reference does not have it", fails=False)
        elif before is not None and now is not None and alike(before, now) is None:
            held = "numbers" if isinstance(before, NumericSummary) else "text"
            yield _changed(column, now.count, f"{name} held {held} in the reference and does not now", fails=True)


def _changed(column: str, count: int, reason: str, *, fails: bool) -> QualityFinding:
    verdict = QualityVerdict.FAILED if fails else QualityVerdict.WARNING
    return QualityFinding(Check.SCHEMA, column, verdict, reason, count, count, share=1.0, p_value=0.0)


def looks(reference: Profile, current: Profile, monitor: Monitor) -> Iterator[Look]:
    """Every check of every column that both sides have."""
    for column, before in reference.columns.items():
        now = current.columns.get(column)
        pair = alike(before, now) if now is not None else None
        if pair is not None and min(side.rows for side in pair):
            yield from _of_column(column, *pair, monitor)


def _of_column(column: str, before: Summary, now: Summary, monitor: Monitor) -> Iterator[Look]:
    size = monitor.missing_shift
    yield _rate(Check.MISSING, column, before, now, size)
    yield _rate(Check.INVALID, column, _swapped(before), _swapped(now), size)
    if not (before.count and now.count):
        return
    if isinstance(before, NumericSummary) and isinstance(now, NumericSummary):
        yield _beyond(column, before, now, monitor.out_of_range_share)
    elif isinstance(before, CategoricalSummary) and isinstance(now, CategoricalSummary):
        yield _unseen(column, before, now, monitor.new_category_share)
    if (stuck := _stuck(column, before, now, monitor)) is not None:
        yield stuck


def _swapped(summary: Summary) -> Summary:
    """The column with its values of a wrong type in the place of the missing ones, so that one test serves both."""
    made: Summary = NumericSummary.empty(missing=summary.invalid, invalid=summary.rows - summary.invalid)
    return made


def _rate(check: Check, column: str, before: Summary, now: Summary, size: float) -> Look:
    test = missing_rate_test(before, now)
    kind = "missing" if check is Check.MISSING else "of a wrong type"
    was, share = phrases.share(test.reference_rate), phrases.share(test.current_rate)
    what = f"{share} of its values are {kind} ({was} in the reference)"
    fails = test.current_rate == 1.0 and test.reference_rate < 1.0
    effect = abs(test.statistic)
    return Look(check, column, now.missing, now.rows, test.reference_rate, effect, size, test.p_value, what, fails)


def _beyond(column: str, before: NumericSummary, now: NumericSummary, size: float) -> Look:
    above, below = outside(now, before.minimum, before.maximum)
    count = above + below
    # The chance that the K largest of all n + m rows are all among the m current ones (Wilks 1941), for either end.
    p_value = min(1.0, 2 * min(_all_on_one_side(k, before.count, now.numbers) for k in (above, below)))
    ends = [
        *([f"{above:,} above {phrases.number(before.maximum)}"] if above else []),
        *([f"{below:,} below {phrases.number(before.minimum)}"] if below else []),
    ]
    what = f"{' and '.join(ends)}, where the reference ends" if ends else "all values are within the reference's range"
    if count:
        reach = now.maximum if above else now.minimum
        what += f"; the farthest is {phrases.number(reach)}"
    share = count / now.numbers
    return Look(Check.OUT_OF_RANGE, column, count, now.numbers, 0.0, share, size, p_value, what)


def outside(summary: NumericSummary, low: float, high: float) -> tuple[int, int]:
    """How many numbers are above `high` and how many below `low`; whether there is any is exact, how many within the
    summary's bound.
    """
    above = round(summary.numbers * float(1 - summary.cdf(high))) if summary.numbers else 0
    below = round(summary.numbers * float(summary.cdf_below(low))) if summary.numbers else 0
    some_above = summary.maximum > high or (summary.positive_infinities > 0 and high < math.inf)
    some_below = summary.minimum < low or (summary.negative_infinities > 0 and low > -math.inf)
    return max(above, 1) if some_above else 0, max(below, 1) if some_below else 0


def _all_on_one_side(k: int, n: int, m: int) -> float:
    """C(m, k) / C(n + m, k), by logarithms of factorials."""
    if not k:
        return 1.0
    ways = (math.lgamma(m + 1) - math.lgamma(m - k + 1)) - (math.lgamma(n + m + 1) - math.lgamma(n + m - k + 1))
    return min(1.0, math.exp(ways))


def _unseen(column: str, before: CategoricalSummary, now: CategoricalSummary, size: float) -> Look:
    test = new_categories(before, now)
    p_value = max(test.p_value, clumped_p_value(before, now))
    count = round(test.statistic * now.count)
    named = f", such as {phrases.quoted(test.names)}" if test.names else ""
    what = f"{phrases.share(test.statistic)} of its values were never seen in the reference{named}"
    said = what if count else "all values were seen in the reference"
    return Look(Check.NEW_CATEGORY, column, count, now.count, test.expected, test.statistic, size, p_value, said)


def _stuck(column: str, before: Summary, now: Summary, monitor: Monitor) -> Look | None:
    """A column that holds one value, or nearly, and did not; None where it was as stuck before."""
    (value, heaviest), (_, usual) = _heaviest(now), _heaviest(before)
    if not heaviest:
        return None
    test = missing_rate_test(*(_others(side, top) for side, top in ((before, usual), (now, heaviest))))
    share = heaviest / now.count
    effect = -test.statistic if share >= monitor.constant_share else 0.0
    much = "every value" if heaviest == now.count else f"{phrases.share(share)} of the values"
    what = f"{much} is {value} ({phrases.share(usual / before.count)} at most had one value in the reference)"
    said = what if effect > 0 else "it varies, or is as constant as the reference"
    fails = heaviest == now.count
    size = monitor.missing_shift
    expected = usual / before.count
    return Look(Check.CONSTANT, column, heaviest, now.count, expected, effect, size, test.p_value, said, fails)


def _heaviest(summary: Summary) -> tuple[str, int]:
    """The value with the most rows, as a sentence names it, and its rows."""
    if isinstance(summary, CategoricalSummary):
        if not summary.counts.size:
            return "", 0
        return phrases.quoted(summary.categories[:1]), int(summary.counts[0])
    weights = summary.weights * summary.atoms
    if not weights.size:
        return "", 0
    at = int(weights.argmax())
    return phrases.number(float(summary.values[at])), round(float(weights[at]))


def _others(summary: Summary, heaviest: int) -> Summary:
    """The rows that hold another value than the heaviest one, as if they were missing."""
    return NumericSummary.empty(missing=summary.count - heaviest, invalid=heaviest)
