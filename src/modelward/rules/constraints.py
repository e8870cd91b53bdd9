"""What a column must be: suggested from the reference, put in force by people, checked on the summary of a window.

A constraint is a rule that somebody made, so that a violation is a fact and needs no test: one row beyond the tolerated
share is enough.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from modelward.rules import phrases
from modelward.rules.quality import outside
from modelward.rules.quality_finding import Check, QualityFinding, QualityVerdict
from modelward.stats import CategoricalSummary, NumericSummary, Profile, Summary
from modelward.stats.intervals import wilson

SLACK = 0.1
"""A suggested range is so much of the reference's range wider at each end."""
MOST_CATEGORIES = 50
"""A column of more categories is no list."""
LEAST_ROWS = 200
"""A reference of fewer rows suggests nothing: what it lacks may come tomorrow."""
RARE = 0.001
"""A list is suggested where the next value is new with no more than this chance (Good 1953)."""
_UNIQUE = 0.99

Kind = Literal["numeric", "text"]
Severity = Literal["error", "warning"]
_KINDS: Mapping[str, type[Summary]] = {"numeric": NumericSummary, "text": CategoricalSummary}


@dataclass(frozen=True)
class Constraint:
    """What one column must be; what is None or False is not asked.

    `kind`: no value is of another type. `required`: none is missing. `minimum` and `maximum` are allowed themselves.
    `allowed` are all categories. `unique_share` of the values must differ from all others. `tolerance` is the share of
    rows that may violate each of these. A violated one with the severity `error` is a failure, otherwise a warning.

    Raises:
        ValueError: it cannot be meant, in a sentence.
    """

    column: str
    kind: Kind | None = None
    required: bool = False
    minimum: float | None = None
    maximum: float | None = None
    non_negative: bool = False
    allowed: tuple[str, ...] | None = None
    unique_share: float | None = None
    tolerance: float = 0.0
    severity: Severity = "error"

    def __post_init__(self) -> None:
        for problem in _problems(self):
            raise ValueError(f"the constraint of {self.column!r} cannot be used: {problem}")

    def to_dict(self) -> dict[str, Any]:
        """The constraint as JSON."""
        return {**asdict(self), "allowed": None if self.allowed is None else list(self.allowed)}

    @classmethod
    def from_dict(cls, wire: Mapping[str, Any]) -> "Constraint":
        """The constraint from its JSON."""
        known = {entry.name for entry in fields(cls)}
        allowed = wire.get("allowed")
        named = {name: value for name, value in wire.items() if name in known}
        return cls(**{**named, "allowed": None if allowed is None else tuple(allowed)})


def _problems(asked: Constraint) -> Iterator[str]:
    limits = [limit for limit in (asked.minimum, asked.maximum) if limit is not None]
    numeric = bool(limits) or asked.non_negative
    if not all(math.isfinite(limit) for limit in limits):
        yield "a limit must be a number"
    if len(limits) == 2 and limits[0] > limits[1]:
        yield "minimum is above maximum"
    if asked.allowed is not None and not asked.allowed:
        yield "allowed is empty, so that nothing would be; leave it out to allow everything"
    if asked.allowed is not None and (numeric or asked.kind == "numeric"):
        yield "allowed is a list of categories, and this column is asked to hold numbers"
    if numeric and asked.kind == "text":
        yield "text has no minimum and no maximum"
    if asked.unique_share is not None and not 0 < asked.unique_share <= 1:
        yield "unique_share lies above 0 and up to 1"
    if not 0 <= asked.tolerance < 1:
        yield "tolerance is a share of the rows, from 0 up to but without 1"


def unheld(asked: Constraint, kind: Kind) -> str:
    """Why a constraint can say nothing of a column that holds this kind; nothing where it can."""
    if asked.kind is not None:
        return ""  # Whatever is of another kind violates it.
    if kind == "text" and (asked.minimum is not None or asked.maximum is not None or asked.non_negative):
        return "it holds text, which has no minimum and no maximum; give allowed, or ask for the kind numeric"
    if kind == "numeric" and asked.allowed is not None:
        return (
            "it holds numbers, and allowed is a list of categories; give minimum and maximum, or ask for the kind text"
        )
    return ""


def suggest(reference: Profile, columns: Iterable[str] | None = None) -> list[Constraint]:
    """What the reference suggests of each of its columns; nothing where it has too few rows."""
    wanted = reference.columns.keys() if columns is None else columns
    if reference.rows < LEAST_ROWS:
        return []
    every = {name: reference.columns[name] for name in wanted if name in reference.columns}
    return [_suggested(name, summary) for name, summary in every.items() if summary.count >= LEAST_ROWS]


def _suggested(column: str, summary: Summary) -> Constraint:
    required = summary.missing == 0
    unique = _UNIQUE if _unique_share(summary) == 1.0 and not _whole_range(summary) else None
    if isinstance(summary, CategoricalSummary):
        allowed = tuple(sorted(summary.categories)) if _is_list(summary) else None
        return Constraint(column, "text", required, allowed=allowed, unique_share=unique)
    slack = SLACK * (summary.maximum - summary.minimum)
    positive = summary.minimum >= 0
    low = max(0.0, summary.minimum - slack) if positive else summary.minimum - slack
    high = summary.maximum + slack
    if not (math.isfinite(low) and math.isfinite(high)) or summary.numbers > summary.count:
        return Constraint(column, "numeric", required, non_negative=positive)
    return Constraint(column, "numeric", required, low, high, positive, unique_share=unique)


def _is_list(summary: CategoricalSummary) -> bool:
    few = summary.exact and len(summary.categories) <= MOST_CATEGORIES
    return few and summary.singletons / summary.count <= RARE


def _whole_range(summary: Summary) -> bool:
    """Whether a column measures: fractions differ from each other without being a name of anything."""
    return isinstance(summary, NumericSummary) and bool((summary.values % 1 != 0).any())


def _unique_share(summary: Summary) -> float | None:
    """The share of values that differ; None where the summary does not know it exactly."""
    if not summary.exact or not summary.count:
        return None
    size = len(summary.categories) if isinstance(summary, CategoricalSummary) else summary.values.size
    return size / summary.count


@dataclass(frozen=True)
class _Violation:
    rule: str
    count: int
    what: str


def violations(constraints: Sequence[Constraint], current: Profile) -> list[QualityFinding]:
    """A finding for each rule that more rows of a window violate than are tolerated."""
    found: list[QualityFinding] = []
    if not current.rows:
        return found
    for asked in constraints:
        summary = current.columns.get(asked.column)
        broken = [_absent(current.rows)] if summary is None and asked.required else []
        broken += list(_broken(asked, summary)) if summary is not None else []
        rows = current.rows if summary is None else max(summary.rows, 1)
        found += [_finding(asked, entry, rows) for entry in broken if entry.count > asked.tolerance * rows]
    return found


def _absent(rows: int) -> _Violation:
    return _Violation("required", rows, "no event has it")


def _broken(asked: Constraint, summary: Summary) -> Iterator[_Violation]:
    if asked.required:
        yield _Violation("required", summary.missing, f"{summary.missing:,} values are missing")
    if asked.kind is not None:
        other = summary.count if summary.count and not isinstance(summary, _KINDS[asked.kind]) else 0
        count = summary.invalid + other
        yield _Violation("kind", count, f"{count:,} values are not {_ASKED[asked.kind]}")
    if isinstance(summary, NumericSummary):
        yield from _out_of_limits(asked, summary)
    elif asked.allowed is not None:
        yield _not_allowed(asked.allowed, summary)
    unique = _unique_share(summary)
    if asked.unique_share is not None and unique is not None and unique < asked.unique_share:
        repeated = round((1 - unique) * summary.count)
        yield _Violation("unique_share", repeated, f"{repeated:,} values repeat another one")


_ASKED = {"numeric": "numbers", "text": "text"}


def _out_of_limits(asked: Constraint, summary: NumericSummary) -> Iterator[_Violation]:
    low = -math.inf if asked.minimum is None else asked.minimum
    high = math.inf if asked.maximum is None else asked.maximum
    above, below = outside(summary, low, high)
    _, negative = outside(summary, 0.0, math.inf)
    least = -math.inf if summary.negative_infinities else summary.minimum
    most = math.inf if summary.positive_infinities else summary.maximum
    lowest, highest = phrases.number(least), phrases.number(most)
    if asked.minimum is not None:
        yield _Violation("minimum", below, f"{below:,} values are below {asked.minimum:,g}; the lowest is {lowest}")
    if asked.maximum is not None:
        yield _Violation("maximum", above, f"{above:,} values are above {asked.maximum:,g}; the highest is {highest}")
    if asked.non_negative and (asked.minimum is None or asked.minimum < 0):
        yield _Violation("non_negative", negative, f"{negative:,} values are negative; the lowest is {lowest}")


def _not_allowed(allowed: Sequence[str], summary: CategoricalSummary) -> _Violation:
    known = set(allowed)
    strange = [
        (name, times)
        for name, times in zip(summary.categories, summary.counts.tolist(), strict=True)
        if name not in known
    ]
    # Names that the summary did not keep are more than any list here has, unless the list itself is as long.
    count = sum(times for _, times in strange) + (summary.other if len(known) < len(summary.categories) else 0)
    named = phrases.quoted([name for name, _ in strange])
    return _Violation("allowed", count, f"{count:,} values are not on the list of allowed ones: {named}")


def _finding(asked: Constraint, broken: _Violation, rows: int) -> QualityFinding:
    low, high = wilson(min(broken.count, rows), rows)
    tolerated = f" ({phrases.share(asked.tolerance)} of the rows may)" if asked.tolerance else ""
    return QualityFinding(
        check=Check.CONSTRAINT,
        column=asked.column,
        verdict=QualityVerdict.FAILED if asked.severity == "error" else QualityVerdict.WARNING,
        reason=f"`{phrases.shortened(asked.column)}`: {broken.what}{tolerated}",
        count=broken.count,
        rows=rows,
        share=broken.count / rows,
        low=low,
        high=high,
        expected=0.0,
        threshold=asked.tolerance,
        p_value=0.0,
        rule=broken.rule,
    )
