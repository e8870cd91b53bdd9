"""The segments of a column in two tables: their rows are read a second time, and divided."""

from collections.abc import Collection, Mapping
from dataclasses import fields, replace
from typing import Any

from modelward.errors import Invalid
from modelward.report.dated_segments import Dated
from modelward.report.judged_outcomes import Judged
from modelward.report.judged_segments import JudgedSegments
from modelward.report.outcomes import Outcomes
from modelward.report.parts import Part, read_parts
from modelward.report.segment_outcomes import Known, fairness_by_segment, performances_of
from modelward.rules.finding import Comparison
from modelward.rules.monitor import Monitor
from modelward.rules.segment_ranking import ranked_by_loss
from modelward.rules.segments import MOST_SEGMENTS, Cut, Segments, compare_segments, cut_of
from modelward.stats import Profile

Parts = Mapping[str, Part]


def segments_of(
    column: str,
    reference: Any,
    current: Any,
    *,
    profiles: tuple[Profile, Profile],
    whole: Comparison,
    judged: Judged,
    monitor: Monitor,
    skip: Collection[str],
    dated: Dated | None = None,
) -> JudgedSegments:
    """The verdicts on every segment of a column; both tables are read a second time, in batches where they are large.

    `judged` is what was found out about the outcomes of all rows; where it is nothing, drift alone is judged.
    With `dated` each segment must also lie farther off than the reference's own windows of it do.

    Raises:
        Invalid: the column cannot be divided by, or a table cannot be read twice.
        ValueError: a named test does not fit its column.
    """
    cut = _cut(column, profiles, monitor)
    plan = judged.plan.within(column) if judged.plan else None
    before, now = (read_parts(table, cut, skip=skip, plan=plan) for table in (reference, current))
    own = dated.calibrations(cut, {*before, *now}, monitor, skip) if dated else None
    found = compare_segments(column, _profiles(before), _profiles(now), whole, monitor, calibrations=own)
    sides = {name: (before[name].profile, now[name].profile) for name in found.comparisons}
    divided = JudgedSegments(**_fields(found), profiles=sides)
    if plan is None or judged.known is None:
        return divided
    known = judged.known if plan.label else None
    return _with_outcomes(divided, _outcomes(before), _outcomes(now), known, monitor)


def _with_outcomes(
    divided: JudgedSegments,
    before: Mapping[str, Outcomes],
    now: Mapping[str, Outcomes],
    known: Known | None,
    monitor: Monitor,
) -> JudgedSegments:
    """With the verdicts on fairness, and on performance where outcomes were asked for."""
    fairness = fairness_by_segment(before, now, monitor)
    if known is None:
        return replace(divided, fairness=fairness)
    return replace(
        divided,
        performance=performances_of(before, now, known, monitor),
        fairness=fairness,
        ranking=ranked_by_loss({name: one.outcome for name, one in now.items()}, known.task),
    )


def _cut(column: str, profiles: tuple[Profile, Profile], monitor: Monitor) -> Cut:
    reference, current = (side.columns.get(column) for side in profiles)
    if reference is None or current is None:
        raise Invalid(
            f"the rows cannot be divided by {column!r}: it must be in both tables, and hold numbers or categories"
        )
    return cut_of(column, reference, current, monitor.segment_edges.get(column), most=MOST_SEGMENTS)


def _profiles(parts: Parts) -> dict[str, Profile]:
    return {name: part.profile for name, part in parts.items()}


def _outcomes(parts: Parts) -> dict[str, Outcomes]:
    return {name: part.outcomes for name, part in parts.items() if part.outcomes is not None}


def _fields(found: Segments) -> dict[str, Any]:
    return {one.name: getattr(found, one.name) for one in fields(Segments)}
