"""What a comparison says: one finding a column, and the whole, as values and as JSON."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from modelward.rules.verdict import Verdict


@dataclass(frozen=True)
class ColumnFinding:
    """The verdict on one column, with everything that is needed to trust it.

    `method`, `statistic` and `threshold` are what decided: the statistic reached the threshold or it did not. `p_value`
    is of the column alone, `p_adjusted` after Benjamini–Hochberg over all columns. `reason` is a sentence for people.
    """

    column: str
    kind: str
    verdict: Verdict
    method: str
    statistic: float | None
    threshold: float | None
    p_value: float | None
    p_adjusted: float | None
    n_reference: int
    n_current: int
    reason: str
    statistics: Mapping[str, float] = field(default_factory=dict)
    new_categories: tuple[str, ...] = ()
    summary_reference: Mapping[str, Any] = field(default_factory=dict)
    summary_current: Mapping[str, Any] = field(default_factory=dict)

    @property
    def drifted(self) -> bool:
        return self.verdict is Verdict.DRIFTED

    @property
    def strong(self) -> bool:
        """The strong level of one window, which alone is enough for an alarm."""
        return self.drifted

    def to_dict(self) -> dict[str, Any]:
        """The finding as JSON: what is not a number there is null."""
        return {
            "column": self.column,
            "kind": self.kind,
            "verdict": self.verdict.value,
            "drifted": self.drifted,
            "method": self.method,
            "statistic": number(self.statistic),
            "threshold": number(self.threshold),
            "p_value": number(self.p_value),
            "p_adjusted": number(self.p_adjusted),
            "n_reference": self.n_reference,
            "n_current": self.n_current,
            "statistics": plain(self.statistics),
            "new_categories": list(self.new_categories),
            "reason": self.reason,
            "reference": plain(self.summary_reference),
            "current": plain(self.summary_current),
        }


@dataclass(frozen=True)
class Comparison:
    """The verdict on two tables: the worst of their columns, and the sentence that says it."""

    verdict: Verdict
    columns: tuple[ColumnFinding, ...]
    rows_reference: int
    rows_current: int
    reason: str

    @property
    def drifted(self) -> bool:
        return self.verdict is Verdict.DRIFTED

    @property
    def findings(self) -> tuple[ColumnFinding, ...]:
        """The columns that somebody may want to look at, the gravest first."""
        alarming = (finding for finding in self.columns if finding.verdict.alarming)
        return tuple(sorted(alarming, key=_gravity))

    def to_dict(self) -> dict[str, Any]:
        """The comparison as JSON."""
        return {
            "drifted": self.drifted,
            "verdict": self.verdict.value,
            "reason": self.reason,
            "rows_reference": self.rows_reference,
            "rows_current": self.rows_current,
            "columns": [finding.to_dict() for finding in self.columns],
        }


def _gravity(finding: ColumnFinding) -> tuple[bool, float]:
    # A change of the schema comes first within its verdict: no statistic would be large enough to place it.
    size = math.inf if finding.method == "schema" else finding.statistics.get("psi", 0.0)
    return not finding.drifted, -size


def plain(value: Any) -> Any:
    """A nested value with every number that JSON cannot hold as None."""
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return number(value) if isinstance(value, float) else value


def number(value: float | None) -> float | None:
    """A number that JSON can hold, or None."""
    return float(value) if value is not None and math.isfinite(value) else None
