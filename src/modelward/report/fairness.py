"""Whether the groups of a protected attribute are treated alike, in both tables."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from modelward.rules.fairness import FairnessVerdict, judge_groups
from modelward.rules.monitor import Monitor
from modelward.rules.outcome_json import fairness_json
from modelward.stats import GroupOutcomes

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


def fairness_of(
    reference: Mapping[str, GroupOutcomes], current: Mapping[str, GroupOutcomes], monitor: Monitor, *, looks: int = 1
) -> tuple[Fairness, ...]:
    """A verdict for each attribute, from the counts by its groups, the gravest first; `looks` attributes of segments
    are judged together.
    """
    found = [
        _of_attribute(name, reference[name], counts, monitor, looks)
        for name, counts in current.items()
        if name in reference
    ]
    return tuple(sorted(found, key=lambda entry: _GRAVEST.index(entry.verdict)))


def gravest(found: Iterable[Fairness]) -> FairnessVerdict:
    """The gravest verdict of any attribute."""
    return min((entry.verdict for entry in found), key=_GRAVEST.index, default=FairnessVerdict.NOT_ENOUGH)


def _of_attribute(
    name: str, reference: GroupOutcomes, current: GroupOutcomes, monitor: Monitor, looks: int
) -> Fairness:
    finding = judge_groups(current, minimum=monitor.minimum_group, limit=monitor.fairness_limit, looks=looks)
    return Fairness(name, finding.verdict, finding.reason, reference, current, monitor)
