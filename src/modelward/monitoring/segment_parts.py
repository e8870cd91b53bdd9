"""What is kept of one part of the rows: its profile and its joint summaries, small enough to be kept for every value.

The sketches of a part hold at most 512 values, or 128 equally full groups, and 200 categories: a quarter of what the
whole keeps. Rows in the hundreds are kept exactly.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from modelward.monitoring.columns import scanned
from modelward.monitoring.joint_outcome import Summary, merged, summaries_of
from modelward.monitoring.joint_plan import OUTCOME, Plan
from modelward.monitoring.payload import EMPTY, merge_profiles
from modelward.monitoring.profiling import ProfiledColumn, profile_of
from modelward.monitoring.segment_plan import LONGEST_NAME, DividedBy
from modelward.report.segment_rows import rows_by_segment
from modelward.rules.segments import OTHER, value_name
from modelward.stats import (
    BinaryScores,
    CategoricalSummary,
    GroupOutcomes,
    NumericSummary,
    Outcome,
    Profile,
    Residuals,
)

CAP, GROUPS, CATEGORIES = 512, 128, 200
_JOINT = ("prediction", "score", "label_number", "label_text", "labelled_at")

Key = tuple[str, str]
"""A segment's name and a value of it."""


@dataclass(frozen=True, eq=False)
class Part:
    """The rows of one value."""

    profile: Profile
    joint: Mapping[str, Summary]

    @property
    def outcome(self) -> Outcome | None:
        """Predictions and labels together; None where nothing is known of them."""
        found = self.joint.get(OUTCOME)
        return found if isinstance(found, Outcome) else None


NOTHING = Part(EMPTY, {})


def columns_scanned(columns: Sequence[ProfiledColumn], by: Iterable[DividedBy], plan: Plan) -> list[str]:
    """What to ask the event store for, so that rows can be divided and summarised."""
    joint = [*_JOINT, *(one.source for one in plan.protected), *(source for _, source in plan.probabilities)]
    return list(dict.fromkeys([*scanned(columns), *joint, *(one.source for one in by)]))


def divided(
    table: pa.Table, by: Iterable[DividedBy], columns: Sequence[ProfiledColumn], plan: Plan
) -> Iterator[tuple[Key, Part]]:
    """Every part of these rows."""
    for one in by:
        for value, places in rows_by_segment(table.column(one.source), one.cut):
            rows = table.take(pa.array(places))
            yield (one.name, value), Part(profile_of(rows, columns), summaries_of(rows, plan))


def unknown_values(table: pa.Table, one: DividedBy) -> list[str]:
    """Values that have no part of their own though there is room for them, as many as there is room for."""
    if not one.room:
        return []
    known = {*(one.cut.values or ()), OTHER}
    names = (value_name(value) for value in pc.unique(table.column(one.source).drop_null()).to_pylist())
    new = sorted({name for name in names if len(name) <= LONGEST_NAME} - known - {"nan"})
    return new[: one.room]


def together(parts: Iterable[Part]) -> Part:
    """Parts as one, each summary in one merge."""
    every = list(parts)
    if len(every) == 1:
        return every[0]
    joint: dict[str, list[Summary]] = {}
    for part in every:
        for name, summary in part.joint.items():
            joint.setdefault(name, []).append(summary)
    profile = merge_profiles(part.profile for part in every)
    return Part(profile, {name: merged(some) for name, some in joint.items()})


def compacted(part: Part) -> Part:
    """The part as it is kept: what is small stays exact."""
    columns = {name: _compact_column(summary) for name, summary in part.profile.columns.items()}
    joint = {name: _compact_outcome(some) if isinstance(some, Outcome) else some for name, some in part.joint.items()}
    return Part(Profile(part.profile.rows, columns), joint)


def packed_joint(joint: Mapping[str, Summary]) -> bytes:
    """Joint summaries as bytes: a line of JSON with their names and lengths, then their own bytes."""
    bodies = [summary.to_bytes() for summary in joint.values()]
    head = json.dumps([[name, len(body)] for name, body in zip(joint, bodies, strict=True)])
    return head.encode() + b"\n" + b"".join(bodies)


def unpacked_joint(payload: bytes) -> dict[str, Summary]:
    """The summaries of `packed_joint`."""
    head, _, rest = payload.partition(b"\n")
    found: dict[str, Summary] = {}
    for name, size in json.loads(head):
        found[name] = Outcome.from_bytes(rest[:size]) if name == OUTCOME else GroupOutcomes.from_bytes(rest[:size])
        rest = rest[size:]
    return found


def _compact_column(summary: NumericSummary | CategoricalSummary) -> NumericSummary | CategoricalSummary:
    if isinstance(summary, NumericSummary):
        return _compact(summary)
    few = len(summary.categories) <= CATEGORIES
    return summary if few else CategoricalSummary.merge([summary], cap=CATEGORIES)


def _compact(summary: NumericSummary) -> NumericSummary:
    return summary if summary.values.size <= CAP else NumericSummary.merge([summary], cap=CAP, groups=GROUPS)


def _compact_outcome(outcome: Outcome) -> Outcome:
    scores, residuals, sides = outcome.scores, outcome.residuals, outcome.unlabelled
    return replace(
        outcome,
        delays=_compact(outcome.delays),
        scores=None if scores is None else BinaryScores.merge([scores], cap=CAP, groups=GROUPS),
        unlabelled=None if sides is None else (_compact(sides[0]), _compact(sides[1])),
        residuals=None if residuals is None else Residuals.merge([residuals], cap=CAP, groups=GROUPS),
    )
