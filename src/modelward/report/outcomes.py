"""What the predictions and outcomes of one table amount to, added up batch by batch."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from modelward.report.dated import frames_in
from modelward.report.outcome_plan import BINARY, MULTICLASS, REGRESSION, Plan
from modelward.report.outcome_rows import OutcomeRows, Values, outcome_rows
from modelward.stats import (
    BinaryScores,
    Calibration,
    Confusion,
    GroupOutcomes,
    Metric,
    NumericSummary,
    Residuals,
    calibrate,
    estimate_performance,
    intersection,
)
from modelward.stats.arrays import F64
from modelward.stats.every_metric import of_many_classes, of_numbers, of_two_classes
from modelward.stats.group_outcomes import BETWEEN
from modelward.stats.labels import named

KEPT = 2**20
"""So many different scores of a class are kept as they are, so that a ROC AUC is exact to the last digit; the service,
which keeps a summary of every hour, keeps fewer."""


@dataclass(frozen=True, eq=False)
class Outcomes:
    """Of `rows` with a prediction, `labelled` have an outcome too.

    `scores` are those of rows with an outcome: of many classes, whether the prediction was right. `by_prediction` are
    the scores of all rows, of those predicted negative and positive. `groups` are the counts by protected attribute.
    """

    task: str
    rows: int
    labelled: int
    confusion: Confusion | None
    scores: BinaryScores | None
    by_prediction: tuple[NumericSummary, NumericSummary] | None
    residuals: Residuals | None
    groups: Mapping[str, GroupOutcomes]

    @classmethod
    def merge(cls, parts: Iterable["Outcomes"]) -> "Outcomes":
        """The outcomes of all parts together."""
        every = list(parts)
        groups: defaultdict[str, list[GroupOutcomes]] = defaultdict(list)
        for part in every:
            for name, counts in part.groups.items():
                groups[name].append(counts)
        confusions = [part.confusion for part in every if part.confusion is not None]
        scores = [part.scores for part in every if part.scores is not None]
        sides = [part.by_prediction for part in every if part.by_prediction is not None]
        residuals = [part.residuals for part in every if part.residuals is not None]
        no, yes = ([side[place] for side in sides] for place in (0, 1))
        return cls(
            every[0].task,
            sum(part.rows for part in every),
            sum(part.labelled for part in every),
            Confusion.merge(confusions) if confusions else None,
            BinaryScores.merge(scores, cap=KEPT) if scores else None,
            (NumericSummary.merge(no, cap=KEPT), NumericSummary.merge(yes, cap=KEPT)) if sides else None,
            Residuals.merge(residuals, cap=KEPT) if residuals else None,
            {name: GroupOutcomes.merge(some) for name, some in groups.items()},
        )

    @property
    def metrics(self) -> dict[str, Metric]:
        """Every metric of the rows whose outcome is known; none without such rows."""
        if not self.labelled:
            return {}
        if self.residuals is not None:
            return of_numbers(self.residuals)
        if self.confusion is None:
            return {}
        return of_two_classes(self.confusion, self.scores) if self.task == BINARY else of_many_classes(self.confusion)

    def calibration(self) -> Calibration | None:
        """What a score is worth on these rows; None where they cannot teach it."""
        scores = self.scores
        if scores is None or not scores.negatives.count or not scores.positives.count:
            return None
        return calibrate(scores, seed=0)

    def estimates(self, curve: Calibration | None) -> dict[str, Metric]:
        """The metrics as they are expected without outcomes, from the scores of all rows.

        Of many classes a score tells how sure the model is of its answer, from which its accuracy can be expected.
        """
        if curve is None or self.by_prediction is None or not any(side.count for side in self.by_prediction):
            return {}
        found = estimate_performance(self.by_prediction, curve).metrics
        return dict(found) if self.task == BINARY else {"accuracy": found["accuracy"]}


def read_outcomes(data: Any, plan: Plan) -> Outcomes:
    """The outcomes of a table, which is read once more, in batches where it is large.

    Raises:
        Invalid: a score, or the outcome of a regression, is no number.
    """
    return Outcomes.merge(_of_rows(outcome_rows(frame, plan), plan) for frame in frames_in(data))


def _of_rows(rows: OutcomeRows, plan: Plan) -> Outcomes:
    there = _present(rows.predicted)
    known = there & _present(rows.label)
    confusion, scores, sides, residuals = None, None, None, None
    if plan.task == REGRESSION:
        residuals = Residuals.of(rows.label, rows.predicted, cap=KEPT)
    elif plan.task == MULTICLASS:
        confusion = Confusion.of(rows.label, rows.predicted)
        scores = BinaryScores.of(np.where(known, _right(rows), np.nan), rows.score, threshold=plan.threshold, cap=KEPT)
        sides = _summary(np.empty(0)), _summary(rows.score)
    else:
        confusion = Confusion.of_binary(rows.label, rows.predicted)
        scores = BinaryScores.of(rows.label, rows.score, rows.predicted, threshold=plan.threshold, cap=KEPT)
        sides = _summary(rows.score[rows.predicted == 0]), _summary(rows.score[rows.predicted == 1])
    counts = int(there.sum()), int(known.sum())
    return Outcomes(plan.task, *counts, confusion, scores, sides, residuals, _by_group(rows))


def _by_group(rows: OutcomeRows) -> dict[str, GroupOutcomes]:
    """The counts by attribute, and by every two of them together."""
    columns: dict[str, Values] = dict(rows.groups)
    for (one, first), (other, second) in combinations(rows.groups.items(), 2):
        columns[f"{one}{BETWEEN}{other}"] = intersection(first, second)
    return {
        name: GroupOutcomes.of(rows.label, rows.predicted, groups, score=rows.score) for name, groups in columns.items()
    }


def _right(rows: OutcomeRows) -> F64:
    """1 where the prediction was the outcome, 0 elsewhere."""
    truth, guess = named(rows.label), named(rows.predicted)
    places = {name: place for place, name in enumerate(truth.classes)}
    same = np.array([places.get(name, -2) for name in guess.classes] or [-2])[guess.codes] == truth.codes
    return np.where(same, 1.0, 0.0)


def _summary(scores: F64) -> NumericSummary:
    return NumericSummary.of(scores[~np.isnan(scores)], cap=KEPT)


def _present(values: Values) -> Any:
    if values.dtype.kind == "f":
        return ~np.isnan(values)
    return np.array([value is not None for value in values.tolist()], dtype=np.bool_)
