"""The segments of a report: the drift, the performance and the fairness of each, and where the model is most wrong."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from modelward.report.fairness import Fairness, gravest
from modelward.report.performance import Performance
from modelward.rules import phrases
from modelward.rules.fairness import FairnessVerdict
from modelward.rules.finding import Comparison
from modelward.rules.performance import PerformanceVerdict
from modelward.rules.segment_ranking import Ranking, ranking_json
from modelward.rules.segments import Segments, clause_of
from modelward.rules.verdict import Verdict
from modelward.stats import Profile

_FALLS = (PerformanceVerdict.FALLEN, PerformanceVerdict.WARNING, PerformanceVerdict.ESTIMATED_FALL)
_SAID = {
    PerformanceVerdict.FALLEN: "The model fell",
    PerformanceVerdict.WARNING: "The model is weaker",
    PerformanceVerdict.ESTIMATED_FALL: "The model is estimated to have fallen",
}
_COLUMNS = 3


@dataclass(frozen=True, kw_only=True)
class JudgedSegments(Segments):
    """What `report.segments` holds.

    `comparisons` has the drift of every segment with enough rows, `performance` and `fairness` the verdicts on every
    segment with predictions (also of those whose rows are too few for a verdict on drift), `ranking` their losses, and
    `profiles` what the segments' columns look like on both sides.
    """

    performance: Mapping[str, Performance] = field(default_factory=dict)
    fairness: Mapping[str, tuple[Fairness, ...]] = field(default_factory=dict)
    ranking: Ranking | None = None
    profiles: Mapping[str, tuple[Profile, Profile]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def names(self) -> tuple[str, ...]:
        """Every segment of which anything can be said, those that were compared first."""
        return tuple(dict.fromkeys([*self.comparisons, *self.performance, *self.fairness]))

    @property
    def fell(self) -> tuple[str, ...]:
        """The segments in which the model fell, is weaker, or is estimated to have fallen; the gravest first."""
        found = [(name, entry.verdict) for name, entry in self.performance.items() if entry.alarming]
        return tuple(name for name, _ in sorted(found, key=lambda pair: _FALLS.index(pair[1])))

    @property
    def unfair(self) -> tuple[str, ...]:
        """The segments in which groups are treated unfairly."""
        return tuple(name for name, found in self.fairness.items() if any(entry.alarming for entry in found))

    @property
    def alarming(self) -> bool:
        """Whether somebody may want to look at any of them."""
        return bool(self.verdict.alarming or self.fell or self.unfair)

    @property
    def judged(self) -> int:
        """In how many segments it can be said how the model does."""
        return sum(entry.verdict.judged or entry.alarming for entry in self.performance.values())

    @property
    def weighed(self) -> int:
        """In how many segments it can be said whether groups are treated alike."""
        return sum(gravest(found) is not FairnessVerdict.NOT_ENOUGH for found in self.fairness.values())

    @property
    def summary(self) -> tuple[str, ...]:
        """How many segments drifted, fell and are unfair, each a line, with the names of those that did."""
        lines = [_counted(self.drifted, len(self.comparisons), f"segments of `{self.column}` drifted")]
        lines += [f"the model fell in {_counted(self.fell, self.judged, 'segments')}"] if self.performance else []
        unfair = _counted(self.unfair, self.weighed, "segments")
        lines += [f"groups are treated unfairly in {unfair}"] if self.fairness else []
        if self.ranking is not None and self.ranking.worse:
            lines.append(f"the model is most wrong in {phrases.quoted(self.ranking.worse)}")
        return tuple(lines)

    def sentences(self, whole: Comparison) -> Iterator[str]:
        """What the columns of all rows do not tell: drift of segments alone, and where the model fell or is unfair."""
        yield from self._moved_alone(whole)
        if self.fell:
            word = _SAID[self.performance[self.fell[0]].verdict]
            first = self.performance[self.fell[0]].brief
            where = clause_of(self.fell, self.column, self.judged, unjudged=len(self.performance) - self.judged)
            yield f"{word} {where}: {first[0].lower()}{first[1:]}"
        if self.unfair:
            attributes = dict.fromkeys(e.attribute for name in self.unfair for e in self.fairness[name] if e.alarming)
            where = clause_of(self.unfair, self.column, self.weighed, unjudged=len(self.fairness) - self.weighed)
            yield f"Groups are treated unfairly by {phrases.quoted(list(attributes))} {where}."

    def to_dict(self) -> dict[str, Any]:
        """The segments as JSON holds them."""
        return {
            **super().to_dict(),
            "performance": {name: entry.to_dict() for name, entry in self.performance.items()} or None,
            "fairness": {name: fairness_dict(found) for name, found in self.fairness.items()} or None,
            "ranking": ranking_json(self.ranking) if self.ranking else None,
        }

    def _moved_alone(self, whole: Comparison) -> Iterator[str]:
        """The columns that moved in segments and not in the whole, the gravest first."""
        known = {finding.column for finding in whole.findings}
        where: dict[str, list[str]] = {}
        gravest_of: dict[str, Verdict] = {}
        for name, comparison in self.comparisons.items():
            for finding in comparison.findings:
                if finding.column not in known:
                    where.setdefault(finding.column, []).append(name)
                    drifted = finding.drifted or gravest_of.get(finding.column) is Verdict.DRIFTED
                    gravest_of[finding.column] = Verdict.DRIFTED if drifted else Verdict.WARNING
        columns = sorted(where, key=lambda column: gravest_of[column] is not Verdict.DRIFTED)
        for column in columns[:_COLUMNS]:
            word = "drifted" if gravest_of[column] is Verdict.DRIFTED else "changed moderately"
            clause = clause_of(where[column], self.column, len(self.comparisons), unjudged=len(self.left_out))
            yield f"`{phrases.shortened(column)}` {word} {clause}."
        if len(columns) > _COLUMNS:
            yield f"So did {len(columns) - _COLUMNS:,} more columns in single segments."


def _counted(names: Sequence[str], of: int, what: str) -> str:
    return f"{len(names):,} of {of:,} {what}" + (f": {phrases.quoted(names)}" if names else "")


def fairness_dict(found: tuple[Fairness, ...]) -> dict[str, Any]:
    """The verdicts on all attributes as JSON."""
    return {"verdict": gravest(found).value, "attributes": [entry.to_dict() for entry in found]}
