"""What a comparison rested on: both profiles, their names, the configuration, and when it was made."""

from dataclasses import dataclass, field
from datetime import datetime

from modelward.report.bars import BARS, MOST_CATEGORIES, Bars, bars
from modelward.rules.monitor import Monitor
from modelward.stats import Profile


@dataclass(frozen=True, eq=False)
class Evidence:
    """Everything that a report needs to be drawn. Nothing of it is in the JSON, so that equal data gives equal JSON."""

    reference: Profile
    current: Profile
    monitor: Monitor = field(default_factory=Monitor)
    names: tuple[str, str] = ("reference", "current")
    compared_at: datetime | None = None

    def bars(self, column: str, *, cells: int = BARS, categories: int = MOST_CATEGORIES) -> Bars | None:
        """The distributions of a column as a chart draws them; None for one that is in neither profile."""
        sides = self.reference.columns.get(column), self.current.columns.get(column)
        return None if sides == (None, None) else bars(*sides, cells=cells, categories=categories)
