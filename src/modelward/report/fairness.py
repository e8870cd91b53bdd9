"""Whether the groups of a protected attribute are treated alike, in both tables."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from modelward.report.outcomes import Outcomes
from modelward.rules.fairness import FairnessVerdict, judge_fairness
from modelward.rules.monitor import Monitor
from modelward.rules.outcome_json import fairness_json
from modelward.stats import GroupOutcomes, fairness_score

_GRAVEST = (FairnessVerdict.UNFAIR, FairnessVerdict.BELOW_BASELINE, FairnessVerdict.NOT_ENOUGH, FairnessVerdict.FAIR)


@dataclass(frozen=True, eq=False)
class Fairness:
    """The verdict on one attribute (or two together, `sex & age`) in the current table, and the counts of both."""

    attribute: str
    verdict: FairnessVerdict
    reason: str
    reference: GroupOutcomes
    current: GroupOutcomes
    monitor: Monitor

    @property
    def alarming(self) -> bool:
        """Whether somebody may want to look."""
        return self.verdict.alarming

    def to_dict(self) -> dict[str, Any]:
        """The attribute as JSON holds it."""
        return {
            "attribute": self.attribute,
            "verdict": self.verdict.value,
            "reason": self.reason,
            "reference": fairness_json(self.reference, self.monitor),
            "current": fairness_json(self.current, self.monitor),
        }


def fairness_of(reference: Outcomes, current: Outcomes, monitor: Monitor) -> tuple[Fairness, ...]:
    """A verdict for each attribute, the gravest first."""
    found = [
        _of_attribute(name, reference.groups[name], counts, monitor)
        for name, counts in current.groups.items()
        if name in reference.groups
    ]
    return tuple(sorted(found, key=lambda entry: _GRAVEST.index(entry.verdict)))


def gravest(found: Iterable[Fairness]) -> FairnessVerdict:
    """The gravest verdict of any attribute."""
    return min((entry.verdict for entry in found), key=_GRAVEST.index, default=FairnessVerdict.NOT_ENOUGH)


def _of_attribute(name: str, reference: GroupOutcomes, current: GroupOutcomes, monitor: Monitor) -> Fairness:
    score = fairness_score(current, minimum=monitor.minimum_group)
    finding = judge_fairness(score, limit=monitor.fairness_limit)
    return Fairness(name, finding.verdict, finding.reason, reference, current, monitor)
