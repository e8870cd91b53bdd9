"""How the rows of a model are divided by its declared segments, and what that makes of the summaries' recipe.

A categorical segment keeps its most frequent values, at most 20; the others are `(other)` together. A value that comes
later takes a place while there is one. Edges stay what they were when the reference came.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy.orm import Session

from modelward.monitoring.columns import PREDICTION, SPECIAL
from modelward.monitoring.joint import Watched
from modelward.monitoring.joint_plan import Plan
from modelward.monitoring.profiling import ProfiledColumn
from modelward.monitoring.segment_tables import SegmentState
from modelward.monitoring.window_profiles import profile_of_seconds
from modelward.rules.segments import MOST_SEGMENTS, Cut, cut_of

LONGEST_NAME = 200
"""A value with a longer name is among the others."""
_FORMAT = 1


@dataclass(frozen=True)
class DividedBy:
    """One declared segment: the column's name, where its values stand, and how they make parts."""

    name: str
    source: str
    cut: Cut

    @property
    def room(self) -> int:
        """How many values may still get a part of their own."""
        return 0 if self.cut.values is None else max(0, MOST_SEGMENTS - len(self.cut.values))

    def widened(self, values: Sequence[str]) -> "DividedBy":
        """With these values too."""
        known = self.cut.values or ()
        return replace(self, cut=replace(self.cut, values=(*known, *values)))

    def to_dict(self) -> dict[str, Any]:
        """As its row holds it."""
        return {"name": self.name, "source": self.source, **asdict(self.cut)}

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "DividedBy":
        """From the row that holds it."""
        edges, values = (None if stored[name] is None else tuple(stored[name]) for name in ("edges", "values"))
        return cls(stored["name"], stored["source"], Cut(stored["column"], edges, values))


@dataclass(frozen=True)
class SegmentPlan:
    """How rows become the summaries of segments."""

    by: tuple[DividedBy, ...]
    joint: Plan

    @property
    def recipe(self) -> str:
        """The plan as a short text. Values are not part of it: one that is added is taken out of `(other)` alone."""
        cuts = [(one.name, one.source, one.cut.edges) for one in self.by]
        return _digest([_FORMAT, MOST_SEGMENTS, cuts, self.joint.recipe])


def plan_of_segments(session: Session, watched: Watched, state: SegmentState | None) -> SegmentPlan:
    """How this model's rows are divided now; values that have a part keep it."""
    known = {one.name: one for one in cuts_in(state)}
    columns = {column.sent_as: column for column in watched.subject.columns if dividing(column)}
    chosen = [columns[name] for name in watched.subject.monitor.segments if name in columns]
    found = [_divided_by(session, watched, column, known.get(column.sent_as)) for column in chosen]
    return SegmentPlan(tuple(one for one in found if one is not None), watched.plan)


def cuts_in(state: SegmentState | None) -> tuple[DividedBy, ...]:
    """The cuts that hold."""
    return tuple(map(DividedBy.of, state.cuts)) if state else ()


def dividing(column: ProfiledColumn) -> bool:
    """Whether rows can be divided by a column: a feature, or the prediction."""
    return column.key not in SPECIAL or column.key == PREDICTION


def _divided_by(
    session: Session, watched: Watched, column: ProfiledColumn, known: DividedBy | None
) -> DividedBy | None:
    edges = watched.subject.monitor.segment_edges.get(column.sent_as)
    reference = watched.subject.reference
    expected = reference.profile.columns.get(column.key) if reference else None
    if known is not None and known.source == column.source and known.cut.values is not None and not edges:
        return known
    now = None
    if not (edges or (column.kind == "numeric" and expected is not None and expected.count)):
        now = _ever(session, watched, column.key)
    first = expected if expected is not None and expected.count else now
    if first is None and not edges:
        return None
    cut = Cut(column.key, tuple(map(float, edges))) if edges else cut_of(column.key, first, now, most=MOST_SEGMENTS)  # type: ignore[arg-type]
    return DividedBy(column.sent_as, column.source, cut if cut.values is None else _named_shortly(cut))


def _ever(session: Session, watched: Watched, key: str) -> Any:
    """The column over all the time that is known."""
    every = profile_of_seconds(session, model_id=watched.model_id, start=0, end=2**40, columns=[key])
    found = every.columns.get(key)
    return found if found is not None and found.count else None


def _named_shortly(cut: Cut) -> Cut:
    return replace(cut, values=tuple(name for name in cut.values or () if len(name) <= LONGEST_NAME))


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:16]
