"""The rows of a table as outcomes, predicted classes, scores and groups; missing columns are missing values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from modelward.errors import Invalid
from modelward.report.columns import LeftOut, arrow_of
from modelward.report.outcome_plan import Plan
from modelward.report.rows import array_of
from modelward.report.segment_rows import rows_by_segment
from modelward.rules.segments import MISSING
from modelward.stats import Observed
from modelward.stats.arrays import F64
from modelward.stats.class_scores import require_probabilities
from modelward.stats.labels import class_name, named
from modelward.stats.outcome import BINARY, REGRESSION, likeliest, present

if TYPE_CHECKING:
    import narwhals as nw

Values = npt.NDArray[Any]


@dataclass(frozen=True, eq=False, kw_only=True)
class OutcomeRows(Observed):
    """Rows with the group of each protected attribute that they are in."""

    groups: Mapping[str, Values]


def outcome_rows(frame: "nw.DataFrame[Any]", plan: Plan) -> OutcomeRows:
    """The rows as the plan reads them.

    Raises:
        Invalid: a score, or the outcome of a regression, is no number.
    """
    groups = {cut.column: _groups(frame, cut) for cut in plan.protected}
    label, prediction = _column(frame, plan.label), _column(frame, plan.prediction)
    score = _numbers(_column(frame, plan.score), plan.score, "score")
    if plan.task == REGRESSION:
        numbers = (
            _numbers(label, plan.label, "outcome of a regression"),
            _numbers(prediction if plan.prediction else score, plan.prediction, "prediction of a regression"),
        )
        return _rows(*numbers, score, groups)
    if plan.task != BINARY:
        chances = _chances(frame, plan)
        prediction, score = likeliest(prediction, score, chances, tuple(plan.chances))
        chances = _of_known(chances, label, prediction, plan)
        return _rows(label, prediction, score, groups, classes=tuple(plan.chances), chances=chances)
    predicted, score = _decided(prediction, score, plan)
    return _rows(_two_classes(label, plan.positive), predicted, score, groups)


def _rows(
    label: Values,
    predicted: Values,
    score: F64,
    groups: Mapping[str, Values],
    *,
    classes: tuple[str, ...] = (),
    chances: F64 | None = None,
) -> OutcomeRows:
    there = present(predicted)
    return OutcomeRows(
        label=label,
        predicted=predicted,
        score=score,
        known=there & present(label),
        predictions=int(there.sum()),
        classes=classes,
        probabilities=chances,
        groups=groups,
    )


def _chances(frame: "nw.DataFrame[Any]", plan: Plan) -> F64 | None:
    """The probabilities of each class.

    Raises:
        ValueError: they are none.
    """
    if not plan.chances:
        return None
    columns = [_numbers(_column(frame, column), column, "probability") for column in plan.chances.values()]
    return require_probabilities(np.column_stack(columns))


def _of_known(chances: F64 | None, label: Values, predicted: Values, plan: Plan) -> F64 | None:
    """The probabilities, once every class that happened or was predicted is known to have them."""
    for what, values in (("an outcome", label), ("predicted", predicted)):
        unknown = set(named(values).classes) - set(plan.chances) if chances is not None else ()
        if unknown:
            raise ValueError(
                f"the class {min(unknown)} is {what} but has no column of probabilities; name one for it in score"
            )
    return chances


def _decided(prediction: Values, score: F64, plan: Plan) -> tuple[F64, F64]:
    """The predicted class and the score; the class follows from the score where none was given."""
    if plan.scored:
        own = _numbers(prediction, plan.prediction, "prediction")
        score = np.where(np.isnan(score), own, score)
        return _at_threshold(own, plan), score
    predicted = _two_classes(prediction, plan.positive)
    return np.where(np.isnan(predicted), _at_threshold(score, plan), predicted), score


def _at_threshold(score: F64, plan: Plan) -> F64:
    return np.where(np.isnan(score), np.nan, (score >= plan.threshold).astype(np.float64))


def _column(frame: "nw.DataFrame[Any]", name: str | None) -> Values:
    """A column as numbers or as names; nothing but missing values where it is not there."""
    if name is None or name not in frame.columns:
        return np.full(len(frame), np.nan)
    try:
        return array_of(frame.get_column(name))
    except LeftOut as reason:
        raise Invalid(f"{name!r} cannot be an outcome, a prediction or a score: {reason}") from reason


def _numbers(values: Values, name: str | None, what: str) -> F64:
    if values.dtype.kind == "f":
        return values.astype(np.float64, copy=False)
    if all(value is None for value in values.tolist()):
        return np.full(values.size, np.nan)
    raise Invalid(f"{name!r} is named as {what}, which is a number, and it holds names; name another column")


def _two_classes(values: Values, positive: str) -> F64:
    """1 where the value is the positive class, 0 where it is another, NaN where there is none."""
    if values.dtype.kind == "f":
        known, places = np.unique(values, return_inverse=True)
        hits = np.array([class_name(value) == positive for value in known.tolist()], dtype=np.float64)
        return np.where(np.isnan(values), np.nan, hits[places]) if values.size else values
    listed = values.tolist()
    verdicts = {value: float(_is_positive(value, positive)) for value in set(listed) if value is not None}
    return np.array([verdicts.get(value, np.nan) for value in listed], dtype=np.float64)


def _is_positive(value: Any, positive: str) -> bool:
    return class_name(value) == positive or (positive == "1" and str(value).casefold() == "true")


def _groups(frame: "nw.DataFrame[Any]", cut: Any) -> Values:
    """Each row's group; None where it is missing."""
    found = np.full(len(frame), None, dtype=object)
    if cut.column in frame.columns:
        for name, rows in rows_by_segment(arrow_of(frame.get_column(cut.column)), cut):
            found[rows] = None if name == MISSING else name
    return found
