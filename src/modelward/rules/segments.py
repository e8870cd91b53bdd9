"""Segments: how a column divides the rows, what each part says, and which parts carry the drift of the whole."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from modelward.rules import phrases
from modelward.rules.comparison import compare_family
from modelward.rules.finding import Comparison
from modelward.rules.monitor import Monitor
from modelward.rules.segment_calibration import PartCalibration
from modelward.rules.verdict import Verdict, worst
from modelward.rules.why import drift_of
from modelward.stats import NumericSummary, Profile, Summary

MOST_VALUES = 50
"""So many values have a segment of their own; the rest of them are one together."""
MOST_SEGMENTS = 20
"""Of a column that all rows are divided by, so many values are judged by themselves, beside all others and the missing:
each has summaries of every column, and each is one more look."""
FEW_VALUES = 10
"""A numeric column of no more values than this has a segment for each of them."""
OTHER, MISSING = "(other)", "(missing)"


@dataclass(frozen=True)
class Cut:
    """How a column makes segments: at edges, each band holding its upper one, or by its values.

    `values` are the names that have a segment of their own; None where all have.
    """

    column: str
    edges: tuple[float, ...] | None = None
    values: tuple[str, ...] | None = None

    @property
    def bands(self) -> list[str]:
        """What the bands between the edges are called."""
        shown = [f"{edge:g}" for edge in self.edges or ()]
        if not shown:
            return []
        return [f"up to {shown[0]}", *(f"{low} to {high}" for low, high in pairwise(shown)), f"above {shown[-1]}"]


def cut_of(
    column: str,
    reference: Summary,
    current: Summary | None,
    edges: Sequence[float] | None = None,
    *,
    most: int = MOST_VALUES,
) -> Cut:
    """How a column makes segments: at the edges given, else at the reference's quartiles if it holds many numbers;
    else by value, of which the `most` frequent on both sides together are kept.
    """
    if edges:
        return Cut(column, tuple(map(float, edges)))
    if isinstance(reference, NumericSummary):
        if not reference.exact or reference.values.size > FEW_VALUES:
            return Cut(column, tuple(sorted({float(edge) for edge in reference.quantile([0.25, 0.5, 0.75])})))
        return Cut(column, None, tuple(value_name(value) for value in reference.values.tolist()))
    tally = dict(zip(reference.categories, reference.counts.tolist(), strict=True))
    if current is not None and not isinstance(current, NumericSummary):
        for name, count in zip(current.categories, current.counts.tolist(), strict=True):
            tally[name] = tally.get(name, 0) + count
    return Cut(column, None, tuple(sorted(tally, key=lambda name: (-tally[name], name))[:most]))


def value_name(value: object) -> str:
    """A value as the name of its segment: 1.0 and 1 are one, and so are True and `true`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)


@dataclass(frozen=True)
class Carried:
    """Where the drift of one column is found: the segments in which it alarms, with their share of what moved."""

    column: str
    segments: Mapping[str, float]
    clause: str


@dataclass(frozen=True)
class Segments:
    """The verdict on each segment of a column, those that are too small by name, and which of them carry the drift."""

    column: str
    comparisons: Mapping[str, Comparison]
    left_out: Mapping[str, str]
    carried: tuple[Carried, ...]
    yardsticks: Mapping[str, str] = field(default_factory=dict)
    """By which windows of the reference each was calibrated, in words; nothing where the reference has none."""

    @property
    def verdict(self) -> Verdict:
        """The gravest verdict of any segment."""
        return worst(comparison.verdict for comparison in self.comparisons.values())

    @property
    def drifted(self) -> tuple[str, ...]:
        """The segments that drifted."""
        return tuple(name for name, comparison in self.comparisons.items() if comparison.drifted)

    def to_dict(self) -> dict[str, Any]:
        """The segments as JSON holds them."""
        segments = [{"segment": name, **entry.to_dict()} for name, entry in self.comparisons.items()]
        carried = [
            {"column": entry.column, "segments": dict(entry.segments), "clause": entry.clause} for entry in self.carried
        ]
        return {
            "column": self.column,
            "verdict": self.verdict.value,
            "segments": segments,
            "carried": carried,
            "left_out": dict(self.left_out),
            "yardsticks": dict(self.yardsticks),
        }


def compare_segments(
    column: str,
    reference: Mapping[str, Profile],
    current: Mapping[str, Profile],
    whole: Comparison,
    monitor: Monitor,
    *,
    calibrations: Mapping[str, PartCalibration] | None = None,
) -> Segments:
    """Hold every segment against the same one of the reference, chance being judged over all of them together.

    A segment that has fewer than `minimum_rows` on either side is left out, and named. With `calibrations` each must
    also lie farther off than the reference's own windows do.
    """
    found = compare_every({column: (reference, current)}, monitor, {column: calibrations or {}})[column]
    alarming = [finding.column for finding in whole.findings if finding.column != column]
    return replace(found, carried=tuple(_carried(name, column, found) for name in alarming))


def compare_every(
    divided: Mapping[str, tuple[Mapping[str, Profile], Mapping[str, Profile]]],
    monitor: Monitor,
    calibrations: Mapping[str, Mapping[str, PartCalibration]] | None = None,
) -> dict[str, Segments]:
    """Hold every segment of several columns against the same one of the reference (given first), as one family: chance
    is judged over all columns of all segments together. What the drift of the whole is carried by is left out. A named
    test that does not fit its column in a segment gives way to the rule there.

    `calibrations` are by column and value what else a segment must pass; its reason then says which that was.
    """
    small: dict[str, dict[str, str]] = {}
    pairs: dict[tuple[str, str], tuple[Profile, Profile]] = {}
    for column, (reference, current) in divided.items():
        names = [*reference, *(name for name in current if name not in reference)]
        reasons = {name: _too_small(reference.get(name), current.get(name), monitor.minimum_rows) for name in names}
        small[column] = {name: reason for name, reason in reasons.items() if reason}
        for name in names:
            if not reasons[name]:
                pairs[column, name] = (_without(reference[name], column), _without(current[name], column))
    known = {key: found for key in pairs if (found := (calibrations or {}).get(key[0], {}).get(key[1]))}
    held = {key: found.calibration for key, found in known.items() if found.calibration is not None}
    compared = compare_family(pairs, monitor, held)
    return {
        column: Segments(
            column,
            {name: _told(found, known.get((by, name))) for (by, name), found in compared.items() if by == column},
            left_out,
            (),
            {name: found.said for (by, name), found in known.items() if by == column},
        )
        for column, left_out in small.items()
    }


def _told(comparison: Comparison, part: PartCalibration | None) -> Comparison:
    if part is None:
        return comparison
    return replace(comparison, reason=f"{comparison.reason} {part.said}")


def _too_small(reference: Profile | None, current: Profile | None, minimum: int) -> str:
    before, now = (side.rows if side else 0 for side in (reference, current))
    if min(before, now) >= minimum:
        return ""
    return f"too few rows: {now:,} against {before:,} of the reference, and {minimum:,} are needed on each side"


def _without(profile: Profile, column: str) -> Profile:
    return Profile(profile.rows, {name: kept for name, kept in profile.columns.items() if name != column})


def _carried(column: str, by: str, judged: Segments) -> Carried:
    moved: dict[str, float] = {}
    for name, comparison in judged.comparisons.items():
        found = next((entry for entry in comparison.columns if entry.column == column), None)
        if found is not None and found.verdict.alarming:
            moved[name] = drift_of(found) * comparison.rows_current
    total = sum(moved.values()) or 1.0
    shares = {name: part / total for name, part in sorted(moved.items(), key=lambda pair: -pair[1])}
    clause = clause_of(list(shares), by, len(judged.comparisons), unjudged=len(judged.left_out))
    return Carried(column, shares, clause)


def clause_of(drifting: Sequence[str], by: str, judged: int, *, unjudged: int = 0) -> str:
    """Where a column drifted, as the end of a sentence; `unjudged` segments had too few rows to say."""
    column = f"`{phrases.shortened(by)}`"
    if judged == 0:
        return f"in which segments of {column} cannot be said, for want of rows"
    if not drifting and judged == 1:
        return f"not in the one segment of {column} that can be judged"
    if not drifting:
        return f"in none of the {judged:,} segments of {column} alone, so that their mix changed"
    if len(drifting) == judged:
        all_of_them = {1: "the one segment", 2: "both segments"}.get(judged, f"all {judged:,} segments")
        has = "has" if judged == 1 else "have"
        return f"in {all_of_them} of {column}" + (f" that {has} enough rows" if unjudged else "")
    return f"only where {column} is {phrases.quoted(drifting)}"
