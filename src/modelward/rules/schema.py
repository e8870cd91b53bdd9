"""What is said of columns that cannot be compared: on one side only, of different kinds, or with too few rows."""

from dataclasses import replace

import numpy as np

from modelward.rules import phrases
from modelward.rules.describe import describe
from modelward.rules.finding import ColumnFinding
from modelward.rules.verdict import Verdict
from modelward.stats import CategoricalSummary, NumericSummary, Summary
from modelward.stats.samples import values_in, without_values

_TRUTHS = {"true", "false"}


def kind_of(summary: Summary) -> str:
    """The word for what a column holds."""
    return "numeric" if isinstance(summary, NumericSummary) else "categorical"


def alike(reference: Summary, current: Summary) -> tuple[Summary, Summary] | None:
    """The two as one kind, or None when one holds numbers and the other text.

    A side without any value has no kind of its own, and truth values are numbers beside a column of 0 and 1.
    """
    if kind_of(reference) == kind_of(current):
        return reference, current
    for_reference, for_current = _as_kind_of(reference, current), _as_kind_of(current, reference)
    if for_reference is not None:
        return for_reference, current
    return None if for_current is None else (reference, for_current)


def _as_kind_of(summary: Summary, other: Summary) -> Summary | None:
    if not values_in(summary):
        return without_values(summary, like=other)
    if isinstance(summary, CategoricalSummary) and isinstance(other, NumericSummary):
        return _truths(summary) if set(summary.categories) <= _TRUTHS and _zero_or_one(other) else None
    return None


def _zero_or_one(summary: NumericSummary) -> bool:
    return summary.exact and set(summary.values.tolist()) <= {0.0, 1.0}


def _truths(summary: CategoricalSummary) -> NumericSummary:
    numbers = [float(name == "true") for name in summary.categories]
    return NumericSummary.of(np.repeat(numbers, summary.counts), missing=summary.missing, invalid=summary.invalid)


def without_missing(summary: Summary) -> Summary:
    """A column whose missing values have not come yet: only what is there counts as a row."""
    return replace(summary, missing=0)


def one_sided(column: str, reference: Summary | None, current: Summary | None, *, is_label: bool) -> ColumnFinding:
    """A column that one table has and the other has not."""
    name = phrases.shortened(column)
    if is_label:
        reason = f"`{name}` is on one side only: labels that have not come yet are no drift"
        return _finding(column, reference, current, Verdict.TOO_FEW, reason)
    if current is None:
        reason = f"`{name}` is gone: the current data lacks it (if it is an outcome that comes later, name it as label)"
        return _finding(column, reference, current, Verdict.DRIFTED, reason)
    reason = f"`{name}` is new: the current data has it and the reference has not"
    return _finding(column, reference, current, Verdict.WARNING, reason)


def other_kind(column: str, reference: Summary, current: Summary) -> ColumnFinding:
    """A column of numbers on one side and of text on the other."""
    held, holds = _content(reference), _content(current)
    reason = f"`{phrases.shortened(column)}` held {held} in the reference and holds {holds} in the current data"
    return _finding(column, reference, current, Verdict.DRIFTED, reason)


def too_few(column: str, reference: Summary, current: Summary, minimum: int) -> ColumnFinding:
    """A column with too few rows on one side to say anything."""
    side, rows = min(
        (("the reference", reference.rows), ("the current data", current.rows)), key=lambda entry: entry[1]
    )
    rows_said = f"{rows:,} row" + ("" if rows == 1 else "s")
    reason = f"`{phrases.shortened(column)}` has {rows_said} in {side}; a verdict needs {minimum:,} on each side"
    return _finding(column, reference, current, Verdict.TOO_FEW, reason, method="too_few")


def _content(summary: Summary) -> str:
    if isinstance(summary, NumericSummary):
        return "numbers"
    return f"text such as {phrases.quoted(summary.categories[:1])}"


def _finding(
    column: str,
    reference: Summary | None,
    current: Summary | None,
    verdict: Verdict,
    reason: str,
    *,
    method: str = "schema",
) -> ColumnFinding:
    sides = [side for side in (reference, current) if side is not None]
    return ColumnFinding(
        column=column,
        kind=kind_of(sides[0]),
        verdict=verdict,
        method=method,
        statistic=None,
        threshold=None,
        p_value=None,
        p_adjusted=None,
        n_reference=reference.rows if reference else 0,
        n_current=current.rows if current else 0,
        reason=reason,
        summary_reference=describe(reference) if reference else {},
        summary_current=describe(current) if current else {},
    )
