"""What is said of the quality of one window: a finding for each check of each column, and the whole."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from modelward.rules.finding import plain


class Check(StrEnum):
    """What was looked at."""

    MISSING = "missing"
    INVALID = "invalid_type"
    NEW_CATEGORY = "new_category"
    OUT_OF_RANGE = "out_of_range"
    CONSTANT = "constant"
    SCHEMA = "schema_change"
    DUPLICATES = "duplicates"
    VOLUME = "volume"
    FRESHNESS = "freshness"
    CONSTRAINT = "constraint"


class QualityVerdict(StrEnum):
    """What is said of one check, one window or the model. `TOO_FEW` is not a mild `OK`: nothing can be said."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    TOO_FEW = "too_few"

    @property
    def alarming(self) -> bool:
        """Whether somebody may want to look."""
        return self in {self.WARNING, self.FAILED}


@dataclass(frozen=True)
class QualityFinding:
    """One check of one column (None: of the whole window), with what is needed to trust it.

    `count` of `rows` are concerned; `share` is their share, `low` and `high` its interval at 95 % (Wilson), or, for the
    volume, the rows that were expected. `expected` is the share in the reference, or the usual rows. `rule` names the
    constraint that was violated.
    """

    check: Check
    column: str | None
    verdict: QualityVerdict
    reason: str
    count: int
    rows: int
    share: float | None = None
    low: float | None = None
    high: float | None = None
    expected: float | None = None
    threshold: float | None = None
    p_value: float | None = None
    p_adjusted: float | None = None
    rule: str | None = None

    @property
    def statistical(self) -> bool:
        """Whether it was weighed against chance, for which a window needs enough rows."""
        facts = {Check.CONSTRAINT, Check.VOLUME, Check.DUPLICATES, Check.FRESHNESS, Check.SCHEMA}
        return self.check not in facts

    @property
    def key(self) -> str:
        """What one finding shares with that of another window."""
        return "|".join([self.check.value, self.column or "", self.rule or ""])

    def to_dict(self) -> dict[str, Any]:
        """The finding as JSON."""
        fields = ("reason", "count", "rows", "share", "low", "high", "expected", "threshold", "p_value", "p_adjusted")
        found = {name: getattr(self, name) for name in fields}
        head = {"check": self.check.value, "column": self.column, "rule": self.rule, "verdict": self.verdict.value}
        wire: dict[str, Any] = plain({**head, **found})
        return wire

    @classmethod
    def from_dict(cls, wire: Mapping[str, Any]) -> "QualityFinding":
        """A finding that was stored as JSON."""
        return cls(**{**wire, "check": Check(wire["check"]), "verdict": QualityVerdict(wire["verdict"])})


@dataclass(frozen=True)
class Quality:
    """The quality of one window: the worst of its checks, and the sentence that says it.

    `too_few`: whether the window or the reference had too few rows for what is weighed against chance.
    """

    verdict: QualityVerdict
    reason: str
    rows: int
    too_few: bool
    findings: tuple[QualityFinding, ...] = field(default=())

    @property
    def alarming(self) -> tuple[QualityFinding, ...]:
        """What somebody may want to look at, the gravest first."""
        found = (finding for finding in self.findings if finding.verdict.alarming)
        return tuple(sorted(found, key=_gravity))

    def to_dict(self, *, most: int | None = None) -> dict[str, Any]:
        """The quality as JSON, with the findings that alarm; `most` leaves the others out, and says how many."""
        alarming = self.alarming
        return {
            "verdict": self.verdict.value,
            "reason": self.reason,
            "rows": self.rows,
            "too_few": self.too_few,
            "findings": [finding.to_dict() for finding in alarming[:most]],
            "more": max(0, len(alarming) - most) if most is not None else 0,
        }


def whole(findings: Iterable[QualityFinding], *, rows: int, too_few: str) -> Quality:
    """What the findings amount to; `too_few` is the sentence that says why nothing was weighed, empty where it was."""
    every = tuple(findings)
    grave = sorted((finding for finding in every if finding.verdict.alarming), key=_gravity)
    if not grave:
        verdict = QualityVerdict.TOO_FEW if too_few else QualityVerdict.OK
        return Quality(verdict, too_few or "nothing is wrong with the data", rows, bool(too_few), every)
    more = len(grave) - 1
    reason = grave[0].reason + (f"; {more:,} other finding{'s' if more > 1 else ''}" if more else "")
    return Quality(grave[0].verdict, reason, rows, bool(too_few), every)


def _gravity(finding: QualityFinding) -> tuple[bool, bool, float, str]:
    changed = abs((finding.share or 0.0) - (finding.expected or 0.0)) if finding.column else 1.0
    failed = finding.verdict is QualityVerdict.FAILED
    return not failed, finding.check is not Check.SCHEMA, -changed, finding.key
