"""Why a verdict is what it is: the columns that changed, ranked by drift × importance, each told in a sentence.

Drift is the total variation between the two sides: the share of rows that lie elsewhere than before, which is at most
1 for every kind of column. Importances are taken as shares of their sum; a column of which none is known counts as the
average of those known, so that without any all count alike.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any

from modelward.rules import phrases
from modelward.rules.finding import ColumnFinding, Comparison
from modelward.rules.guess import Guess, guess
from modelward.rules.verdict import Verdict
from modelward.stats import Profile, Summary

_BARELY = 0.05  # Predictions of which fewer rows moved than this barely did.


@dataclass(frozen=True)
class Context:
    """What is known beside the figures.

    Args:
        importance: How much the model relies on a column, in any unit of 0 and more.
        since: When the drift of a column began.
        zone: The zone in which that moment is told.
        where: In which segments a column drifted, as the end of a clause: "in all segments".
        outcomes: The columns of predictions and scores, the one that speaks for them first.
        labels: The columns of true outcomes, which are never the cause of anything.
        titles: What a column is called where that is not its name.
    """

    importance: Mapping[str, float] = field(default_factory=dict)
    since: Mapping[str, datetime] = field(default_factory=dict)
    zone: tzinfo | None = None
    where: Mapping[str, str] = field(default_factory=dict)
    outcomes: Sequence[str] = ()
    labels: Collection[str] = ()
    titles: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Why:
    """One column's part in the verdict. `weight` is its share in the sum of drift × importance over all of them."""

    column: str
    verdict: Verdict
    weight: float
    drift: float
    importance: float
    importance_known: bool
    since: datetime | None
    guess: Guess | None
    sentence: str

    def to_dict(self) -> dict[str, Any]:
        """The explanation as JSON holds it."""
        return {
            "column": self.column,
            "verdict": self.verdict.value,
            "weight": self.weight,
            "drift": self.drift,
            "importance": self.importance,
            "importance_known": self.importance_known,
            "since": self.since.isoformat() if self.since else None,
            "guess": self.guess.to_dict() if self.guess else None,
            "sentence": self.sentence,
        }


def why(
    comparison: Comparison, reference: Profile, current: Profile, context: Context | None = None
) -> tuple[Why, ...]:
    """The columns that changed, the one that weighs most first; predictions come after what may have moved them."""
    known = context or Context()
    aside = {*known.outcomes, *known.labels}
    importance = _importance([finding.column for finding in comparison.columns if finding.column not in aside], known)
    found = [finding for finding in comparison.findings if finding.column not in known.labels]
    weights = [drift_of(finding) * importance.get(finding.column, 0.0) for finding in found]
    total = math.fsum(weights) or 1.0
    outcome = _outcome(comparison, known)
    told = []
    for finding, weight in zip(found, weights, strict=True):
        name = finding.column
        cause = _cause(reference.columns.get(name), current.columns.get(name))
        entry = Why(
            column=name,
            verdict=finding.verdict,
            weight=weight / total,
            drift=drift_of(finding),
            importance=importance.get(name, 0.0),
            importance_known=name in known.importance,
            since=known.since.get(name),
            guess=cause,
            sentence=_sentence(finding, cause, known, "" if name in known.outcomes else outcome),
        )
        told.append(entry)
    return tuple(sorted(told, key=lambda entry: (entry.column in aside, -entry.weight)))  # Ties stay as found.


def drift_of(finding: ColumnFinding) -> float:
    """The share of the rows that lie elsewhere than in the reference; all of them where a column came or went."""
    moved = finding.statistics.get("total_variation", math.nan)
    if finding.method == "schema":
        return 1.0
    return moved if math.isfinite(moved) else 0.0


def _importance(columns: Sequence[str], context: Context) -> dict[str, float]:
    given = {name: context.importance[name] for name in columns if name in context.importance}
    average = math.fsum(given.values()) / len(given) if given else 1.0
    every = {name: given.get(name, average) for name in columns}
    total = math.fsum(every.values())
    return {name: value / total for name, value in every.items()} if total else dict.fromkeys(columns, 0.0)


def _cause(reference: Summary | None, current: Summary | None) -> Guess | None:
    return None if reference is None or current is None else guess(reference, current)


def _sentence(finding: ColumnFinding, cause: Guess | None, context: Context, outcome: str) -> str:
    """What happened, since when and where; then what may be asked; then what became of the predictions."""
    name, since = finding.column, context.since.get(finding.column)
    told = finding.reason.rstrip(".")
    if (title := context.titles.get(name)) is not None:
        told = told.replace(f"`{phrases.shortened(name)}`", f"`{phrases.shortened(title)}`")
    told += f", since {_date(since, context.zone)}" if since else ""
    told += f", {context.where[name]}" if name in context.where else ""
    told += f": {cause.asked}" if cause else "."
    return " ".join(filter(None, (told if told.endswith(".") else f"{told}.", outcome)))


def _outcome(comparison: Comparison, context: Context) -> str:
    """What became of the predictions meanwhile; empty where nobody can say."""
    by_name = {finding.column: finding for finding in comparison.columns}
    found = next((by_name[name] for name in context.outcomes if name in by_name), None)
    if found is None or found.verdict is Verdict.TOO_FEW or found.method == "schema":
        return ""
    if found.verdict.alarming:
        return f"Predictions moved with it: {phrases.share(drift_of(found))} of them lie elsewhere."
    return "Predictions barely moved." if drift_of(found) < _BARELY else "Predictions moved no more than by chance."


def _date(moment: datetime, zone: tzinfo | None) -> str:
    local = moment.astimezone(zone) if zone else moment
    day = f"{local.day} {local:%B}"
    return day if (local.hour, local.minute) == (0, 0) else f"{day}, {local:%H:%M}"
