"""What the predictions and outcomes of one table amount to, added up batch by batch."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

from modelward.report.dated import frames_in
from modelward.report.merging import Merging
from modelward.report.outcome_plan import Plan
from modelward.report.outcome_rows import OutcomeRows, Values, outcome_rows
from modelward.rules.outcome_metrics import Curves, Estimate, calibrated, estimated, measured
from modelward.stats import GroupOutcomes, Metric, Outcome, intersection
from modelward.stats.group_outcomes import BETWEEN

if TYPE_CHECKING:
    import narwhals as nw

KEPT = 2**20
"""So many different scores of a class are kept as they are, so that a ROC AUC is exact to the last digit; the service,
which keeps a summary of every hour, keeps fewer."""
_ROOM = 4 * KEPT
"""So many values of batches wait to be merged: 32 MB of them, and what was counted of each."""


@dataclass(frozen=True, eq=False)
class Outcomes:
    """The joint summary of predictions and outcomes, and the counts by protected attribute."""

    task: str
    outcome: Outcome
    groups: Mapping[str, GroupOutcomes]

    @classmethod
    def merge(cls, parts: Iterable["Outcomes"], *, kept: int = KEPT) -> "Outcomes":
        """The outcomes of all parts together, of whose different scores so many are kept as they are."""
        every = list(parts)
        groups: defaultdict[str, list[GroupOutcomes]] = defaultdict(list)
        for part in every:
            for name, counts in part.groups.items():
                groups[name].append(counts)
        whole = Outcome.merge([part.outcome for part in every], cap=kept)
        return cls(every[0].task, whole, {name: GroupOutcomes.merge(some) for name, some in groups.items()})

    @property
    def rows(self) -> int:
        """The rows with a prediction."""
        return self.outcome.rows

    @property
    def size(self) -> int:
        """How many values are kept one by one: the scores by class and by prediction, or the residuals."""
        held = self.outcome
        parts = [*(held.unlabelled or ())]
        parts += [held.scores.negatives, held.scores.positives] if held.scores else []
        parts += [held.residuals.residuals, held.residuals.absolute] if held.residuals else []
        return sum(part.values.size for part in parts)

    @property
    def labelled(self) -> int:
        """Those that have an outcome too."""
        return self.outcome.labelled

    @property
    def metrics(self) -> dict[str, Metric]:
        """Every metric of the rows whose outcome is known; none without such rows."""
        return measured(self.outcome, self.task)

    def calibration(self) -> tuple[Curves | None, str]:
        """What a score, or the probability of each class, is worth on these rows; None, and why not."""
        return calibrated(self.outcome, self.task)

    def estimates(self, curves: Curves | None) -> Estimate:
        """The metrics as they are expected without outcomes, from the scores of all rows."""
        return estimated(self.outcome, self.task, curves)


def read_outcomes(data: Any, plan: Plan) -> Outcomes:
    """The outcomes of a table, which is read once more, in batches where it is large.

    Raises:
        Invalid: a score, or the outcome of a regression, is no number, or the scores of classes are no probabilities.
    """
    merging = Merging[Outcomes](Outcomes.merge, lambda part: part.size, _ROOM)
    for frame in frames_in(data):
        merging.add(outcomes_in(frame, plan))
    return merging.whole()


def outcomes_in(frame: "nw.DataFrame[Any]", plan: Plan, *, kept: int = KEPT) -> Outcomes:
    """The outcomes of a frame, of whose different scores so many are kept as they are."""
    rows = outcome_rows(frame, plan)
    return Outcomes(plan.task, Outcome.of(plan.task, rows, threshold=plan.threshold, cap=kept), _by_group(rows))


def _by_group(rows: OutcomeRows) -> dict[str, GroupOutcomes]:
    """The counts by attribute, and by every two of them together."""
    columns: dict[str, Values] = dict(rows.groups)
    for (one, first), (other, second) in combinations(rows.groups.items(), 2):
        columns[f"{one}{BETWEEN}{other}"] = intersection(first, second)
    return {
        name: GroupOutcomes.of(rows.label, rows.predicted, groups, score=rows.score) for name, groups in columns.items()
    }
