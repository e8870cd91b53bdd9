"""The rows of a table by segment: of each its profile, and what its predictions and outcomes amount to."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from modelward.report.again import read_again
from modelward.report.columns import arrow_of
from modelward.report.frames import read_frame
from modelward.report.merging import Merging
from modelward.report.outcome_plan import Plan
from modelward.report.outcomes import Outcomes, outcomes_in
from modelward.report.segment_rows import rows_by_segment
from modelward.rules.segments import Cut
from modelward.stats import NumericSummary, Profile

if TYPE_CHECKING:
    import narwhals as nw

KEPT = 2**17
"""So many different scores of one segment are kept as they are, so that 22 segments take no more than three wholes."""
_ROOM = 3 * KEPT
"""So many values of batches of one segment wait to be merged, those of its columns among them."""


@dataclass(frozen=True, eq=False)
class Part:
    """The rows of one segment; `outcomes` is None where predictions were not asked for."""

    profile: Profile
    outcomes: Outcomes | None = None

    @property
    def size(self) -> int:
        """How many values are kept one by one."""
        columns = self.profile.columns.values()
        numbers = sum(one.values.size if isinstance(one, NumericSummary) else len(one.categories) for one in columns)
        return numbers + (self.outcomes.size if self.outcomes else 0)

    @classmethod
    def merge(cls, parts: Iterable["Part"]) -> "Part":
        """All of them as one."""
        every = list(parts)
        if len(every) == 1:
            return every[0]
        outcomes = [part.outcomes for part in every if part.outcomes is not None]
        return cls(
            Profile.merge(part.profile for part in every), Outcomes.merge(outcomes, kept=KEPT) if outcomes else None
        )


def read_parts(data: Any, cut: Cut, *, skip: Collection[str], plan: Plan | None) -> dict[str, Part]:
    """Each segment that has rows. All rows are read, in batches where there are many; none is left out of a figure.

    Raises:
        Invalid: the table cannot be read twice, or a score or the outcome of a regression is no number.
    """
    return read_again(data, partial(_divided, cut=cut, skip=skip, plan=plan))


def _divided(
    frames: "Iterable[nw.DataFrame[Any]]", *, cut: Cut, skip: Collection[str], plan: Plan | None
) -> dict[str, Part]:
    merging: dict[str, Merging[Part]] = {}
    for frame in frames:
        for name, rows in rows_by_segment(arrow_of(frame.get_column(cut.column)), cut):
            merging.setdefault(name, Merging(Part.merge, lambda part: part.size, _ROOM)).add(
                _part(frame[rows], skip, plan)
            )
    return {name: parts.whole() for name, parts in merging.items()}


def _part(frame: "nw.DataFrame[Any]", skip: Collection[str], plan: Plan | None) -> Part:
    outcomes = None if plan is None else outcomes_in(frame, plan, kept=KEPT)
    return Part(read_frame(frame, skip).profile, outcomes)
