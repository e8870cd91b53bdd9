"""How a verdict looks on every page of a report: a word, a shape and a colour."""

from collections.abc import Sequence
from typing import NamedTuple

from modelward.rules.finding import ColumnFinding
from modelward.rules.verdict import Verdict


class Look(NamedTuple):
    """`slug` names the colour and the shape; `word` is for the whole, `of_column` for one column."""

    slug: str
    word: str
    of_column: str
    sign: str


LOOKS = {
    Verdict.DRIFTED: Look("drifted", "Drifted", "Drifted", "●"),
    Verdict.WARNING: Look("warning", "Warning", "Moderate", "▲"),
    Verdict.OK: Look("healthy", "No drift", "No drift", "✓"),
    Verdict.TOO_FEW: Look("too-few", "Too few rows", "Too few rows", "○"),
}
ORDER = list(LOOKS)


def look_of(verdict: Verdict, *, columns: int) -> Look:
    """The look of a whole report; where no column was compared, the rows are not what was too few."""
    look = LOOKS[verdict]
    return look if columns else look._replace(word="Nothing to compare")


def gravest_first(findings: Sequence[ColumnFinding]) -> list[ColumnFinding]:
    """The columns by verdict, within it by effect; a change of the schema, which has no figure, comes first."""
    return sorted(findings, key=lambda finding: (ORDER.index(finding.verdict), -finding.statistics.get("psi", 1e9)))
