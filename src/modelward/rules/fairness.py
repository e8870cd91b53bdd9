"""Whether groups are treated alike: the verdict on one window and one protected attribute.

Law: the fairness score is the worst ratio of selection rates between groups that are large enough. It is unfair when
the score is below the limit (four fifths) and the upper end of its interval is too; below the limit with an interval
that reaches above it there are not enough rows to say, because the worst of several groups is low by chance alone.
Of many parts judged at once it is the upper end of the interval that holds for all of them together (Bonferroni).
A model that promised more at registration is held to that as well. Two of the last three windows that say anything make
it so of the model, because people differ from day to day.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from modelward.rules.family import family_confidence
from modelward.stats import Disparity, GroupOutcomes, fairness_score

NEEDED, OF = 2, 3


class FairnessVerdict(StrEnum):
    """What is said of the groups."""

    FAIR = "fair"
    UNFAIR = "unfair"
    BELOW_BASELINE = "below_baseline"
    NOT_ENOUGH = "not_enough_rows"

    @property
    def alarming(self) -> bool:
        """Whether somebody may want to look."""
        return self in {self.UNFAIR, self.BELOW_BASELINE}


@dataclass(frozen=True)
class FairnessFinding:
    """The verdict, and why."""

    verdict: FairnessVerdict
    reason: str


def judge_groups(
    outcomes: GroupOutcomes, *, minimum: int, limit: float, baseline: float | None = None, looks: int = 1
) -> FairnessFinding:
    """The verdict on the groups of one attribute, of which `minimum` rows are compared; `looks` attributes of parts are
    judged together.
    """
    score = fairness_score(outcomes, minimum=minimum)
    if looks <= 1:
        return judge_fairness(score, limit=limit, baseline=baseline)
    surely = fairness_score(outcomes, minimum=minimum, confidence=family_confidence(looks))
    return judge_fairness(score, limit=limit, baseline=baseline, high=surely.high)


def groups_looked_at(parts: Iterable[GroupOutcomes], minimum: int) -> int:
    """How many attributes of all parts can be judged, which are one family."""
    return max(1, sum(int(np.count_nonzero(part.rows >= minimum)) > 1 for part in parts))


def judge_fairness(
    score: Disparity, *, limit: float, baseline: float | None = None, high: float | None = None
) -> FairnessFinding:
    """The verdict on a fairness score.

    Args:
        score: `fairness_score` of the window.
        limit: Below it groups are treated unfairly; 0.8 is the four-fifths rule.
        baseline: The score that the model was registered with, if any.
        high: The upper end of the interval that decides, where it is not that of the score itself.
    """
    most = score.high if high is None else high
    if math.isnan(score.statistic):
        return FairnessFinding(FairnessVerdict.NOT_ENOUGH, f"not enough rows to say: {score.reason}")
    if len(score.compared) < 2:
        alone = f"only {', '.join(score.compared)} has {score.minimum} rows, and there is nobody to compare it with"
        return FairnessFinding(FairnessVerdict.NOT_ENOUGH, f"not enough rows to say: {alone}")
    told = _told(score)
    if most < limit:
        return FairnessFinding(FairnessVerdict.UNFAIR, f"{told}; the limit is {limit:g}")
    if baseline is not None and most < baseline:
        return FairnessFinding(FairnessVerdict.BELOW_BASELINE, f"{told}; at registration it was {baseline:g}")
    if score.statistic < limit:
        surely = "" if score.high >= limit else " when so many parts are judged at once"
        reason = f"not enough rows to say: {told}, which reaches above the limit of {limit:g}{surely}"
        return FairnessFinding(FairnessVerdict.NOT_ENOUGH, reason)
    return FairnessFinding(FairnessVerdict.FAIR, f"{told}; the limit is {limit:g}")


def judge_fairness_history(windows: Sequence[tuple[FairnessVerdict, str]]) -> tuple[FairnessVerdict, str] | None:
    """What closed windows (verdict, reason), oldest first, say of the model; None: nothing yet."""
    recent = [window for window in windows if window[0] is not FairnessVerdict.NOT_ENOUGH][-OF:]
    bad = [window for window in recent if window[0].alarming]
    if len(bad) >= NEEDED:
        return bad[-1][0], f"{bad[-1][1]}, in {len(bad)} of the last {len(recent)} windows"
    fine = [window for window in recent if not window[0].alarming]
    return fine[-1] if fine else None


def _told(score: Disparity) -> str:
    return (
        f"{score.lowest} is selected {score.statistic:.3g} times as often as {score.highest} "
        f"(interval {score.low:.3g} to {score.high:.3g}, {score.n:,} rows)"
    )
